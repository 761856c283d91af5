package api_test

import (
	"strings"
	"testing"

	"github.com/broked/broked/internal/auth"
)

func TestHookCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	good := `{"name":"Pager","type":"webhook","url":"https://example.com/hook","events":["on_failure"],"enabled":true}`
	with := func(members string) string { return strings.Replace(good, "{", "{"+members+",", 1) }
	w.run(scenario{name: "list: nobody", method: "GET", path: "/api/hooks", want: 401})
	made := w.run(scenario{name: "make", as: auth.Admin, method: "POST", path: "/api/hooks", body: good, want: 201, has: []string{`"secret":"whsec_`, `"signed":true`}})
	hook := "/api/hooks/" + member(t, made, "id")
	secret := member(t, made, "secret")
	for _, sc := range []scenario{
		{name: "list: editor", as: auth.Editor, method: "GET", path: "/api/hooks", want: 403},
		{name: "list", as: auth.Admin, method: "GET", path: "/api/hooks", want: 200, has: []string{`"name":"Pager"`}, hasNot: []string{secret, "whsec"}},
		{name: "make: editor", as: auth.Editor, method: "POST", path: "/api/hooks", body: good, want: 403},
		{name: "make: no event", as: auth.Admin, method: "POST", path: "/api/hooks", body: `{"name":"x","type":"webhook","url":"https://x","events":[],"enabled":true}`, want: 400, has: []string{`"path":"events"`}},
		{name: "make: unknown event", as: auth.Admin, method: "POST", path: "/api/hooks", body: strings.Replace(good, "on_failure", "on_lunch", 1), want: 400, has: []string{`"path":"events"`}},
		{name: "make: no address", as: auth.Admin, method: "POST", path: "/api/hooks", body: strings.Replace(good, "https://example.com/hook", "ftp://x", 1), want: 400, has: []string{`"path":"url"`, "http://"}},
		{name: "make: password in the address", as: auth.Admin, method: "POST", path: "/api/hooks", body: strings.Replace(good, "https://", "https://a:b@", 1), want: 400, has: []string{`"path":"url"`}},
		{name: "make: channel of a webhook", as: auth.Admin, method: "POST", path: "/api/hooks", body: with(`"channel":"#a"`), want: 400, has: []string{`"path":"channel"`}},
		{name: "make: receivers of a webhook", as: auth.Admin, method: "POST", path: "/api/hooks", body: with(`"to":["ann@example.com"]`), want: 400, has: []string{`"path":"to"`}},
		{name: "make: e-mail to nobody", as: auth.Admin, method: "POST", path: "/api/hooks", body: `{"name":"x","type":"email","events":["on_start"],"enabled":true,"to":["ann"]}`, want: 400, has: []string{`"path":"to"`}},
		{name: "make: e-mail", as: auth.Admin, method: "POST", path: "/api/hooks", body: `{"name":"Mail","type":"email","events":["on_start"],"enabled":true,"to":["ann@example.com"]}`, want: 201, has: []string{`"signed":false`}, hasNot: []string{"secret"}},
		{name: "make: unknown member", as: auth.Admin, method: "POST", path: "/api/hooks", body: with(`"secret":"mine"`), want: 400},
		{name: "show: editor", as: auth.Editor, method: "GET", path: hook, want: 403},
		{name: "show: absent", as: auth.Admin, method: "GET", path: "/api/hooks/nothing", want: 404, has: []string{"hook_not_found"}},
		{name: "show", as: auth.Admin, method: "GET", path: hook, want: 200, hasNot: []string{"whsec"}},
		{name: "change: editor", as: auth.Editor, method: "PUT", path: hook, body: good, want: 403},
		{name: "change: absent", as: auth.Admin, method: "PUT", path: "/api/hooks/nothing", body: good, want: 404},
		{name: "change: bad", as: auth.Admin, method: "PUT", path: hook, body: `{}`, want: 400},
		{name: "change", as: auth.Admin, method: "PUT", path: hook, body: with(`"tag":"nightly","pipelines":"sales *"`), want: 200, has: []string{`"tag":"nightly"`, `"signed":true`}},
		{name: "secret: editor", as: auth.Editor, method: "POST", path: hook + "/secret", want: 403},
		{name: "secret: absent", as: auth.Admin, method: "POST", path: "/api/hooks/nothing/secret", want: 404},
		{name: "secret", as: auth.Admin, method: "POST", path: hook + "/secret", want: 200, has: []string{"whsec_"}, hasNot: []string{secret}},
		{name: "test: editor", as: auth.Editor, method: "POST", path: hook + "/test", want: 403},
		{name: "test: absent", as: auth.Admin, method: "POST", path: "/api/hooks/nothing/test", want: 404},
		{name: "deliveries: editor", as: auth.Editor, method: "GET", path: hook + "/deliveries", want: 403},
		{name: "deliveries: none", as: auth.Admin, method: "GET", path: hook + "/deliveries", want: 200, has: []string{"[]"}},
		{name: "deliveries: bad state", as: auth.Admin, method: "GET", path: hook + "/deliveries?state=lost", want: 400},
		{name: "deliveries: absent", as: auth.Admin, method: "GET", path: "/api/hooks/nothing/deliveries", want: 404},
	} {
		w.run(sc)
	}
	tried := w.run(scenario{name: "test", as: auth.Admin, method: "POST", path: hook + "/test", want: 202, has: []string{`"state":"pending"`, `"event":"test"`}})
	resend := hook + "/deliveries/" + member(t, tried, "id") + "/resend"
	for _, sc := range []scenario{
		{name: "deliveries", as: auth.Admin, method: "GET", path: hook + "/deliveries?state=pending", want: 200, has: []string{member(t, tried, "id"), `"hook_name":"Pager"`}},
		{name: "resend: editor", as: auth.Editor, method: "POST", path: resend, want: 403},
		{name: "resend: absent", as: auth.Admin, method: "POST", path: hook + "/deliveries/nothing/resend", want: 404, has: []string{"delivery_not_found"}},
		{name: "resend", as: auth.Admin, method: "POST", path: resend, want: 202, has: []string{`"attempts":0`}},
		{name: "delete: editor", as: auth.Editor, method: "DELETE", path: hook, want: 403},
		{name: "delete: absent", as: auth.Admin, method: "DELETE", path: "/api/hooks/nothing", want: 404},
		{name: "delete", as: auth.Admin, method: "DELETE", path: hook, want: 204},
		{name: "deleted", as: auth.Admin, method: "GET", path: hook, want: 404},
		{name: "audit", as: auth.Admin, method: "GET", path: "/api/audit", want: 200, has: []string{"hook_created", "hook_changed", "hook_secret_made", "hook_tested", "delivery_resent", "hook_deleted"}, hasNot: []string{"whsec"}},
	} {
		w.run(sc)
	}
}

func TestPipelineHookCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	hooked := func(hooks string) string { return strings.Replace(document("sales"), "{", "{"+hooks+",", 1) }
	const both = `"webhook_url":"https://example.com/all","hooks":{"on_failure":{"type":"slack","url":"https://example.com/chat","enabled":true,"extra":{"channel":"#ops"}},"on_start":{"type":"webhook","url":"","enabled":true}}`
	hook := "/api/pipelines/sales/hooks/on_failure"
	for _, sc := range []scenario{
		{name: "save: bad type", as: auth.Editor, method: "POST", path: "/api/pipelines", body: hooked(`"hooks":{"on_failure":{"type":"fax","url":"https://x","enabled":true}}`), want: 400, has: []string{"hooks.on_failure.type"}},
		{name: "save: bad address", as: auth.Editor, method: "POST", path: "/api/pipelines", body: hooked(`"webhook_url":"example.com"`), want: 400, has: []string{`"path":"webhook_url"`}},
		{name: "validate: warns", as: auth.Editor, method: "POST", path: "/api/pipelines/validate", body: hooked(both), want: 200, has: []string{`"path":"hooks.on_start.url"`, "nobody is told"}},
		{name: "save", as: auth.Editor, method: "POST", path: "/api/pipelines", body: hooked(both), want: 201},
		{name: "list: nobody", method: "GET", path: "/api/pipelines/sales/hooks", want: 401},
		{name: "list: absent", as: auth.Viewer, method: "GET", path: "/api/pipelines/nothing/hooks", want: 404},
		{name: "list", as: auth.Viewer, method: "GET", path: "/api/pipelines/sales/hooks", want: 200, has: []string{`"name":"on_failure"`, `"channel":"#ops"`, `"name":"webhook_url"`, `"signed":false`}, hasNot: []string{"on_start"}},
		{name: "not among those for many", as: auth.Admin, method: "GET", path: "/api/hooks", want: 200, has: []string{"[]"}},
		{name: "secret: viewer", as: auth.Viewer, method: "POST", path: "/api/pipelines/sales/hooks/webhook_url/secret", want: 403},
		{name: "secret: absent", as: auth.Editor, method: "POST", path: "/api/pipelines/sales/hooks/on_start/secret", want: 404},
		{name: "secret", as: auth.Editor, method: "POST", path: "/api/pipelines/sales/hooks/webhook_url/secret", want: 200, has: []string{"whsec_"}},
		{name: "secret stays", as: auth.Editor, method: "PUT", path: "/api/pipelines/sales", body: `{"webhook_url":"https://example.com/other"}`, want: 200},
		{name: "signed", as: auth.Viewer, method: "GET", path: "/api/pipelines/sales/hooks", want: 200, has: []string{`"signed":true`, "https://example.com/other"}, hasNot: []string{"whsec"}},
		{name: "test: viewer", as: auth.Viewer, method: "POST", path: hook + "/test", want: 403},
		{name: "test: absent", as: auth.Editor, method: "POST", path: "/api/pipelines/sales/hooks/on_start/test", want: 404},
		{name: "deliveries: nobody", method: "GET", path: "/api/pipelines/sales/deliveries", want: 401},
		{name: "deliveries: absent", as: auth.Viewer, method: "GET", path: "/api/pipelines/nothing/deliveries", want: 404},
		{name: "deliveries of a run: nobody", method: "GET", path: "/api/runs/nothing/deliveries", want: 401},
		{name: "deliveries of a run: absent", as: auth.Viewer, method: "GET", path: "/api/runs/nothing/deliveries", want: 404},
	} {
		w.run(sc)
	}
	tried := w.run(scenario{name: "test", as: auth.Editor, method: "POST", path: hook + "/test", want: 202})
	resend := hook + "/deliveries/" + member(t, tried, "id") + "/resend"
	run := w.trigger(auth.Editor, "sales")
	w.run(scenario{name: "cancel", as: auth.Editor, method: "POST", path: "/api/runs/" + run + "/cancel", want: 200})
	for _, sc := range []scenario{
		{name: "deliveries", as: auth.Viewer, method: "GET", path: "/api/pipelines/sales/deliveries", want: 200, has: []string{member(t, tried, "id"), `"event":"on_cancel"`, `"hook_name":"webhook_url"`}},
		{name: "deliveries of the run", as: auth.Viewer, method: "GET", path: "/api/runs/" + run + "/deliveries?limit=5", want: 200, has: []string{`"event":"on_cancel"`}, hasNot: []string{`"event":"test"`}},
		{name: "resend: viewer", as: auth.Viewer, method: "POST", path: resend, want: 403},
		{name: "resend: another hook", as: auth.Editor, method: "POST", path: strings.Replace(resend, "on_failure", "webhook_url", 1), want: 404},
		{name: "resend", as: auth.Editor, method: "POST", path: resend, want: 202},
		{name: "the document lets it go", as: auth.Editor, method: "PUT", path: "/api/pipelines/sales", body: `{"hooks":{}}`, want: 200},
		{name: "gone", as: auth.Editor, method: "POST", path: resend, want: 404, has: []string{"hook_not_found"}},
	} {
		w.run(sc)
	}
}
