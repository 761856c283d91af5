package api_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/limits"
)

// tokenHeader is the header of a request with a token.
func tokenHeader(token string) map[string]string { return map[string]string{"X-Webhook-Token": token} }

// hooked makes a webhook and returns its token and secret.
func (w *world) hooked(pipeline, request string) (token, secret string) {
	w.t.Helper()
	text := w.run(scenario{name: "make webhook", as: auth.Editor, method: "PUT", path: "/api/pipelines/" + pipeline + "/webhook", body: request, want: 200})
	token = member(w.t, text, "token")
	if strings.Contains(text, `"secret"`) {
		secret = member(w.t, text, "secret")
	}
	return token, secret
}

func TestWebhookCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	const at = "/api/pipelines/p/webhook"
	w.run(scenario{name: "p", as: auth.Editor, method: "POST", path: "/api/pipelines", body: strings.Replace(document("p"), "{", `{"parameters":{"day":{"type":"date"},"n":{"type":"integer"}},`, 1), want: 201})
	w.run(scenario{name: "sketch", as: auth.Editor, method: "POST", path: "/api/pipelines", body: `{"name":"sketch","draft":true}`, want: 201})
	for _, sc := range []scenario{
		{name: "read: nobody", method: "GET", path: at, want: 401},
		{name: "read: none", as: auth.Viewer, method: "GET", path: at, want: 204},
		{name: "read: absent", as: auth.Viewer, method: "GET", path: "/api/pipelines/q/webhook", want: 404, has: []string{"pipeline_not_found"}},
		{name: "make: nobody", method: "PUT", path: at, body: `{}`, want: 401},
		{name: "make: viewer", as: auth.Viewer, method: "PUT", path: at, body: `{}`, want: 403},
		{name: "make: bad", as: auth.Editor, method: "PUT", path: at, body: `{"signed":"yes"}`, want: 400},
		{name: "make: absent", as: auth.Editor, method: "PUT", path: "/api/pipelines/q/webhook", body: `{}`, want: 404},
		{name: "pause: none", as: auth.Editor, method: "POST", path: at + "/pause", want: 404, has: []string{"webhook_not_found"}},
		{name: "remove: none", as: auth.Editor, method: "DELETE", path: at, want: 404, has: []string{"webhook_not_found"}},
		{name: "fire: no webhook", method: "POST", path: at, header: tokenHeader("whk_0123456789abcdef"), want: 401, has: []string{"invalid_webhook_token"}},
	} {
		w.run(sc)
	}
	token, _ := w.hooked("p", `{"signed":false}`)
	other, _ := w.hooked("sketch", `{"signed":false}`)
	const wrong = `{"error":"invalid webhook token","code":"invalid_webhook_token"`
	for _, sc := range []scenario{
		{name: "read", as: auth.Viewer, method: "GET", path: at, want: 200, has: []string{`"token_end":"` + token[len(token)-4:] + `"`, `"signed":false`, `"paused":false`}, hasNot: []string{token, "last_run_id"}},
		{name: "fire: nothing", method: "POST", path: at, want: 401, has: []string{wrong}},
		{name: "fire: wrong", method: "POST", path: at, header: tokenHeader(token[:len(token)-1]), want: 401, has: []string{wrong}},
		{name: "fire: of another pipeline", method: "POST", path: at, header: tokenHeader(other), want: 401, has: []string{wrong}},
		{name: "fire: absent", method: "POST", path: "/api/pipelines/q/webhook", header: tokenHeader(token), want: 401, has: []string{wrong}},
		{name: "fire: an account does not help", as: auth.Superadmin, method: "POST", path: at, want: 401, has: []string{wrong}},
		{name: "fire: two tokens", method: "POST", path: at + "?token=" + other, header: tokenHeader(token), want: 400},
		{name: "fire: long token", method: "POST", path: at, header: tokenHeader(strings.Repeat("k", 5000)), want: 401, has: []string{wrong}},
		{name: "fire: GET", as: auth.Viewer, method: "GET", path: at + "/pause", want: 405},
		{name: "fire: a form", method: "POST", path: at, body: "files[filepath]=/etc/passwd", header: map[string]string{"X-Webhook-Token": token, "Content-Type": "multipart/form-data; boundary=x"}, want: 415},
		{name: "fire: compressed", method: "POST", path: at, body: "x", header: map[string]string{"X-Webhook-Token": token, "Content-Encoding": "gzip"}, want: 415},
		{name: "fire: too large", method: "POST", path: at, body: `"` + strings.Repeat("x", 1<<20) + `"`, header: tokenHeader(token), want: 413},
		{name: "fire: not JSON", method: "POST", path: at, body: `{"n":`, header: tokenHeader(token), want: 400, has: []string{"invalid_json"}},
		{name: "fire: twice the same member", method: "POST", path: at, body: `{"n":1,"n":2}`, header: tokenHeader(token), want: 400, has: []string{"is there twice"}},
		{name: "fire: wrong type", method: "POST", path: at, body: `{"n":"many"}`, header: tokenHeader(token), want: 400, has: []string{`"path":"params.n"`}},
		{name: "fire: a list for a number", method: "POST", path: at, body: `{"n":[1]}`, header: tokenHeader(token), want: 400, has: []string{`"path":"params.n"`}},
		{name: "fire: unknown parameter", method: "POST", path: at, body: `{"params":{"m":1}}`, header: tokenHeader(token), want: 400, has: []string{`"path":"params.m"`}},
		{name: "fire: long key", method: "POST", path: at, header: map[string]string{"X-Webhook-Token": token, "webhook-id": strings.Repeat("k", 256)}, want: 400, has: []string{"bad_idempotency_key"}},
		{name: "fire: draft", method: "POST", path: "/api/pipelines/sketch/webhook", header: tokenHeader(other), want: 409, has: []string{`"code":"draft"`}},
		{name: "no run of all these", as: auth.Viewer, method: "GET", path: "/api/runs", want: 200, has: []string{"[]"}},

		{name: "fire: without a body", method: "POST", path: at, header: tokenHeader(token), want: 200, has: []string{`"run_id":"`, `"status":"pending"`}},
		{name: "fire: in the address", method: "POST", path: "/api/v1/pipelines/p/webhook?token=" + token, body: `{"day":"2026-03-01","n":12345678901234567,"other":{"a":1}}`, want: 200},
		{name: "fire: params", method: "POST", path: at, body: `{"params":{"n":2},"n":3}`, header: tokenHeader(token), want: 200},
		{name: "runs", as: auth.Viewer, method: "GET", path: "/api/runs", want: 200, has: []string{`"n":"12345678901234567"`, `"n":"2"`, `"day":"2026-03-01"`, `"trigger":"webhook","`, `"started_by":"webhook"`}, hasNot: []string{`"other"`}},
		{name: "read: last run", as: auth.Viewer, method: "GET", path: at, want: 200, has: []string{`"last_run_id":"`, `"last_at":"`}},

		{name: "pause: viewer", as: auth.Viewer, method: "POST", path: at + "/pause", want: 403},
		{name: "pause", as: auth.Editor, method: "POST", path: at + "/pause", want: 200, has: []string{`"paused":true`}},
		{name: "fire: paused", method: "POST", path: at, header: tokenHeader(token), want: 409, has: []string{"webhook_paused"}},
		{name: "resume: viewer", as: auth.Viewer, method: "POST", path: at + "/resume", want: 403},
		{name: "resume", as: auth.Editor, method: "POST", path: at + "/resume", want: 200, has: []string{`"paused":false`}},
		{name: "switch off", as: auth.Editor, method: "PUT", path: "/api/pipelines/p", body: `{"enabled":false}`, want: 200},
		{name: "fire: pipeline is off", method: "POST", path: at, header: tokenHeader(token), want: 409, has: []string{"pipeline_paused"}},
		{name: "switch on", as: auth.Editor, method: "PUT", path: "/api/pipelines/p", body: `{"enabled":true}`, want: 200},
		{name: "clones have none", as: auth.Editor, method: "POST", path: "/api/pipelines/p/clone", want: 201},
		{name: "clone", as: auth.Viewer, method: "GET", path: "/api/pipelines/p-copy/webhook", want: 204},
	} {
		w.run(sc)
	}
	again, _ := w.hooked("p", `{"signed":false}`)
	for _, sc := range []scenario{
		{name: "rotated: old token", method: "POST", path: at, header: tokenHeader(token), want: 401, has: []string{wrong}},
		{name: "rotated: new token", method: "POST", path: at, header: tokenHeader(again), want: 200},
		{name: "remove: viewer", as: auth.Viewer, method: "DELETE", path: at, want: 403},
		{name: "remove", as: auth.Editor, method: "DELETE", path: at, want: 204},
		{name: "removed", method: "POST", path: at, header: tokenHeader(again), want: 401, has: []string{wrong}},
		{name: "audit", as: auth.Admin, method: "GET", path: "/api/audit?limit=100", want: 200, has: []string{"webhook_made", "webhook_paused", "webhook_resumed", "webhook_removed", `"cause":"webhook"`}, hasNot: []string{token, again}},
	} {
		w.run(sc)
	}
}

