package auth

import (
	"context"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
)

// Users returns the accounts in the caller's sight by name; see Store.
func (s *Service) Users(ctx context.Context) ([]User, error) { return s.store.Users(ctx) }

// User returns an account in the caller's sight.
func (s *Service) User(ctx context.Context, user UserID) (User, error) {
	if !id.Plausible(string(user)) {
		return User{}, NoUser()
	}
	return s.store.User(ctx, user)
}

// NoUser is the fault of naming an account that is not there, or not in the
// sight of the caller: nobody learns which.
func NoUser() error {
	return fault.New(fault.NotFound, "there is no such account").With("user_not_found")
}

// UserUpdate is what to change of an account; nil members stay.
type UserUpdate struct {
	Role     *Role
	Disabled *bool
}

// UpdateUser changes the role of an account, or disables or enables it, with
// effect on the next request. Disabling ends its sessions. Nobody changes an
// account above their own or gives more than they have; the last admin is
// protected as in Store.ChangeUser.
func (s *Service) UpdateUser(ctx context.Context, a Actor, user UserID, n UserUpdate) (User, error) {
	if !id.Plausible(string(user)) {
		return User{}, NoUser()
	}
	if n.Role != nil && !n.Role.Valid() {
		return User{}, fault.Rejected("the account cannot be changed", []fault.Problem{badRole()})
	}
	details := map[string]any{}
	return s.store.ChangeUser(ctx, user, UserChange{Event: "user_updated", Details: details, Apply: func(u *User) error {
		if err := a.above(u.Role); err != nil {
			return err
		}
		if n.Role != nil {
			if err := a.above(*n.Role); err != nil {
				return err
			}
			details["role_before"], details["role"] = u.Role, *n.Role
			u.Role = *n.Role
		}
		if n.Disabled != nil {
			details["disabled"] = *n.Disabled
			if *n.Disabled && !u.Disabled {
				u.Epoch++
			}
			u.Disabled = *n.Disabled
		}
		return nil
	}})
}

// DeleteUser deletes an account and ends its sessions, by the rules of
// UpdateUser.
func (s *Service) DeleteUser(ctx context.Context, a Actor, user UserID) error {
	if !id.Plausible(string(user)) {
		return NoUser()
	}
	return s.store.DeleteUser(ctx, user, func(u User) error { return a.above(u.Role) })
}

// Unlock forgets the failed sign-ins of an account.
func (s *Service) Unlock(ctx context.Context, a Actor, user UserID) error {
	if !id.Plausible(string(user)) {
		return NoUser()
	}
	_, err := s.store.ChangeUser(ctx, user, UserChange{
		Event: "authn_unlock", Unlock: true, Apply: func(u *User) error { return a.above(u.Role) },
	})
	return err
}

func badRole() fault.Problem {
	return fault.Problem{Path: "role", Message: "must be viewer, editor, admin or superadmin"}
}
