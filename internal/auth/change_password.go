package auth

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/broked/broked/internal/fault"
)

// TemporaryPassword is how long a password that an administrator has set lets
// its owner sign in to choose another.
const TemporaryPassword = 24 * time.Hour

// ChangePassword gives the actor another password, ends all sessions of the
// account and begins a new one. A wrong current password is an Invalid fault
// with code wrong_password, and is counted as a failed sign-in.
func (s *Service) ChangePassword(ctx context.Context, a Actor, current, next string, c Caller) (SignedInAs, error) {
	if a.User == "" {
		return SignedInAs{}, fault.New(fault.Denied, "only people who are signed in have a password")
	}
	user, err := s.store.User(ctx, a.User)
	if err != nil {
		return SignedInAs{}, err
	}
	key := s.attemptKey(user.ID, c)
	right, err := s.guess(ctx, guess{key: key, user: user, may: true, password: current})
	if err != nil {
		return SignedInAs{}, err
	}
	if !right {
		return SignedInAs{}, fault.New(fault.Invalid, "the current password is not right").With("wrong_password")
	}
	ps := checkPassword(user.Name, next)
	if len(ps) == 0 && samePassword(current, next) {
		ps = []fault.Problem{{Message: "must not be the current password"}}
	}
	if len(ps) > 0 {
		ps[0].Path = "new_password"
		return SignedInAs{}, fault.Rejected("the password cannot be changed", ps)
	}
	changed, err := s.setPassword(ctx, user.ID, next, UserChange{Event: "authn_password_change", Unlock: true, Apply: func(u *User) error {
		if u.Hash != user.Hash {
			return passwordChanged()
		}
		u.MustChangeBy = nil
		return nil
	}})
	if err != nil {
		return SignedInAs{}, err
	}
	return s.begin(ctx, changed, key, c)
}

func passwordChanged() error {
	return fault.New(fault.Conflict, "the password was changed meanwhile").With("password_changed")
}

// ResetPassword gives an account a temporary password, ends its sessions and
// forgets its failed sign-ins. An empty password means one that is made up; it
// is returned, and nobody can read it again. Nobody resets that of an account
// above their own.
func (s *Service) ResetPassword(ctx context.Context, a Actor, user UserID, password string) (made string, err error) {
	u, err := s.User(ctx, user)
	if err != nil {
		return "", err
	}
	if password == "" {
		made = temporaryPassword()
		password = made
	}
	if ps := checkPassword(u.Name, password); len(ps) > 0 {
		ps[0].Path = "new_password"
		return "", fault.Rejected("the password cannot be set", ps)
	}
	_, err = s.setPassword(ctx, u.ID, password, UserChange{Event: "admin_password_reset", Unlock: true, Apply: func(u *User) error {
		ends := s.now().UTC().Truncate(time.Millisecond).Add(TemporaryPassword)
		u.MustChangeBy = &ends
		return a.above(u.Role)
	}})
	if err != nil {
		return "", err
	}
	return made, nil
}

// temporaryPassword returns 24 random letters and digits.
func temporaryPassword() string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	const length = 24
	password := make([]byte, 0, length)
	for len(password) < length {
		var b [1]byte
		_, _ = rand.Read(b[:])            // never fails: the program ends instead
		if b[0] < 4*byte(len(alphabet)) { // of the rest, some letters would be likelier
			password = append(password, alphabet[int(b[0])%len(alphabet)])
		}
	}
	return string(password)
}

// setPassword changes an account as c says and gives it a password.
func (s *Service) setPassword(ctx context.Context, user UserID, password string, c UserChange) (User, error) {
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return User{}, err
	}
	also := c.Apply
	c.Apply = func(u *User) error {
		if err := also(u); err != nil {
			return err
		}
		u.Hash = hash
		u.Epoch++
		return nil
	}
	return s.store.ChangeUser(ctx, user, c)
}
