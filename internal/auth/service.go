package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"log/slog"
	"math"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/limits"
)

// SessionLife is how long a session lasts, whatever it does.
const SessionLife = 24 * time.Hour

// Service signs people in and tells who a caller is.
type Service struct {
	store  Store
	keys   *Keys
	hasher *hasher
	signer *signer
	now    func() time.Time
	idle   time.Duration
	log    *slog.Logger
	// editorsCode says that the role editor includes PipelinesCode.
	editorsCode bool
	// notices keeps the audit log from being told the same all the time.
	notices *limits.Limiter
	setup   [sha256.Size]byte // SHA-256 of the setup token
	dummy   string            // a hash to verify for names that are not there
}

// Deps is what a Service needs. Every field is required.
type Deps struct {
	Store Store
	Keys  *Keys
	Log   *slog.Logger
	// Signing signs the session tokens.
	Signing *SigningKeys
	// Now tells the time.
	Now func() time.Time
	// Idle is after how long without a request a session ends; zero means never.
	Idle time.Duration
	// EditorsCode says that the role editor includes PipelinesCode. Service accounts
	// have what they were given, within what the role of their owner has without it.
	EditorsCode bool
	// SetupToken lets a caller from elsewhere create the first account; it is shown
	// to the person who started the server.
	SetupToken string
}

// NewService returns a service over what d holds.
func NewService(ctx context.Context, d Deps) (*Service, error) {
	s := &Service{
		store: d.Store, keys: d.Keys, hasher: newHasher(), signer: &signer{keys: d.Signing}, now: d.Now, idle: d.Idle,
		editorsCode: d.EditorsCode, log: d.Log, notices: limits.New(), setup: sha256.Sum256([]byte(d.SetupToken)),
	}
	var err error
	s.dummy, err = s.hasher.hash(ctx, id.Secret())
	return s, err
}

// Caller is what is known about where a request comes from.
type Caller struct {
	Local   bool // on this machine, and no proxy in between
	Secure  bool // came over HTTPS
	Address string
	Agent   string // User-Agent
	Device  string // what SignedInAs told this browser to keep; "" when it has nothing
	// Workspace is the one that the request names, or "".
	Workspace WorkspaceID
}

// NeedsSetup reports whether no account exists yet. When the accounts cannot be
// read, or there were some and all are gone, that is an Unavailable fault:
// nothing opens again.
func (s *Service) NeedsSetup(ctx context.Context) (bool, error) {
	done, users, err := s.store.SetupState(ctx)
	switch {
	case err != nil:
		return false, fault.Wrap(fault.Unavailable, err, "the accounts cannot be read").With("accounts_unreadable")
	case done && users == 0:
		return false, fault.New(fault.Unavailable, "there were accounts and now there are none: stop the server and make one with \"broked users create\", or restore a backup").With("accounts_gone")
	}
	return !done && users == 0, nil
}

// Authenticate returns who is calling. Token is a session token or an API key, or
// "" when the caller sent none. Without accounts a caller on this machine is let in without
// a token (open mode), and one from elsewhere is told to set up first. A bad
// token is an Unknown fault, also in open mode. Whether the caller is in the
// workspace that they name shows in the answer; see Actor.Inside.
func (s *Service) Authenticate(ctx context.Context, token string, c Caller) (Actor, error) {
	a, err := s.identify(ctx, token, c)
	a.EditorsCode = s.editorsCode
	return a, err
}

func (s *Service) identify(ctx context.Context, token string, c Caller) (Actor, error) {
	switch {
	case strings.HasPrefix(token, KeyPrefix):
		a, err := s.keys.actor(ctx, token)
		if err != nil {
			return Actor{}, err
		}
		return s.placed(ctx, a, c.Workspace)
	case token != "":
		return s.byToken(ctx, token, c.Workspace)
	}
	needs, err := s.NeedsSetup(ctx)
	switch {
	case err != nil:
		return Actor{}, err
	case !needs:
		return Actor{}, fault.New(fault.Unknown, "authentication required: sign in first")
	case !c.Local:
		return Actor{}, fault.New(fault.Denied, "no account exists yet: open this server in a browser and create the first one with the setup token from its log").With("setup_required")
	}
	return s.placed(ctx, Actor{Role: Superadmin, Open: true}, c.Workspace)
}

