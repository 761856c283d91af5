package api_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/limits"
)

var update = flag.Bool("update", false, "write the golden files")

// TestWhoMayCallWhat walks every call of the API as everybody and compares with
// a table that a person can read and review.
func TestWhoMayCallWhat(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(d *api.Deps) { d.Limits = map[api.Class]limits.Rate{} }).withAccounts()
	keys := map[string]string{}
	for name, permissions := range map[string]string{"key, all": allPermissions(t, w), "key, none": `["system.view"]`} {
		text := w.run(scenario{name: name, as: auth.Superadmin, method: "POST", path: "/api/services", body: fmt.Sprintf(`{"service_name":%q,"permissions":%s}`, name, permissions), want: 201})
		keys[name] = member(t, text, "token")
	}
	outsider, of := w.withWorkspace("north"), w.fill()
	callers := []string{"nobody", "viewer", "editor", "admin", "superadmin", "key, all", "key, none"}
	var table strings.Builder
	out := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "call\tpermission\t%s\tother workspace\n", strings.Join(callers, "\t"))
	for _, op := range operations(t, w) {
		fmt.Fprintf(out, "%s %s\t%s", op.method, op.path, op.permission)
		for _, caller := range callers {
			token := keys[caller]
			if role := auth.Role(caller); role.Valid() {
				token = w.token(role)
			}
			fmt.Fprintf(out, "\t%s", w.verdict(op, token))
		}
		fmt.Fprintln(out, "\t"+w.verdictElsewhere(op, of, outsider))
	}
	must(t, out.Flush())
	compare(t, "testdata/permissions.txt", table.String())
}

// token returns a token of role that works: some calls end the session that made
// them.
func (w *world) token(role auth.Role) string {
	w.t.Helper()
	res, _ := w.call(scenario{as: role, method: "GET", path: "/api/auth/me"})
	if res.StatusCode != http.StatusOK {
		in, err := w.auth.SignIn(w.t.Context(), string(role), password, auth.Caller{})
		must(w.t, err)
		w.tokens[role] = in.Token
	}
	return w.tokens[role]
}

type operation struct{ method, path, permission string }

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// verdict returns whether a caller gets past the door of a call.
func (w *world) verdict(op operation, token string) string {
	w.t.Helper()
	path := pathParameter.ReplaceAllStringFunc(op.path, func(p string) string {
		if p == "{version}" {
			return "1"
		}
		return "none"
	})
	req, err := http.NewRequestWithContext(w.t.Context(), strings.ToUpper(op.method), w.url+path, strings.NewReader("{}"))
	must(w.t, err)
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	must(w.t, err)
	defer res.Body.Close() // not read: streams do not end
	switch res.StatusCode {
	case http.StatusUnauthorized:
		return "401"
	case http.StatusForbidden:
		return "403"
	case http.StatusInternalServerError:
		w.t.Errorf("%s %s answers 500", op.method, path)
	}
	return "yes"
}

// verdictElsewhere returns how a call about what is in the default workspace
// ends for an admin of another: one that names nothing names that workspace.
func (w *world) verdictElsewhere(op operation, of filled, outsider map[string]string) string {
	w.t.Helper()
	sc := scenario{method: op.method, header: outsider}
	if sc.path, sc.body = w.address(op, of); sc.path == op.path && op.path != "/api/auth/admin-reset-password" {
		sc.header = in("default", outsider)
	}
	if op.path == "/api/auth/logout" {
		return "yes" // or the walk would end here
	}
	switch res, _ := w.call(sc); res.StatusCode {
	case http.StatusForbidden, http.StatusNotFound:
		return strconv.Itoa(res.StatusCode)
	}
	return "yes"
}

// operations returns every call that the server documents, which is every call.
func operations(t *testing.T, w *world) []operation {
	t.Helper()
	_, text := w.call(scenario{method: "GET", path: "/api/openapi.json"})
	var document struct {
		Paths map[string]map[string]struct {
			Permission string `json:"x-permission"`
		}
	}
	must(t, json.Unmarshal([]byte(text), &document))
	var all []operation
	for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(document.Paths[path])) {
			may := document.Paths[path][method].Permission
			if may == "" {
				may = "public"
			}
			all = append(all, operation{strings.ToUpper(method), path, may})
		}
	}
	return all
}

func allPermissions(t *testing.T, w *world) string {
	t.Helper()
	_, text := w.call(scenario{as: auth.Superadmin, method: "GET", path: "/api/permissions"})
	var all []struct{ Name string }
	must(t, json.Unmarshal([]byte(text), &all))
	var names []string
	for _, p := range all {
		names = append(names, p.Name)
	}
	list, err := json.Marshal(names)
	must(t, err)
	return string(list)
}

// compare checks text against a golden file, or writes it with -update.
func compare(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		must(t, os.WriteFile(file, []byte(text), 0o600))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (run with -update when this is what you want):\n%s", file, diff)
	}
}

// TestLimitsOfKeys lets two keys use up every class. The bursts are those of the
// server; that a bucket fills again, and when, is tested where time can be held.
func TestLimitsOfKeys(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(d *api.Deps) {
		d.Limits = map[api.Class]limits.Rate{}
		for class, rate := range api.DefaultLimits() {
			d.Limits[class] = limits.Per(1, time.Hour, rate.Burst)
		}
		d.Limits["people"], d.Limits["auth"] = limits.Rate{}, limits.Rate{}
	}).withAccounts()
	permissions := []auth.Permission{auth.PipelinesView, auth.PipelinesEdit, auth.PipelinesExport, auth.ContactsCreate}
	_, first := w.service("first", permissions...)
	_, second := w.service("second", permissions...)
	for _, tc := range []struct {
		class        string
		burst        int
		method, path string
		body         string
		want         int
	}{
		{"token", 20, "POST", "/api/auth/service", "", 200},
		{"list", 200, "GET", "/api/pipelines", "", 200},
		{"detail", 400, "GET", "/api/pipelines/none", "", 404},
		{"write", 100, "PUT", "/api/pipelines/none", "{}", 404},
		{"report", 20, "GET", "/api/pipelines/none/export", "", 404},
		{"bulk", 10, "POST", "/v2/contacts/import", "x", 422},
	} {
		call := scenario{name: tc.class, method: tc.method, path: tc.path, body: tc.body, want: tc.want}
		call.header = bearer(first)
		const left = 7
		for range tc.burst - left {
			w.run(call)
		}
		var passed, limited atomic.Int64
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				switch res, _ := w.call(call); res.StatusCode {
				case tc.want:
					passed.Add(1)
				case http.StatusTooManyRequests:
					limited.Add(1)
				}
			})
		}
		wg.Wait()
		if passed.Load() != left || limited.Load() != 200-left {
			t.Errorf("%s: of 200 at the edge %d pass and %d are refused, want %d and %d", tc.class, passed.Load(), limited.Load(), left, 200-left)
		}
		res, _ := w.call(call)
		if wait, err := strconv.Atoi(res.Header.Get("Retry-After")); err != nil || wait < 3500 || wait > 3600 {
			t.Errorf("%s: Retry-After is %d (%v)", tc.class, wait, err)
		}
		call.header = bearer(second)
		w.run(call)
	}
}
