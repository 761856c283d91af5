package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
)

// ServiceID identifies a service account.
type ServiceID string

// ServerKey is the service account of the key that the server was started with.
// It is in no store.
const ServerKey ServiceID = "server-key"

// ServiceAccount is a program with a key and permissions of its own.
type ServiceAccount struct {
	ID          ServiceID    `json:"id"`
	Name        string       `json:"service_name"`
	Workspace   WorkspaceID  `json:"workspace_id" doc:"Where it was made, which is the only place where it works"`
	Permissions []Permission `json:"permissions"`
	Prefix      string       `json:"prefix" doc:"The first characters of the key"`
	Last4       string       `json:"last4" doc:"The last characters of the key"`
	OwnerName   string       `json:"owner" doc:"Who made it; empty when that was done on the host or before there was an account"`
	Owner       UserID       `json:"owner_id,omitempty" doc:"The account that it belongs to: it never may more than this account"`
	CreatedAt   time.Time    `json:"created_at"`
	ExpiresAt   *time.Time   `json:"expires_at,omitempty"`
	LastUsedAt  *time.Time   `json:"last_used_at,omitempty" doc:"To the minute"`
	RevokedAt   *time.Time   `json:"revoked_at,omitempty"`
	// Canonical is the name in the form in which it is unique; see Canonical.
	Canonical string `json:"-"`
}

// KeyHash is the SHA-256 of a key: what is stored of it.
type KeyHash [sha256.Size]byte

// MaxKeys is how many keys of one owner may be in use.
const MaxKeys = 50

// KeyStore remembers service accounts. Package store implements it; every method
// is one transaction. Those of other workspaces than the one that the context is
// confined to are not there.
type KeyStore interface {
	// InsertServiceAccount stores an account. A name that another one in use in the
	// same workspace has is a Conflict fault with code service_exists; beyond MaxKeys of an owner it is
	// one with code too_many_keys.
	InsertServiceAccount(ctx context.Context, a ServiceAccount, hash KeyHash) error
	// ServiceAccounts returns all accounts by name, revoked ones too.
	ServiceAccounts(ctx context.Context) ([]ServiceAccount, error)
	// ServiceAccount returns an account, or a NotFound fault.
	ServiceAccount(ctx context.Context, id ServiceID) (ServiceAccount, error)
	// UpdateServiceAccount stores the name, the permissions and the expiry of an
	// account that is not revoked, else it is a Conflict fault.
	UpdateServiceAccount(ctx context.Context, a ServiceAccount) error
	// RevokeServiceAccount ends the use of an account for good. Revoking it again
	// changes nothing.
	RevokeServiceAccount(ctx context.Context, id ServiceID, now time.Time) error
	// KeyHolder returns the account of a key that is in use at now, and the role of
	// its owner now: superadmin when it has none. It is a NotFound fault when the
	// account is revoked or has expired, or its owner is disabled, is gone, or does
	// not belong to its workspace any more.
	KeyHolder(ctx context.Context, hash KeyHash, now time.Time) (ServiceAccount, Role, error)
	// NoteShownKey tells the audit log that the key of an account in use at now was
	// sent where others may read it. A hash of no such account is no error.
	NoteShownKey(ctx context.Context, hash KeyHash, now time.Time) error
	// TouchServiceAccount notes that an account was used, unless that was noted less
	// than a minute ago.
	TouchServiceAccount(ctx context.Context, id ServiceID, now time.Time) error
}

// touchEvery is how exact the time of a key's last use is.
const touchEvery = time.Minute

// Keys makes service accounts and finds out whose key a caller shows.
type Keys struct {
	store    KeyStore
	log      *slog.Logger
	server   *KeyHash // of the key that the server was started with, or nil
	creating sync.Mutex
}

// NewKeys returns the keys in store. ServerKey is a full credential besides them,
// of which IsServerKey is true; "" means that there is none.
func NewKeys(store KeyStore, serverKey string, log *slog.Logger) *Keys {
	k := &Keys{store: store, log: log}
	if serverKey != "" {
		sum := KeyHash(sha256.Sum256([]byte(serverKey)))
		k.server = &sum
	}
	return k
}