func (s *Service) byToken(ctx context.Context, token string, wanted WorkspaceID) (Actor, error) {
	now := s.now()
	kind, c, err := s.signer.read(token, now)
	switch {
	case err != nil:
		return Actor{}, err
	case kind == sessionToken:
		return s.bySession(ctx, c, now, wanted)
	}
	actor, err := s.byAccess(ctx, tokenOf(kind, c), now)
	if err != nil {
		return Actor{}, err
	}
	return s.placed(ctx, actor, wanted)
}

func (s *Service) bySession(ctx context.Context, c claims, now time.Time, wanted WorkspaceID) (Actor, error) {
	session, user, err := s.store.SessionUser(ctx, sessionOf(c.ID), now, wanted)
	switch {
	case fault.KindOf(err) == fault.NotFound, err == nil && string(user.ID) != c.Subject:
		return Actor{}, fault.Wrap(fault.Unknown, err, "the session has ended: sign in again").With("invalid_token")
	case err != nil:
		return Actor{}, err
	}
	if s.idled(session.CreatedAt, session.LastSeen, now) || user.outlived(now) {
		return Actor{}, fault.New(fault.Unknown, "the session has ended: sign in again").With("invalid_token")
	}
	s.seen(ctx, session, now)
	return Actor{
		User: user.ID, Name: user.Name, Role: user.Role, Session: session.ID, Workspace: session.Workspace, MustChange: user.MustChange,
	}, nil
}

// SignedInAs is the answer to a successful sign-in.
type SignedInAs struct {
	Token     string
	User      User
	ExpiresAt time.Time
	Device    string // to be kept by the browser for DeviceLife, and sent as Caller.Device
}

// SignIn verifies a password and begins a session. Attempts are counted by name
// before they are verified, so that of any number of parallel guesses only
// MaxFailures are looked at; then the fault is Exhausted, with how long to wait
// (see RetryAfter), also for the right password. Names that do not exist take
// the same time and are counted the same way.
func (s *Service) SignIn(ctx context.Context, name, password string, c Caller) (SignedInAs, error) {
	user, err := s.store.UserByName(ctx, Canonical(name))
	known := err == nil
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return SignedInAs{}, err
	}
	key := s.attemptKeyOfName(name)
	if known {
		key = s.attemptKey(user.ID, c)
	}
	may := known && !user.Disabled && !user.outlived(s.now())
	right, err := s.guess(ctx, guess{key: key, user: user, may: may, password: password})
	if err != nil {
		return SignedInAs{}, err
	}
	if !right {
		s.log.WarnContext(ctx, "sign-in failed", "address", c.Address)
		return SignedInAs{}, fault.New(fault.Unknown, "invalid credentials").With("invalid_credentials")
	}
	s.upgrade(ctx, user, password)
	return s.begin(ctx, user, key, c)
}

// upgrade hashes a password anew that was hashed otherwise than new ones are. The
// sign-in goes on without it when it cannot be, or the password was changed
// meanwhile.
func (s *Service) upgrade(ctx context.Context, user User, password string) {
	if !outdated(user.Hash) {
		return
	}
	ctx = WithActor(ctx, Actor{User: user.ID, Name: user.Name, Role: user.Role})
	hash, err := s.hasher.hash(ctx, password)
	if err == nil {
		_, err = s.store.ChangeUser(ctx, user.ID, UserChange{Event: "authn_hash_upgrade", Apply: func(u *User) error {
			if u.Hash != user.Hash {
				return passwordChanged()
			}
			u.Hash = hash
			return nil
		}})
	}
	if err != nil {
		s.log.WarnContext(ctx, "a password hash was not made anew", "user", string(user.ID), "error", err)
	}
}

