package api_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/broked/broked/internal/auth"
)

const login = "/api/auth/login"

// TestTemporaryPasswordEnds checks that a temporary password is good for 24 hours,
// for signing in and for the sessions that it began.
func TestTemporaryPasswordEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	reset := func(name string) (password string) {
		t.Helper()
		return member(t, w.run(scenario{name: "reset " + name, as: auth.Admin, method: "POST", path: "/api/auth/admin-reset-password", body: `{"user_id":"` + w.idOf(name) + `"}`, want: 200}), "password")
	}
	editor, viewer := reset("editor"), reset("viewer")
	w.later(auth.TemporaryPassword - time.Minute)
	late := member(t, w.signIn("editor", editor, 200), "token")
	chosen := member(t, w.run(scenario{
		name: "choose another in time", header: bearer(member(t, w.signIn("viewer", viewer, 200), "token")), method: "POST",
		path: "/api/auth/change-password", body: `{"current_password":"` + viewer + `","new_password":"chosen-in-time"}`, want: 200,
	}), "token")
	w.run(scenario{name: "a minute before", header: bearer(late), method: "GET", path: "/api/auth/me", want: 200})
	w.later(time.Minute)
	w.signIn("editor", editor, 401)
	w.run(scenario{name: "a session of it", header: bearer(late), method: "GET", path: "/api/auth/me", want: 401})
	w.run(scenario{name: "choose another too late", header: bearer(late), method: "POST", path: "/api/auth/change-password", body: `{"current_password":"` + editor + `","new_password":"chosen-too-late"}`, want: 401})
	w.run(scenario{name: "the one in time", header: bearer(chosen), method: "GET", path: "/api/auth/me", want: 200})
	w.signIn("viewer", "chosen-in-time", 200)
}

// plant stores a password hash of an account as another program would.
func (w *world) plant(name, hash string) {
	w.t.Helper()
	_, err := w.db.Writer().ExecContext(w.t.Context(), `UPDATE users SET hash = ?1 WHERE canonical = ?2`, hash, name)
	must(w.t, err)
}

func (w *world) hashOf(name string) string {
	w.t.Helper()
	u, err := w.store.UserByName(w.t.Context(), name)
	must(w.t, err)
	return u.Hash
}

const salted = "$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// TestPlantedHashes checks that a hash which asks for more than there is, or is
// none, is a wrong password and costs nothing. A test that computed one of them
// would not end.
func TestPlantedHashes(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	w.tokenOf(auth.Admin)
	for what, hash := range map[string]string{
		"4 GiB": "$argon2id$v=19$m=4194304,t=2,p=1" + salted, "an hour": "$argon2id$v=19$m=19456,t=100000,p=1" + salted,
		"no memory": "$argon2id$v=19$m=0,t=2,p=1" + salted, "no lanes": "$argon2id$v=19$m=19456,t=2,p=0" + salted,
		"an overflow": "$argon2id$v=19$m=18446744073709551616,t=2,p=1" + salted, "another version": "$argon2id$v=16$m=19456,t=2,p=1" + salted,
		"a week of bcrypt": "$2a$31$" + "abcdefghijklmnopqrstuuabcdefghijklmnopqrstuabcdefghijklmnop", "half of bcrypt": "$2a$10$abc",
		"the password": password, "a single character": "$", "nothing": "",
	} {
		w.plant("editor", hash)
		w.run(scenario{name: what, method: "POST", path: login, body: `{"username":"editor","password":"secure-password"}`, want: 401, has: []string{"invalid_credentials"}})
		if got := w.hashOf("editor"); got != hash {
			t.Errorf("%s: has become %q", what, got)
		}
		must(t, w.auth.Unlock(t.Context(), auth.Actor{Host: true}, auth.UserID(w.idOf("editor"))))
	}
}

// TestOldHashesAreMadeAnew checks that a password that was hashed otherwise works,
// and is hashed as new ones are from then on.
func TestOldHashesAreMadeAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	imported, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	must(t, err)
	const weak = "$argon2id$v=19$m=4096,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$IZeXeQ092RY0LivAqCbWAJHaoAs9TmbfU1mNxjRfAQk"
	for what, hash := range map[string]string{"bcrypt": string(imported), "other parameters": weak} {
		w.plant("editor", hash)
		w.signIn("editor", "wrong-password", 401)
		if w.hashOf("editor") != hash {
			t.Errorf("%s: a wrong password changed it", what)
		}
		token := member(t, w.signIn("editor", password, 200), "token")
		anew := w.hashOf("editor")
		if anew == hash || anew[:30] != passwordHash[:30] {
			t.Errorf("%s: has become %q", what, anew)
		}
		w.run(scenario{name: what + ": the session", header: bearer(token), method: "GET", path: "/api/auth/me", want: 200})
		w.signIn("editor", password, 200)
		w.signIn("editor", "wrong-password", 401)
		if w.hashOf("editor") != anew {
			t.Errorf("%s: made anew twice", what)
		}
	}
	w.run(scenario{name: "the log", as: auth.Admin, method: "GET", path: "/api/audit?event=authn_hash_upgrade", want: 200, has: []string{`"actor":"editor"`}, hasNot: []string{"argon2"}})

	w.plant("viewer", string(imported))
	var wg sync.WaitGroup
	for range auth.MaxFailures {
		wg.Go(func() { w.signIn("viewer", password, 200) })
	}
	wg.Wait()
	w.signIn("viewer", password, 200)

	long := string(make([]byte, 72)) + "x"
	cut, err := bcrypt.GenerateFromPassword([]byte(long[:72]), bcrypt.MinCost)
	must(t, err)
	w.plant("viewer", string(cut))
	w.run(scenario{name: "what bcrypt would cut off", method: "POST", path: login, body: fmt.Sprintf(`{"username":"viewer","password":"%s"}`, jsonZeros(73)), want: 401})
	w.run(scenario{name: "what it would not", method: "POST", path: login, body: fmt.Sprintf(`{"username":"viewer","password":"%s"}`, jsonZeros(72)), want: 200})
}