// actor returns who shows a key. What cannot be a key is refused without a look
// at the store.
func (k *Keys) actor(ctx context.Context, key string) (Actor, error) {
	refused := func(cause error) (Actor, error) {
		return Actor{}, fault.Wrap(fault.Unknown, cause, "the API key is not known, has expired or was revoked").With("invalid_token")
	}
	sum := KeyHash(sha256.Sum256([]byte(key)))
	if k.server != nil && subtle.ConstantTimeCompare(sum[:], k.server[:]) == 1 {
		return Actor{Name: "server key", Role: Superadmin, Service: ServerKey}, nil
	}
	if !isKey(key) {
		return refused(nil)
	}
	now := time.Now()
	a, ceiling, err := k.store.KeyHolder(ctx, sum, now)
	if fault.KindOf(err) == fault.NotFound {
		return refused(err)
	}
	if err != nil {
		return Actor{}, err
	}
	k.touch(ctx, a, now)
	return actorOf(a, ceiling), nil
}

// actorOf returns the actor that a service account is while its owner has a role.
func actorOf(a ServiceAccount, ceiling Role) Actor {
	return Actor{Name: a.Name, Service: a.ID, Granted: within(a.Permissions, ceiling), Workspace: a.Workspace}
}

// touch notes the use of a. That it cannot be noted is no reason to refuse.
func (k *Keys) touch(ctx context.Context, a ServiceAccount, now time.Time) {
	if a.LastUsedAt != nil && now.Sub(*a.LastUsedAt).Abs() < touchEvery {
		return
	}
	if err := k.store.TouchServiceAccount(ctx, a.ID, now); err != nil {
		k.log.WarnContext(ctx, "the use of a key is not noted", "service", string(a.ID), "error", err)
	}
}

// Shown tells the audit log, when a text is a key in use, that it was sent where
// others may read it: whoever looks after the keys should replace it.
func (k *Keys) Shown(ctx context.Context, text string) {
	if !isKey(text) {
		return
	}
	if err := k.store.NoteShownKey(ctx, sha256.Sum256([]byte(text)), time.Now()); err != nil {
		k.log.WarnContext(ctx, "a key in an address is not noted", "error", err)
	}
}

// within returns what of granted the role of an owner has too.
func within(granted []Permission, ceiling Role) []Permission {
	may := []Permission{SignedIn}
	for _, p := range granted {
		if ceiling.May(p) {
			may = append(may, p)
		}
	}
	return may
}

// NewServiceAccount is a service account to be made.
type NewServiceAccount struct {
	Name        string
	Permissions []Permission
	ExpiresAt   *time.Time // nil: never
}

// ServiceChange is what a service account is to become. An empty Name leaves the
// name as it is, and KeepExpiry the expiry.
type ServiceChange struct {
	NewServiceAccount
	KeepExpiry bool
}

// Create makes a service account of the actor and returns it with its key, which
// is stored nowhere. Accounts are made one at a time: while another is being
// made it is a Conflict fault with code busy. Nobody gives what they do not have.
func (k *Keys) Create(ctx context.Context, n NewServiceAccount) (ServiceAccount, string, error) {
	if !k.creating.TryLock() {
		return ServiceAccount{}, "", fault.New(fault.Conflict, "another service is being created: try again").With("busy")
	}
	defer k.creating.Unlock()
	now := time.Now().UTC().Truncate(time.Millisecond)
	actor, _ := ActorFrom(ctx)
	if err := checkService(actor, n, now); err != nil {
		return ServiceAccount{}, "", err
	}
	owner, name, err := k.owner(ctx, actor)
	if err != nil {
		return ServiceAccount{}, "", err
	}
	key := NewKey()
	a := ServiceAccount{
		ID: ServiceID(id.New()), Workspace: HomeFrom(ctx), Name: strings.TrimSpace(n.Name), Canonical: Canonical(n.Name), Permissions: sorted(n.Permissions),
		Owner: owner, OwnerName: name, CreatedAt: now, ExpiresAt: n.ExpiresAt,
	}
	a.Prefix, a.Last4 = masked(key)
	if err := k.store.InsertServiceAccount(ctx, a, sha256.Sum256([]byte(key))); err != nil {
		return ServiceAccount{}, "", err
	}
	return a, key, nil
}

