package auth

import (
	"slices"
	"strings"
	"testing"
)

func TestPasswordRules(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ password, want string }{
		{"secure-password", ""},
		{"new-pass", ""},
		{"correct horse battery staple", ""},
		{"49201837465", ""},
		{strings.Repeat("é ", 100), ""},
		{"with\x00zero-byte", ""},
		{"short-7", "at least 8"},
		{"🔑🔑🔑🔒🔒🔒🔒", "at least 8"},
		{strings.Repeat("ab", 513), "at most 1024 bytes"},
		{"Ada.Lovelace", "user name"},
		{"ＡDA.LOVELACE ", "user name"},
		{"zzzzzzzzzzzz", "one character repeated"},
		{"password1", "most common"},
		{"PassWord1", "most common"},
		{"1qaz2wsx", "most common"},
		{"qwertyuiop", "most common"},
		{"bad\xff utf8", "UTF-8"},
	} {
		var got string
		if ps := checkPassword("ada.lovelace", tc.password); len(ps) > 0 {
			got = ps[0].Message
		}
		if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
			t.Errorf("%q: %q, want %q", tc.password, got, tc.want)
		}
	}
}

func TestCommonPasswordsAreSortedAndOfUse(t *testing.T) {
	t.Parallel()
	var list []string
	for line := range strings.Lines(commonPasswords) {
		if line = strings.TrimSuffix(line, "\n"); !strings.HasPrefix(line, "# ") {
			list = append(list, line)
		}
	}
	if len(list) < 3000 || !slices.IsSorted(list) {
		t.Errorf("%d passwords, sorted: %v", len(list), slices.IsSorted(list))
	}
	for _, p := range list {
		if len(p) < MinPassword || Canonical(p) != p {
			t.Errorf("%q can never match", p)
		}
	}
}

func TestTemporaryPasswords(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		p := temporaryPassword()
		if seen[p] || len(p) != 24 || checkPassword("ada", p) != nil {
			t.Fatalf("%q", p)
		}
		seen[p] = true
	}
}

// TestHashesThatAreRead checks what a stored hash may ask for.
func TestHashesThatAreRead(t *testing.T) {
	t.Parallel()
	const tail = "$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	const bcrypted = "abcdefghijklmnopqrstuuabcdefghijklmnopqrstuabcdefghijklmnop"
	for _, tc := range []struct {
		hash            string
		readable, today bool
	}{
		{"$argon2id$v=19$m=19456,t=2,p=1" + tail, true, true},
		{"$argon2id$v=19$m=262144,t=10,p=4" + tail, true, false},
		{"$argon2id$v=19$m=19456,t=2,p=1$c2FsdA" + tail[strings.LastIndex(tail, "$"):], true, false},
		{"$2b$14$" + bcrypted[:53], true, false},
		{"$argon2id$v=19$m=262145,t=2,p=1" + tail, false, false},
		{"$argon2id$v=19$m=4194304,t=2,p=1" + tail, false, false},
		{"$argon2id$v=19$m=19456,t=11,p=1" + tail, false, false},
		{"$argon2id$v=19$m=19456,t=2,p=0" + tail, false, false},
		{"$2b$15$" + bcrypted[:53], false, false},
		{"$2b$10$abc", false, false},
		{"", false, false},
	} {
		if got := readable(tc.hash); got != tc.readable {
			t.Errorf("%q is readable: %v, want %v", tc.hash, got, tc.readable)
		}
		if tc.readable && outdated(tc.hash) == tc.today {
			t.Errorf("%q is outdated: %v, want %v", tc.hash, tc.today, !tc.today)
		}
	}
}