// signed returns the headers of a signed request, made as Standard Webhooks says.
func signed(token, secret, id string, at time.Time, body string) map[string]string {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.%s", id, at.Unix(), body)
	return map[string]string{
		"X-Webhook-Token": token, "webhook-id": id, "webhook-timestamp": strconv.FormatInt(at.Unix(), 10),
		"webhook-signature": "v1a,x v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)),
	}
}

// with returns headers with one of them replaced.
func with(header map[string]string, name, value string) map[string]string {
	all := maps.Clone(header)
	all[name] = value
	return all
}

// TestSignedWebhooks: with a secret a request counts only as it was sent, and once.
func TestSignedWebhooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	w.create(auth.Editor, "p")
	w.create(auth.Editor, "q")
	const at, body = "/api/pipelines/p/webhook", `{"n":1}`
	token, secret := w.hooked("p", `{}`)
	_, foreign := w.hooked("q", `{}`)
	now := time.Now()
	right := signed(token, secret, "msg_1", now, body)
	const bad = "invalid_webhook_signature"
	for _, sc := range []scenario{
		{name: "no signature", header: tokenHeader(token), want: 401, has: []string{bad, "webhook-id"}},
		{name: "no token", header: with(right, "X-Webhook-Token", ""), want: 401, has: []string{"invalid_webhook_token"}},
		{name: "no timestamp", header: with(right, "webhook-timestamp", ""), want: 401, has: []string{bad}},
		{name: "empty signature", header: with(right, "webhook-signature", "v1,"), want: 401, has: []string{bad}},
		{name: "truncated", header: with(right, "webhook-signature", right["webhook-signature"][:20]), want: 401, has: []string{bad}},
		{name: "another algorithm", header: with(right, "webhook-signature", strings.Replace(right["webhook-signature"], "v1,", "v1a,", 1)), want: 401, has: []string{bad}},
		{name: "of another webhook", header: signed(token, foreign, "msg_1", now, body), want: 401, has: []string{bad}},
		{name: "another body", body: `{"n": 1}`, header: right, want: 401, has: []string{bad}},
		{name: "another id", header: with(right, "webhook-id", "msg_2"), want: 401, has: []string{bad}},
		{name: "an id with dots", header: signed(token, secret, "a.b", now, body), want: 401, has: []string{bad}},
		{name: "old", header: signed(token, secret, "msg_1", now.Add(-310*time.Second), body), want: 401, has: []string{"5 minutes"}},
		{name: "from the future", header: signed(token, secret, "msg_1", now.Add(310*time.Second), body), want: 401, has: []string{"5 minutes"}},
		{name: "timestamp 0", header: with(right, "webhook-timestamp", "0"), want: 401, has: []string{bad}},
		{name: "timestamp is text", header: with(right, "webhook-timestamp", "today"), want: 401, has: []string{bad}},
		{name: "right", header: right, want: 200, has: []string{`"run_id":"`}},
	} {
		sc.method, sc.path = "POST", at
		if sc.body == "" {
			sc.body = body
		}
		w.run(sc)
	}
	var each sync.Map
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			res, text := w.call(scenario{method: "POST", path: at, body: body, header: signed(token, secret, "msg_1", now.Add(time.Second), body)})
			if res.StatusCode != http.StatusOK || res.Header.Get("Idempotency-Replayed") != "true" {
				t.Errorf("sent again: %d %s", res.StatusCode, text)
			}
			each.Store(text, true)
		})
	}
	all.Wait()
	answers := 0
	each.Range(func(any, any) bool { answers++; return true })
	if answers != 1 {
		t.Errorf("%d answers to one request", answers)
	}
	w.run(scenario{name: "other words under the same id", method: "POST", path: at, body: `{}`, header: signed(token, secret, "msg_1", now, `{}`), want: 409, has: []string{"idempotency_key_reused"}})
	w.run(scenario{name: "one run", as: auth.Viewer, method: "GET", path: "/api/runs?page=1&page_size=10", want: 200, has: []string{`"total":1`}})
}