// jsonZeros returns n zero bytes as JSON writes them.
func jsonZeros(n int) string { return strings.Repeat(`\u0000`, n) }

func TestBodiesThatNobodyReads(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	const right = `{"username":"editor","password":"secure-password"}`
	form := url.Values{"username": {"editor"}, "password": {password}}.Encode()
	for what, tc := range map[string]struct{ contentType, encoding, body string }{
		"a form":                   {"application/x-www-form-urlencoded", "", form},
		"a form with files":        {"multipart/form-data; boundary=x", "", "--x\r\n\r\n--x--"},
		"XML":                      {"application/xml", "", "<username>editor</username>"},
		"plain text":               {"text/plain", "", right},
		"UTF-7":                    {"application/json; charset=utf-7", "", right},
		"Latin-1":                  {`application/json; charset="ISO-8859-1"`, "", right},
		"compressed":               {"application/json", "gzip", right},
		"compressed twice":         {"application/json", "gzip, br", right},
		"no type that can be read": {"application/json;;charset", "", right},
	} {
		header := map[string]string{"Content-Type": tc.contentType}
		if tc.encoding != "" {
			header["Content-Encoding"] = tc.encoding
		}
		w.run(scenario{name: what, method: "POST", path: login, header: header, body: tc.body, want: 415, has: []string{"unsupported_media_type"}})
	}
	for _, contentType := range []string{"application/json", "application/json; charset=UTF-8"} {
		w.run(scenario{name: contentType, method: "POST", path: login, header: map[string]string{"Content-Type": contentType}, body: right, want: 200})
	}
	for what, query := range map[string]string{
		"with a body": "?password=secure-password", "both": "?username=editor&password=secure-password", "in capitals": "?PASSWORD=x", "empty": "?password=",
	} {
		w.run(scenario{name: "in the address, " + what, method: "POST", path: login + query, body: right, want: 400, has: []string{"credential_in_query"}, hasNot: []string{password}})
	}
	w.run(scenario{name: "in the address, without a body", method: "POST", path: login + "?" + form, want: 400, has: []string{"credential_in_query"}})
}

// TestDisabledAccountIsOut tries every way in.
func TestDisabledAccountIsOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	res, text := w.call(scenario{method: "POST", path: login, body: `{"username":"admin","password":"secure-password"}`})
	token, device := member(t, text, "token"), res.Cookies()[1].Value
	key := member(t, w.run(scenario{name: "a key of one's own", header: bearer(token), method: "POST", path: "/api/services", body: `{"service_name":"robot","permissions":["pipelines.view"]}`, want: 201}), "token")
	w.run(scenario{name: "it works", header: bearer(key), method: "GET", path: "/api/pipelines", want: 200})
	w.run(scenario{name: "disable", as: auth.Superadmin, method: "PUT", path: "/api/auth/users/" + w.idOf("admin"), body: `{"disabled":true}`, want: 200})
	for _, sc := range []scenario{
		{name: "password", method: "POST", path: login, body: `{"username":"admin","password":"secure-password"}`, want: 401, has: []string{"invalid_credentials"}},
		{name: "password, in a known browser", method: "POST", path: login, header: map[string]string{"Cookie": "brokoli_device=" + device}, body: `{"username":"admin","password":"secure-password"}`, want: 401},
		{name: "session", header: bearer(token), method: "GET", path: "/api/auth/me", want: 401},
		{name: "session, as a cookie", header: cookie(token), method: "GET", path: "/api/auth/me", want: 401},
		{name: "another password", header: bearer(token), method: "POST", path: "/api/auth/change-password", body: `{"current_password":"secure-password","new_password":"another-password"}`, want: 401},
		{name: "key", header: bearer(key), method: "GET", path: "/api/pipelines", want: 401},
		{name: "key, in its own header", header: map[string]string{"X-API-Key": key}, method: "GET", path: "/api/pipelines", want: 401},
		{name: "a new key by the old one", header: bearer(key), method: "POST", path: "/api/services", body: `{"service_name":"more","permissions":[]}`, want: 401},
		{name: "an account of the same name", method: "POST", path: "/api/auth/users", body: `{"username":"admin","password":"secure-password"}`, want: 401},
		{name: "a stream", header: bearer(token), method: "GET", path: "/api/events", want: 401},
	} {
		w.run(sc)
	}
	w.run(scenario{name: "a temporary password does not enable", as: auth.Superadmin, method: "POST", path: "/api/auth/admin-reset-password", body: `{"user_id":"` + w.idOf("admin") + `","new_password":"new-password"}`, want: 200})
	w.signIn("admin", "new-password", 401)
}
