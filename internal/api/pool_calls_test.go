package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/broked/broked/internal/auth"
)

func TestPoolCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	pooled := func(name, members string) string { return strings.Replace(document(name), "{", "{"+members+",", 1) }
	for _, sc := range []scenario{
		{name: "list: nobody", method: "GET", path: "/api/pools", want: 401},
		{name: "list: none", as: auth.Viewer, method: "GET", path: "/api/pools", want: 200, has: []string{"[]"}},
		{name: "make: nobody", method: "POST", path: "/api/pools", body: `{"name":"warehouse","slots":1}`, want: 401},
		{name: "make: editor", as: auth.Editor, method: "POST", path: "/api/pools", body: `{"name":"warehouse","slots":1}`, want: 403},
		{name: "make: bad name", as: auth.Admin, method: "POST", path: "/api/pools", body: `{"name":"The Warehouse","slots":1}`, want: 400, has: []string{`"path":"name"`}},
		{name: "make: bad slots", as: auth.Admin, method: "POST", path: "/api/pools", body: `{"name":"warehouse","slots":-1}`, want: 400, has: []string{"slots"}},
		{name: "make", as: auth.Admin, method: "POST", path: "/api/pools", body: `{"name":"warehouse","slots":0,"description":"Few connections"}`, want: 201, has: []string{`"slots":0`, `"used":0`}},
		{name: "make: again", as: auth.Admin, method: "POST", path: "/api/pools", body: `{"name":"warehouse","slots":1}`, want: 409, has: []string{"pool_exists"}},

		{name: "pipeline: no such pool", as: auth.Editor, method: "POST", path: "/api/pipelines", body: pooled("lost", `"pool":"nothing"`), want: 400, has: []string{`"path":"pool"`, "an administrator makes it"}},
		{name: "pipeline: bad limits", as: auth.Editor, method: "POST", path: "/api/pipelines", body: pooled("lost", `"max_active_runs":-1,"overlap":"never","priority":5000`), want: 400, has: []string{`"path":"max_active_runs"`, `"path":"overlap"`, `"path":"priority"`}},
		{name: "pipeline", as: auth.Editor, method: "POST", path: "/api/pipelines", body: pooled("stock", `"pool":"warehouse","priority":7,"overlap":"skip"`), want: 201, has: []string{`"pool":"warehouse"`, `"priority":7`, `"overlap":"skip"`}},
		{name: "run: bad priority", as: auth.Editor, method: "POST", path: "/api/pipelines/stock/run", body: `{"priority":1001}`, want: 400, has: []string{`"path":"priority"`}},
		{name: "run", as: auth.Editor, method: "POST", path: "/api/pipelines/stock/run", body: `{"priority":9}`, want: 202},
		{name: "run: one has not ended", as: auth.Editor, method: "POST", path: "/api/pipelines/stock/run", want: 409, has: []string{`"code":"run_active"`, "has not ended"}},
		{name: "runs say why they wait", as: auth.Viewer, method: "GET", path: "/api/pipelines/stock/runs", want: 200, has: []string{`"priority":9`, `"pool":"warehouse"`, `"wait_reason":"pool warehouse: 0 of 0 slots are used"`}},
		{name: "list", as: auth.Viewer, method: "GET", path: "/api/pools", want: 200, has: []string{`"pending":1`}},

		{name: "change: editor", as: auth.Editor, method: "PUT", path: "/api/pools/warehouse", body: `{"slots":3}`, want: 403},
		{name: "change: absent", as: auth.Admin, method: "PUT", path: "/api/pools/nothing", body: `{"slots":3}`, want: 404, has: []string{"pool_not_found"}},
		{name: "change: nothing", as: auth.Admin, method: "PUT", path: "/api/pools/warehouse", body: `{}`, want: 400, has: []string{"slots"}},
		{name: "change", as: auth.Admin, method: "PUT", path: "/api/pools/warehouse", body: `{"slots":3}`, want: 200, has: []string{`"slots":3`}},
		{name: "runs wait for nothing", as: auth.Viewer, method: "GET", path: "/api/runs", want: 200, hasNot: []string{"wait_reason"}},
		{name: "delete: editor", as: auth.Editor, method: "DELETE", path: "/api/pools/warehouse", want: 403},
		{name: "delete: in use", as: auth.Admin, method: "DELETE", path: "/api/pools/warehouse", want: 409, has: []string{"pool_in_use"}},
		{name: "delete: absent", as: auth.Admin, method: "DELETE", path: "/api/pools/nothing", want: 404},
		{name: "pipeline leaves it", as: auth.Editor, method: "PUT", path: "/api/pipelines/stock", body: `{"pool":""}`, want: 200},
		{name: "delete", as: auth.Admin, method: "DELETE", path: "/api/pools/warehouse", want: 204},
	} {
		w.run(sc)
	}
}

// TestRequestsThatComeAgain: with a key of its own a request starts one run, and only
// values that the pipeline takes start any.
func TestRequestsThatComeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	w.run(scenario{name: "make", as: auth.Editor, method: "POST", path: "/api/pipelines", body: strings.Replace(document("p"), "{", `{"parameters":{"day":{"type":"date"},"n":{"type":"integer"}},`, 1), want: 201})
	key := map[string]string{"Idempotency-Key": "order 66"}
	start := func(sc scenario) (string, string) {
		t.Helper()
		sc.method, sc.path, sc.as, sc.header = "POST", "/api/pipelines/p/run", auth.Editor, key
		res, text := w.call(sc)
		if res.StatusCode != http.StatusAccepted {
			t.Fatalf("%s: %d %s", sc.name, res.StatusCode, text)
		}
		return res.Header.Get("Idempotency-Replayed"), text
	}
	replayed, first := start(scenario{name: "first", body: `{"params":{"day":"2026-03-01","n":1000000}}`})
	if replayed != "" {
		t.Errorf("the first request says replayed: %q", replayed)
	}
	if replayed, again := start(scenario{name: "again", body: `{ "params" : {"n":"1000000","day":"2026-03-01"} }`}); replayed != "true" || again != first {
		t.Errorf("replayed %q: %s, want %s", replayed, again, first)
	}
	long := map[string]string{"Idempotency-Key": strings.Repeat("k", 256)}
	bad := map[string]string{"Idempotency-Key": "kéy"}
	for _, sc := range []scenario{
		{name: "another body", as: auth.Editor, method: "POST", path: "/api/pipelines/p/run", body: `{}`, header: key, want: 409, has: []string{"idempotency_key_reused"}},
		{name: "another caller", as: auth.Admin, method: "POST", path: "/api/pipelines/p/run", body: `{}`, header: key, want: 202},
		{name: "long key", as: auth.Editor, method: "POST", path: "/api/pipelines/p/run", header: long, want: 400, has: []string{"Idempotency-Key"}},
		{name: "bad key", as: auth.Editor, method: "POST", path: "/api/pipelines/p/run", header: bad, want: 400, has: []string{"bad_idempotency_key"}},
		{name: "one run of each caller", as: auth.Viewer, method: "GET", path: "/api/runs?page=1&page_size=10", want: 200, has: []string{`"total":2`, `"n":"1000000"`}},
		{name: "wrong values", as: auth.Editor, method: "POST", path: "/api/pipelines/p/run", body: `{"params":{"day":"today","m":1}}`, want: 400, has: []string{"invalid_params", `"path":"params.day"`, `"path":"params.m"`}},
		{name: "no value", as: auth.Editor, method: "POST", path: "/api/pipelines/p/run", body: `{"params":{"day":null}}`, want: 400, has: []string{`"path":"params.day"`}},
	} {
		w.run(sc)
	}
}