// TestTokensOfDocuments: a token in a document is that of its webhook, and is not read
// again.
func TestTokensOfDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	const token = "whk_000102030405060708090a0b0c0d0e0f1011121314151617"
	given := func(name, token string) string {
		return strings.Replace(document(name), "{", `{"webhook_token":"`+token+`",`, 1)
	}
	made := w.run(scenario{name: "asks for one", as: auth.Editor, method: "POST", path: "/api/pipelines", body: given("asks", ""), want: 201, has: []string{`"webhook_token":"whk_`}})
	for _, sc := range []scenario{
		{name: "short", as: auth.Editor, method: "POST", path: "/api/pipelines", body: given("short", "guess"), want: 400, has: []string{`"path":"webhook_token"`}},
		{name: "make", as: auth.Editor, method: "POST", path: "/api/pipelines", body: given("p", token), want: 201, has: []string{token}},
		{name: "read", as: auth.Editor, method: "GET", path: "/api/pipelines/p", want: 200, hasNot: []string{"webhook_token"}},
		{name: "version", as: auth.Editor, method: "GET", path: "/api/pipelines/p/versions/1", want: 200, hasNot: []string{"webhook_token"}},
		{name: "save", as: auth.Editor, method: "PUT", path: "/api/pipelines/p", body: `{"description":"x","webhook_token":""}`, want: 200},
		{name: "fire", method: "POST", path: "/api/pipelines/p/webhook", header: tokenHeader(token), want: 200},
		{name: "fire the one that asked", method: "POST", path: "/api/pipelines/asks/webhook", header: tokenHeader(member(t, made, "webhook_token")), want: 200},
		{name: "another token", as: auth.Editor, method: "PUT", path: "/api/pipelines/p", body: `{"webhook_token":"` + strings.Repeat("k", 20) + `"}`, want: 200},
		{name: "fire with the old one", method: "POST", path: "/api/pipelines/p/webhook", header: tokenHeader(token), want: 401},
		{name: "fire with the new one", method: "POST", path: "/api/pipelines/p/webhook", header: tokenHeader(strings.Repeat("k", 20)), want: 200},
	} {
		w.run(sc)
	}
}

