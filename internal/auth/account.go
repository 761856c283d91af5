package auth

import (
	"context"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// User is an account of a person.
type User struct {
	ID        UserID     `json:"id"`
	Name      string     `json:"username"`
	Role      Role       `json:"role"`
	Disabled  bool       `json:"disabled"`
	CreatedAt time.Time  `json:"created_at"`
	LastLogin *time.Time `json:"last_login_at,omitempty"`
	// MustChange reports whether the password is a temporary one, which is good for
	// nothing but choosing another.
	MustChange bool `json:"must_change_password"`
	// MustChangeBy is when a temporary password ends.
	MustChangeBy *time.Time `json:"-"`
	// Canonical is the name by which the account is found; see Canonical.
	Canonical string `json:"-"`
	// Hash is the password as an argon2id PHC string, or as bcrypt's until its owner
	// signs in for the first time.
	Hash string `json:"-"`
	// Epoch rises when all sessions of the account must end.
	Epoch int64 `json:"-"`
}

// outlived reports whether the password was a temporary one and its time is over.
func (u User) outlived(now time.Time) bool {
	return u.MustChangeBy != nil && !now.Before(*u.MustChangeBy)
}

// UserChange is what happens to an account.
type UserChange struct {
	// Apply changes the account, or refuses to by an error. It sees the account as
	// it is in the transaction of the change.
	Apply func(*User) error
	// Unlock forgets the failed sign-ins of the account.
	Unlock bool
	// Event is what the audit log calls it; Details as in AuditEvent.
	Event   string
	Details map[string]any
}

// Session is one signed-in browser or program.
type Session struct {
	ID        SessionID
	User      UserID
	Epoch     int64 // of the user when it began
	CreatedAt time.Time
	ExpiresAt time.Time
	Address   string // where the sign-in came from
	Agent     string // User-Agent, cut
	LastSeen  *time.Time
	// Workspace is where the request is that the session was looked up for: it is
	// not stored. See Store.SessionUser.
	Workspace WorkspaceID
}

// Canonical returns the form of a user name in which two spellings of one name
// are equal: compatibility-composed (NFKC), trimmed, case-folded.
func Canonical(name string) string {
	return cases.Fold().String(strings.TrimSpace(norm.NFKC.String(name)))
}

// Store remembers accounts, and what was done, in the audit log. Package store
// implements it; every method is one transaction, with what it tells the log.
//
// Accounts are read and changed in the sight of the actor of the context:
// superadmins, and the server itself, see all; everybody else sees their own, the
// superadmins, and those that share a workspace with them. To a service account
// that is the workspace of its key.
type Store interface {
	AccessStore
	// SetupState returns whether any account ever existed and how many there are.
	// An error means that nobody knows, and nothing may be open.
	SetupState(ctx context.Context) (done bool, users int, err error)
	// InsertUser stores an account as a member of HomeFrom the context. With first,
	// it is a Conflict fault unless no account ever existed; of any number of callers
	// at once one wins. A taken canonical name is a Conflict fault with code
	// user_exists.
	InsertUser(ctx context.Context, u User, first bool) error
	// UserByName returns the account with a canonical name, or a NotFound fault.
	UserByName(ctx context.Context, canonical string) (User, error)
	// User returns an account, or a NotFound fault.
	User(ctx context.Context, id UserID) (User, error)
	// ChangeUser changes an account and returns it as it is then. When its epoch
	// rises its sessions end. It is a Conflict fault with code last_admin when the
	// last active superadmin, or without one the last active admin, would be lowered
	// or disabled.
	ChangeUser(ctx context.Context, id UserID, c UserChange) (User, error)
	// DeleteUser deletes an account with its sessions, unless may refuses; the last
	// admin is protected as in ChangeUser.
	DeleteUser(ctx context.Context, id UserID, may func(User) error) error
	// Users returns all accounts by name.
	Users(ctx context.Context) ([]User, error)
	// InsertSession stores a session and forgets the failures counted under key.
	// Beyond 20 sessions of a user the oldest end.
	InsertSession(ctx context.Context, s Session, key string) error
	// SessionUser returns a session that has neither ended nor expired at now, with
	// its account, when that is active and of the session's epoch; else a NotFound
	// fault. The session is in the wanted workspace, when the account belongs to it:
	// superadmins do to all. With "" it is in the default one, else in the first by
	// name that the account belongs to, if there is any.
	SessionUser(ctx context.Context, id SessionID, now time.Time, wanted WorkspaceID) (Session, User, error)
	// HasWorkspace reports whether a workspace is there.
	HasWorkspace(ctx context.Context, id WorkspaceID) (bool, error)
	// Sessions returns the sessions of an account that have not expired at now,
	// newest first.
	Sessions(ctx context.Context, user UserID, now time.Time) ([]SessionInfo, error)
	// TouchSession notes that a session is used now, unless that was noted less than
	// every ago.
	TouchSession(ctx context.Context, id SessionID, now time.Time, every time.Duration) error
	// EndOtherSessions ends all sessions of an account but one, and returns how many.
	EndOtherSessions(ctx context.Context, user UserID, keep SessionID) (int, error)
	// EndSession ends a session. Ending one that is not there is no error.
	EndSession(ctx context.Context, id SessionID) error
	// ReserveAttempt counts an attempt to sign in under key before it is verified,
	// in one statement, so that parallel attempts cannot all pass. It returns zero
	// when the attempt may be verified, else how long the lock lasts.
	ReserveAttempt(ctx context.Context, key string, now time.Time) (locked time.Duration, err error)
	// FailAttempt locks key for the lock time when its attempts are used up.
	FailAttempt(ctx context.Context, key string, now time.Time) error
	// RotateSigning tells the audit log that another key signs session tokens from
	// now on and, with revokeAll, ends all sessions and returns how many there were.
	// It calls change before it commits; an error of change undoes all.
	RotateSigning(ctx context.Context, revokeAll bool, change func() error) (ended int, err error)
	// Note tells the audit log of something that changed nothing.
	Note(ctx context.Context, e AuditEvent) error
	// AuditRecords returns records of the audit log, newest first.
	AuditRecords(ctx context.Context, f AuditFilter) ([]AuditRecord, error)
	// VerifyAudit checks every record against the one before it.
	VerifyAudit(ctx context.Context) (AuditVerdict, error)
}

// The lockout: so many failures of a name in the window lock it for as long.
const (
	MaxFailures = 5
	LockWindow  = 15 * time.Minute
)