// guess is a password that somebody offers.
type guess struct {
	key      string // what it is counted under
	user     User
	may      bool // the account is there and may sign in
	password string
}

// guess counts an attempt and verifies it. A wrong one stays counted; a right
// one is, until the counter is cleared.
func (s *Service) guess(ctx context.Context, g guess) (right bool, err error) {
	locked, err := s.store.ReserveAttempt(ctx, g.key, s.now())
	if err != nil {
		return false, err
	}
	if locked > 0 {
		return false, &LockedError{For: locked}
	}
	right, err = s.right(ctx, g.user, g.may, g.password)
	if err == nil && !right {
		err = s.store.FailAttempt(ctx, g.key, s.now())
	}
	return right, err
}

// right verifies a password. For an account that may not sign in, or is not
// there, it takes the same time and the answer is no.
func (s *Service) right(ctx context.Context, user User, may bool, password string) (bool, error) {
	if may && !readable(user.Hash) {
		s.log.ErrorContext(ctx, "the stored hash of a password is not readable, or asks for too much: reset the password", "user", string(user.ID))
		may = false
	}
	hash := s.dummy
	if may {
		hash = user.Hash
	}
	right, err := s.hasher.verify(ctx, password, hash)
	return right && may && len(password) <= MaxPassword, err
}

// attemptKeyOfName is what attempts with the name of no account are counted
// under: a keyed hash, so that the table holds no names that never were.
func (s *Service) attemptKeyOfName(name string) string {
	mac := hmac.New(sha256.New, s.signer.keys.signing().key)
	mac.Write([]byte("attempt " + Canonical(name)))
	return "name:" + hex.EncodeToString(mac.Sum(nil))
}

// AttemptKey is what attempts to sign in to an account are counted under, unless
// they come from a browser that is known to it: those have a key of their own,
// which begins with this one and a space.
func AttemptKey(user UserID) string { return "user:" + string(user) }

func (s *Service) attemptKey(user UserID, c Caller) string {
	if d, known := s.signer.readDevice(c.Device, user, s.now()); known {
		return AttemptKey(user) + " " + d.id
	}
	return AttemptKey(user)
}

func (s *Service) begin(ctx context.Context, user User, key string, c Caller) (SignedInAs, error) {
	now := s.now().UTC().Truncate(time.Second)
	jti, ends := newTokenID(), now.Add(SessionLife)
	token, err := s.signer.sign(sessionToken, claims{
		Subject: string(user.ID), Username: user.Name, Role: user.Role, Issuer: issuer, Audience: audience,
		ID: jti, IssuedAt: now.Unix(), ExpiresAt: ends.Unix(),
	})
	if err != nil {
		return SignedInAs{}, err
	}
	session := Session{
		ID: sessionOf(jti), User: user.ID, Epoch: user.Epoch, CreatedAt: now, ExpiresAt: ends,
		Address: c.Address, Agent: cut(c.Agent, maxAgent),
	}
	// The one who acts is the one who has just said who they are.
	ctx = WithActor(ctx, Actor{User: user.ID, Name: user.Name, Role: user.Role, Session: session.ID})
	if err := s.store.InsertSession(ctx, session, key); err != nil {
		return SignedInAs{}, err
	}
	return SignedInAs{Token: token, User: user, ExpiresAt: ends, Device: s.signer.renewed(c.Device, user.ID, now)}, nil
}

// SignOut ends the actor's session, or the token by which a service account has
// come, if there is one.
func (s *Service) SignOut(ctx context.Context, a Actor) error {
	if a.Token.Access != ByKey {
		return s.store.RevokeToken(ctx, a.Token, s.now())
	}
	if a.Session == "" {
		return nil
	}
	return s.store.EndSession(ctx, a.Session)
}

