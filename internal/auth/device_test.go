package auth

import (
	"strings"
	"testing"
	"time"
)

func TestDevices(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s, other := signerOf(t, "k"), signerOf(t, "o")
	text := s.renewed("", "ada", now)
	d, ok := s.readDevice(text, "ada", now.Add(DeviceLife-time.Second))
	if !ok || d.id == "" {
		t.Fatalf("%q is not read", text)
	}
	again, ok := s.readDevice(s.renewed(text, "ada", now.Add(DeviceLife-time.Second)), "ada", now.Add(2*DeviceLife-2*time.Second))
	if !ok || again.id != d.id {
		t.Error("a known browser became another one")
	}
	for name, tc := range map[string]struct {
		text string
		user UserID
		at   time.Time
	}{
		"another account's": {text, "bob", now},
		"over":              {text, "ada", now.Add(DeviceLife)},
		"of another key":    {other.renewed("", "ada", now), "ada", now},
		"nothing":           {"", "ada", now},
		"too long":          {strings.Repeat(".", 10_000), "ada", now},
		"later end":         {strings.Replace(text, ".1", ".9", 1), "ada", now},
		"cut":               {text[:len(text)-1], "ada", now},
	} {
		if _, ok := s.readDevice(tc.text, tc.user, tc.at); ok {
			t.Errorf("%s: taken", name)
		}
	}
}

// signerOf returns a signer by a key that is one letter, again and again.
func signerOf(t *testing.T, letter string) *signer {
	t.Helper()
	keys, err := GivenSigningKey([]byte(strings.Repeat(letter, MinSecret)))
	if err != nil {
		t.Fatal(err)
	}
	return &signer{keys: keys}
}
