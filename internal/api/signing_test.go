package api_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/broked/broked/internal/auth"
)

const rotate = "/api/auth/signing-key/rotate"

func TestRotateCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	before := w.tokenOf(auth.Viewer)
	for _, sc := range []scenario{
		{name: "nobody", method: "POST", path: rotate, body: `{}`, want: 401},
		{name: "an admin", as: auth.Admin, method: "POST", path: rotate, body: `{}`, want: 403},
		{name: "not a truth", as: auth.Superadmin, method: "POST", path: rotate, body: `{"revoke_all":"yes"}`, want: 400},
		{name: "rotate", as: auth.Superadmin, method: "POST", path: rotate, body: `{}`, want: 200, has: []string{`"old_key_verifies_until":"`, `"sessions_ended":0`}},
		{name: "rotate again", as: auth.Superadmin, method: "POST", path: rotate, body: `{"revoke_all":false}`, want: 200},
		{name: "a token of the key before the last", header: bearer(before), method: "GET", path: "/api/auth/me", want: 200, has: []string{`"username":"viewer"`}},
		{name: "a key that never was", header: bearer(withKey(t, before, "00000000")), method: "GET", path: "/api/auth/me", want: 401, has: []string{"invalid_token"}},
		{name: "no key", header: bearer(withKey(t, before, "")), method: "GET", path: "/api/auth/me", want: 401},
	} {
		w.run(sc)
	}
	after := member(t, w.signIn("viewer", password, 200), "token")
	w.run(scenario{name: "a token of the new key", header: bearer(after), method: "GET", path: "/api/auth/me", want: 200})
	w.run(scenario{name: "the new key's name on an old token", header: bearer(withKey(t, before, keyOf(t, after))), method: "GET", path: "/api/auth/me", want: 401})
	if keyOf(t, before) == keyOf(t, after) {
		t.Error("the key has not changed")
	}
	w.later(4 * time.Hour)
	w.run(scenario{name: "hours after", header: bearer(before), method: "GET", path: "/api/auth/me", want: 200})
	w.run(scenario{name: "the log", as: auth.Admin, method: "GET", path: "/api/audit?event=key_rotated", want: 200, has: []string{`"actor":"superadmin"`, `"revoke_all":false`}})

	text := w.run(scenario{name: "revoke all", as: auth.Superadmin, method: "POST", path: rotate, body: `{"revoke_all":true}`, want: 200, hasNot: []string{"old_key_verifies_until"}})
	if !strings.Contains(text, `"sessions_ended":4`) {
		t.Errorf("superadmin, admin and twice the viewer were signed in: %s", text)
	}
	for name, token := range map[string]string{"old": before, "newer": after, "one's own": w.tokenOf(auth.Superadmin)} {
		w.run(scenario{name: name, header: bearer(token), method: "GET", path: "/api/auth/me", want: 401})
	}
	w.run(scenario{name: "signed in anew", header: bearer(member(t, w.signIn("viewer", password, 200), "token")), method: "GET", path: "/api/auth/me", want: 200})
}

// keyOf returns the id of the key that signed a token.
func keyOf(t *testing.T, token string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	must(t, err)
	return member(t, string(text), "kid")
}

// withKey returns a token whose header names another key.
func withKey(t *testing.T, token, id string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	text, err := json.Marshal(map[string]string{"alg": "HS256", "typ": "JWT", "kid": id})
	must(t, err)
	parts[0] = base64.RawURLEncoding.EncodeToString(text)
	return strings.Join(parts, ".")
}

// TestRotationUnderLoad checks that sessions do not notice a rotation.
func TestRotationUnderLoad(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	w.tokenOf(auth.Superadmin)
	token := w.tokenOf(auth.Viewer)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					w.run(scenario{name: "meanwhile", header: bearer(token), method: "GET", path: "/api/auth/me", want: 200})
				}
			}
		})
	}
	for range 20 {
		w.run(scenario{name: "rotate", as: auth.Superadmin, method: "POST", path: rotate, body: `{}`, want: 200})
	}
	close(done)
	wg.Wait()
}
