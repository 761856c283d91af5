package api_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/broked/broked/internal/auth"
)

// TestSignInGivesANewSession checks that whoever puts a session into somebody
// else's browser does not learn the one that its owner signs in to (fixation).
func TestSignInGivesANewSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	for name, planted := range map[string]string{"made up": "chosen", "an attacker's own": w.tokenOf(auth.Viewer)} {
		res, text := w.call(scenario{
			method: "POST", path: "/api/auth/login", body: `{"username":"editor","password":"secure-password"}`,
			header: map[string]string{"Cookie": "brokoli_session=" + planted},
		})
		if res.StatusCode != http.StatusOK || len(res.Cookies()) == 0 || res.Cookies()[0].Value == planted || member(t, text, "token") == planted {
			t.Errorf("%s: %d %v %s", name, res.StatusCode, res.Cookies(), text)
		}
	}
	w.run(scenario{name: "the one that was made up", method: "GET", path: "/api/auth/me", header: cookie("chosen"), want: 401})
	w.run(scenario{name: "the attacker's own", method: "GET", path: "/api/auth/me", header: cookie(w.tokenOf(auth.Viewer)), want: 200, has: []string{`"username":"viewer"`}})
}

func cookie(value string) map[string]string {
	return map[string]string{"Cookie": "brokoli_session=" + value}
}

func TestCookiesThatAreNotOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	editor, viewer := w.tokenOf(auth.Editor), w.tokenOf(auth.Viewer)
	const name = "; brokoli_session="
	for what, tc := range map[string]struct {
		header string
		want   int
		has    string
	}{
		"two: the first counts":        {editor + name + viewer, 200, `"username":"editor"`},
		"two: the other way round":     {viewer + name + editor, 200, `"username":"viewer"`},
		"two: the first is bad":        {"bad" + name + viewer, 401, "invalid_token"},
		"two: the second is bad":       {editor + name + "bad", 200, `"username":"editor"`},
		"halves of two":                {editor[:strings.LastIndex(editor, ".")] + viewer[strings.LastIndex(viewer, "."):], 401, "invalid_token"},
		"beside another program's":     {editor + "; other=a\"b c", 200, `"username":"editor"`},
		"8 KB":                         {strings.Repeat("a.", 4096), 401, "invalid_token"},
		"8 KB of a good one":           {editor + strings.Repeat("=", 8192), 401, "invalid_token"},
		"quoted":                       {`"` + editor + `"`, 401, "invalid_token"},
		"half quoted":                  {`"` + editor, 401, ""},
		"not ASCII":                    {editor[:20] + "é" + editor[20:], 401, ""},
		"empty":                        {"", 401, ""},
		"a comma between":              {editor + "," + viewer, 401, ""},
		"the name in capitals":         {"x; BROKOLI_SESSION=" + editor, 401, ""},
		"the name with a space in it":  {"x; brokoli_session =" + editor, 401, ""},
		"blanks around the first name": {"x;  brokoli_session=" + editor, 401, "invalid_token"},
	} {
		sc := scenario{name: what, method: "GET", path: "/api/auth/me", header: cookie(tc.header), want: tc.want}
		if tc.has != "" {
			sc.has = []string{tc.has}
		}
		w.run(sc)
	}
}

// TestCookieWithLineBreaks sends what an HTTP client refuses to.
func TestCookieWithLineBreaks(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	token := w.tokenOf(auth.Editor)
	for what, tc := range map[string]struct {
		value string
		want  int
	}{
		"a line break and a header": {"bad\r\nAuthorization: Bearer " + token + "\r\nX: ", 200}, // two headers, as anybody may send
		"a bare line feed":          {token[:20] + "\n" + token[20:], 400},
		"a carriage return":         {token[:20] + "\r" + token[20:], 400},
		"a zero byte":               {token[:20] + "\x00" + token[20:], 400},
		"a folded line":             {token[:20] + "\r\n " + token[20:], 401},
	} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
		must(t, err)
		_, err = fmt.Fprintf(conn, "GET /api/auth/me HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nCookie: brokoli_session=%s\r\n\r\n", tc.value)
		must(t, err)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		must(t, err)
		must(t, res.Body.Close())
		must(t, conn.Close())
		if res.StatusCode != tc.want {
			t.Errorf("%s: %d, want %d", what, res.StatusCode, tc.want)
		}
	}
}