var userName = regexp.MustCompile(`^[^\x00-\x1f\x7f]{1,128}$`)

// NewUser is an account to be made.
type NewUser struct {
	Name, Password string
	Role           Role
	SetupToken     string // of a first account made from elsewhere
}

// CreateUser makes an account. The first one needs no credentials, but from
// another machine the setup token or the server's key, and is an admin unless
// superadmin was asked for; of several at once one wins, the others get a
// Conflict fault. Later ones need an actor who manages users and does not give
// more than they have. An account belongs to the workspace of ctx. From the
// command line of the host any account can be made, also when all are gone.
func (s *Service) CreateUser(ctx context.Context, a Actor, n NewUser, c Caller) (User, error) {
	first, err := s.mayMake(ctx, a, &n, c)
	if err != nil {
		return User{}, err
	}
	if ps := checkNewUser(n); len(ps) > 0 {
		return User{}, fault.Rejected("the account cannot be made", ps)
	}
	hash, err := s.hasher.hash(ctx, n.Password)
	if err != nil {
		return User{}, err
	}
	u := User{
		ID: UserID(id.New()), Name: n.Name, Canonical: Canonical(n.Name), Role: n.Role, Hash: hash,
		CreatedAt: s.now().UTC().Truncate(time.Millisecond),
	}
	return u, s.store.InsertUser(ctx, u, first)
}

// mayMake returns nil when a may make n, and whether it would be the first
// account.
func (s *Service) mayMake(ctx context.Context, a Actor, n *NewUser, c Caller) (first bool, err error) {
	if a.Host {
		return false, nil
	}
	first, err = s.NeedsSetup(ctx)
	switch {
	case err != nil:
		return false, err
	case first:
		return true, s.mayBeFirst(a, n, c)
	}
	return false, mayCreate(a, *n, c)
}

func (s *Service) mayBeFirst(a Actor, n *NewUser, c Caller) error {
	if n.Role != Superadmin {
		n.Role = Admin
	}
	sum := sha256.Sum256([]byte(n.SetupToken))
	if c.Local || a.Role == Superadmin || subtle.ConstantTimeCompare(sum[:], s.setup[:]) == 1 {
		return nil
	}
	return fault.New(fault.Denied, "the first account needs the setup token that the server wrote to its log when it started").With("setup_token_required")
}

func mayCreate(a Actor, n NewUser, c Caller) error {
	if a.Role == "" && a.Service == "" || a.Open {
		return fault.New(fault.Unknown, "authentication required: sign in first")
	}
	if err := a.May(ManageUsers); err != nil {
		return err
	}
	if err := a.Inside(ManageUsers, c.Workspace); err != nil {
		return err
	}
	return a.above(n.Role)
}

func checkNewUser(n NewUser) []fault.Problem {
	var ps []fault.Problem
	if !userName.MatchString(n.Name) || !utf8.ValidString(n.Name) || Canonical(n.Name) == "" {
		ps = append(ps, fault.Problem{Path: "username", Message: "must have 1 to 128 characters, none of them control characters"})
	}
	if !n.Role.Valid() {
		ps = append(ps, badRole())
	}
	return append(ps, checkPassword(n.Name, n.Password)...)
}

// LockedError says that a name is locked, and for how long.
type LockedError struct{ For time.Duration }

// Error implements error.
func (e *LockedError) Error() string { return e.fault().Error() }

// Unwrap returns the fault that e is.
func (e *LockedError) Unwrap() error { return e.fault() }

// RetryAfter returns after how many whole seconds an attempt is looked at again.
func (e *LockedError) RetryAfter() int { return int(math.Ceil(e.For.Seconds())) }

func (e *LockedError) fault() *fault.Error {
	minutes := int(math.Ceil(e.For.Minutes()))
	return fault.New(fault.Exhausted, "account temporarily locked after too many failed sign-ins: try again in %d min", minutes).With("login_locked")
}
