package auth

import (
	"slices"
	"time"
)

// Roles returns the roles, from the weakest.
func Roles() []Role { return slices.Clone(roles) }

// OfRole returns what accounts of a role may do on this server, in a fixed order.
func (s *Service) OfRole(r Role) []Permission {
	return Actor{EditorsCode: s.editorsCode}.of(r)
}

// Reach returns what a service account may do while its owner has a role: what it was
// given and the owner may do, too.
func (a ServiceAccount) Reach(owner Role) []Permission { return within(a.Permissions, owner) }

// InUse reports whether the key of a works at a time, as far as a tells: its owner may
// have been disabled.
func (a ServiceAccount) InUse(now time.Time) bool {
	return a.RevokedAt == nil && (a.ExpiresAt == nil || a.ExpiresAt.After(now))
}