// TestWebhooksAreLimited: by the pipeline, and only those whose token is right.
func TestWebhooksAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(d *api.Deps) {
		d.Limits = map[api.Class]limits.Rate{"webhook": limits.Per(1, time.Hour, 2)}
	}).withAccounts()
	w.create(auth.Editor, "p")
	w.create(auth.Editor, "q")
	p, _ := w.hooked("p", `{"signed":false}`)
	q, _ := w.hooked("q", `{"signed":false}`)
	for i, want := range []int{401, 401, 401, 200, 200, 429} {
		token := p
		if want == 401 {
			token = "whk_wrong"
		}
		w.run(scenario{name: fmt.Sprint("request ", i), method: "POST", path: "/api/pipelines/p/webhook", header: tokenHeader(token), want: want})
	}
	w.run(scenario{name: "another pipeline", method: "POST", path: "/api/pipelines/q/webhook", header: tokenHeader(q), want: 200})
}

// TestHubSignature: GitHub signs the body alone, with the whole secret, and says in a
// header of its own which delivery it is.
func TestHubSignature(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	w.create(auth.Editor, "p")
	const at, body, bad = "/api/pipelines/p/webhook", `{"ref":"main"}`, "invalid_webhook_signature"
	token, secret := w.hooked("p", `{}`)
	of := func(secret, body string) map[string]string {
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprint(mac, body)
		return map[string]string{"X-Webhook-Token": token, "X-Hub-Signature-256": fmt.Sprintf("sha256=%x", mac.Sum(nil)), "X-GitHub-Delivery": "72d3162e"}
	}
	right := of(secret, body)
	for _, sc := range []scenario{
		{name: "another secret", body: body, header: of("secret", body), want: 401, has: []string{bad}},
		{name: "another body", body: body, header: of(secret, "{}"), want: 401, has: []string{bad}},
		{name: "no mark", body: body, header: with(right, "X-Hub-Signature-256", right["X-Hub-Signature-256"][7:]), want: 401, has: []string{bad}},
		{name: "no digits", body: body, header: with(right, "X-Hub-Signature-256", "sha256="), want: 401, has: []string{bad}},
		{name: "beside a wrong one", body: body, header: with(right, "webhook-signature", "v1,x"), want: 401, has: []string{bad}},
		{name: "right", body: body, header: right, want: 200, has: []string{`"status":"pending"`}},
		{name: "again", body: body, header: right, want: 200, has: []string{`"status":"pending"`}},
	} {
		sc.method, sc.path = "POST", at
		w.run(sc)
	}
	w.run(scenario{name: "one run", as: auth.Viewer, method: "GET", path: "/api/pipelines/p/runs?per_page=10&page=1", want: 200, has: []string{`"total":1`}})
}
