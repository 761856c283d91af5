// Package id makes identifiers that sort by time, and secrets that do not.
package id

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"regexp"
	"time"

	"github.com/google/uuid"
)

// New returns a UUIDv7 (RFC 9562): unique everywhere, sorted by creation time
// and, within this process, strictly increasing. It is no secret.
func New() string {
	v, err := uuid.NewV7()
	if err != nil {
		// Only a broken random source fails here, and nothing is safe then.
		panic("id: no random numbers: " + err.Error())
	}
	return v.String()
}

// Since returns what the identifiers that New makes from a time on are not below.
func Since(t time.Time) string {
	ms := max(t.UnixMilli(), 0)
	return fmt.Sprintf("%08x-%04x", ms>>16, ms&0xffff)
}

// Secret returns 32 random bytes in base64url, 43 characters: fit for tokens.
func Secret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails; it ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// IsGUID reports whether s is a UUID of any version, in hexadecimal with or without
// hyphens, braces or urn:uuid: before it.
func IsGUID(s string) bool { return uuid.Validate(s) == nil }

var shape = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

// Plausible reports whether s could be an identifier or a slug of ours: up to
// 128 letters, digits, '_', '-' and '.', not beginning with '-' or '.'. What
// fails it never reaches a path or a query.
func Plausible(s string) bool { return shape.MatchString(s) }