// owner returns the account that a service made by the actor belongs to: that of
// a person, or the one to which the service that makes it belongs.
func (k *Keys) owner(ctx context.Context, a Actor) (UserID, string, error) {
	if a.Service == "" || a.Service == ServerKey {
		return a.User, a.Name, nil
	}
	maker, err := k.store.ServiceAccount(ctx, a.Service)
	return maker.Owner, maker.OwnerName, err
}

// All returns all service accounts by name, revoked ones too.
func (k *Keys) All(ctx context.Context) ([]ServiceAccount, error) {
	return k.store.ServiceAccounts(ctx)
}

// Find returns a service account, or a NotFound fault.
func (k *Keys) Find(ctx context.Context, id ServiceID) (ServiceAccount, error) {
	return k.store.ServiceAccount(ctx, id)
}

// Change gives a service account other permissions, and perhaps another name and
// another end, from its next request on.
func (k *Keys) Change(ctx context.Context, id ServiceID, n ServiceChange) (ServiceAccount, error) {
	a, err := k.store.ServiceAccount(ctx, id)
	if err != nil {
		return ServiceAccount{}, err
	}
	if n.Name == "" {
		n.Name = a.Name
	}
	actor, _ := ActorFrom(ctx)
	if err := checkService(actor, n.NewServiceAccount, time.Now()); err != nil {
		return ServiceAccount{}, err
	}
	a.Name, a.Canonical, a.Permissions = strings.TrimSpace(n.Name), Canonical(n.Name), sorted(n.Permissions)
	if !n.KeepExpiry {
		a.ExpiresAt = n.ExpiresAt
	}
	return a, k.store.UpdateServiceAccount(ctx, a)
}

// Revoke ends the use of a service account for good.
func (k *Keys) Revoke(ctx context.Context, id ServiceID) error {
	return k.store.RevokeServiceAccount(ctx, id, time.Now())
}

// checkService returns everything that is wrong with n, and else whether the
// actor has what it gives.
func checkService(actor Actor, n NewServiceAccount, now time.Time) error {
	var ps []fault.Problem
	if !userName.MatchString(n.Name) || !utf8.ValidString(n.Name) || Canonical(n.Name) == "" {
		ps = append(ps, fault.Problem{Path: "service_name", Message: "must have 1 to 128 characters, none of them control characters"})
	}
	for i, p := range n.Permissions {
		if !grantable(p) {
			ps = append(ps, fault.Problem{Path: fmt.Sprintf("permissions[%d]", i), Message: fmt.Sprintf("%q is not a permission; GET /api/permissions lists them", p)})
		}
	}
	if n.ExpiresAt != nil && !n.ExpiresAt.After(now) {
		ps = append(ps, fault.Problem{Path: "expires_at", Message: "is in the past"})
	}
	if len(ps) > 0 {
		return fault.Rejected("the service account is not right", ps)
	}
	for _, p := range n.Permissions {
		if actor.May(p) != nil {
			return fault.New(fault.Denied, "you cannot give the permission %s: you do not have it", p)
		}
	}
	return nil
}

// grantable reports whether p can be given: what all have cannot.
func grantable(p Permission) bool {
	return slices.ContainsFunc(permissions, func(row permission) bool { return row.name == p })
}

func sorted(ps []Permission) []Permission {
	all := slices.Clone(ps)
	slices.Sort(all)
	if all = slices.Compact(all); all == nil {
		return []Permission{}
	}
	return all
}
