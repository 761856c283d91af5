package auth

import (
	"regexp"
	"strings"
	"testing"
)

func TestNewKey(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^brk_[0-9A-Za-z]{38}$`)
	seen, counts := map[string]bool{}, map[rune]int{}
	const n = 2000
	for range n {
		key := NewKey()
		if !shape.MatchString(key) || !isKey(key) || seen[key] {
			t.Fatalf("a bad key, or one made twice: %s", key)
		}
		seen[key] = true
		for _, c := range key[len(KeyPrefix) : len(KeyPrefix)+keyRandom] {
			counts[c]++
		}
	}
	// With the remainder of a byte the first eight characters would come a quarter
	// more often than the others.
	fair := float64(n*keyRandom) / float64(len(base62))
	for _, c := range base62 {
		if got := float64(counts[c]); got < 0.8*fair || got > 1.2*fair {
			t.Errorf("%c comes %v times, want about %.0f", c, got, fair)
		}
	}
}

func TestIsKey(t *testing.T) {
	t.Parallel()
	key := NewKey()
	for i := range key {
		other := "x"
		if key[i] == 'x' {
			other = "y"
		}
		if changed := key[:i] + other + key[i+1:]; isKey(changed) {
			t.Errorf("%s passes with character %d changed", key, i)
		}
	}
	hex := KeyPrefix + strings.Repeat("0f", 24)
	for s, want := range map[string]struct{ stored, server bool }{
		key:                  {true, true},
		hex:                  {false, true},
		strings.ToUpper(hex): {},
		hex + "0":            {},
		"":                   {},
		KeyPrefix:            {},
		key + "\n":           {},
		" " + key:            {},
		strings.ToUpper(key): {},
		string(appendChecksum([]byte(KeyPrefix + strings.Repeat("ä", 16)))): {},
	} {
		if isKey(s) != want.stored || IsServerKey(s) != want.server {
			t.Errorf("%q: stored %v, server %v, want %v", s, isKey(s), IsServerKey(s), want)
		}
	}
}

func FuzzIsKey(f *testing.F) {
	f.Add(NewKey())
	f.Add(KeyPrefix + strings.Repeat("0", 38))
	shape := regexp.MustCompile(`^brk_[0-9A-Za-z]{38}$`)
	f.Fuzz(func(t *testing.T, s string) {
		if isKey(s) && !shape.MatchString(s) {
			t.Errorf("%q passes", s)
		}
	})
}
