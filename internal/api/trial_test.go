package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/console"
	"github.com/broked/broked/internal/engine"
	"github.com/broked/broked/internal/executor"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// inProcess executes trials in the process of the test: a server has engine
// processes for them.
type inProcess struct {
	t      *testing.T
	kinds  *node.Registry
	folder string
}

func (e inProcess) Job(_ context.Context, d pipelines.Document, params map[string]string) (job.Job, error) {
	return executor.NewJob(d, e.kinds, runs.Run{ID: "trial", Params: params}, nil)
}

func (e inProcess) Try(ctx context.Context, _ pipelines.Document, j job.Job, files map[string][]byte, hear func(job.Message)) (job.Message, error) {
	return e.try(ctx, j, files, func(string) job.Roots { return job.Roots{Base: e.folder, Allow: []string{e.folder}} }, hear)
}

func (e inProcess) try(ctx context.Context, j job.Job, files map[string][]byte, roots func(dir string) job.Roots, hear func(job.Message)) (job.Message, error) {
	j.Dir = e.t.TempDir()
	j.Roots = roots(j.Dir)
	for name, text := range files {
		must(e.t, os.WriteFile(filepath.Join(j.Dir, name), text, 0o600))
	}
	for _, s := range j.Nodes {
		if s.Pinned != nil {
			s.Pinned.Path = filepath.Join(j.Dir, s.Pinned.Path)
		}
	}
	text, err := json.Marshal(j)
	must(e.t, err)
	var out bytes.Buffer
	must(e.t, engine.Engine{Kinds: e.kinds, Log: slog.New(slog.DiscardHandler)}.Run(ctx, bytes.NewReader(text), &out))
	for messages := json.NewDecoder(&out); ; {
		var m job.Message
		must(e.t, messages.Decode(&m))
		if m.Type == job.Finished {
			return m, nil
		}
		hear(m)
	}
}

// Has implements console.Engine: nothing is kept.
func (inProcess) Has(runs.ID, runs.Artifact) bool { return false }

// Ask implements console.Engine.
func (e inProcess) Ask(ctx context.Context, a console.Ask) (job.Message, error) {
	limits := job.DefaultLimits()
	limits.PreviewRows, limits.PreviewBytes = a.Job.Limits.PreviewRows, a.Job.Limits.PreviewBytes
	a.Job.Limits = limits
	var dir string
	last, err := e.try(ctx, a.Job, a.Files, func(folder string) job.Roots {
		dir = folder
		return job.Roots{Base: folder, Allow: []string{folder}}
	}, a.Hear)
	if err == nil && last.Status == job.Success && a.Take != nil {
		err = a.Take(dir)
	}
	return last, err
}

func TestTrialCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withAccounts()
	must(t, os.MkdirAll(w.folder, 0o700))
	var csv strings.Builder
	csv.WriteString("id,amount\n")
	for range 500 {
		csv.WriteString("7,3\n")
	}
	must(t, os.WriteFile(filepath.Join(w.folder, "in.csv"), []byte(csv.String()), 0o600))
	const nodes = `"nodes":[
		{"id":"in","type":"source_file","name":"In","config":{"path":"in.csv"}},
		{"id":"big","type":"filter","name":"Big","config":{"condition":"amount >= ${param.least}"}},
		{"id":"out","type":"sink_file","name":"Out","config":{"path":"out.csv"}}],
		"edges":[{"from":"in","to":"big"},{"from":"big","to":"out"}]`
	const try, pins = "/api/pipelines/sales/dry-run", "/api/pipelines/sales/pins"
	const sales = "/api/pipelines/sales"
	named, renamed := "{"+nodes+"}", "{"+strings.NewReplacer(`"id":"in"`, `"id":"source"`, `"from":"in"`, `"from":"source"`).Replace(nodes)+"}"
	const absent, test = "/api/pipelines/nobody", "/api/pipelines/sales/test"
	pinned := `{"rows":[{"id":"007","amount":5},{"id":"x","amount":1}]}`
	w.run(scenario{name: "make", as: auth.Editor, method: "POST", path: "/api/pipelines", body: `{"name":"sales","params":{"least":"2"},` + nodes + `}`, want: 201})
	for _, sc := range []scenario{
		{name: "nobody", method: "POST", path: try, want: 401},
		{name: "viewer", as: auth.Viewer, method: "POST", path: try, want: 403},
		{name: "absent", as: auth.Editor, method: "POST", path: absent + "/dry-run", want: 404},
		{name: "everything", as: auth.Editor, method: "POST", path: try, want: 200, has: []string{
			`"status":"success"`, `"in":{"node_id":"in","name":"In","status":"success","row_count":100`, `"columns":["id","amount"]`, `"out":{"node_id":"out"`, "100 rows would be written",
		}},
		{name: "up to a node", as: auth.Editor, method: "POST", path: try, body: `{"until":"big","rows":3,"shown":2}`, want: 200, has: []string{`"row_count":3`, `"truncated":true`}, hasNot: []string{`"out"`}},
		{name: "up to no node", as: auth.Editor, method: "POST", path: try, body: `{"until":"bigg"}`, want: 400, has: []string{`"path":"until"`, `did you mean \"big\"`}},
		{name: "parameter", as: auth.Editor, method: "POST", path: try, body: `{"params":{"least":9}}`, want: 200, has: []string{`"row_count":0`}},
		{name: "bad parameter", as: auth.Editor, method: "POST", path: try, body: `{"params":{"least":[]}}`, want: 400, has: []string{"params.least"}},
		{name: "a node that fails", as: auth.Editor, method: "POST", path: try, body: `{"params":{"least":"x"}}`, want: 200, has: []string{`"status":"failed"`, `"failure":{"code":"`}},
		{name: "too much", as: auth.Editor, method: "POST", path: try, body: `{"rows":1000000,"share":2,"shown":-1}`, want: 400, has: []string{`"path":"rows"`, `"path":"share"`, `"path":"shown"`}},
		{name: "unknown member", as: auth.Editor, method: "POST", path: try, body: `{"row":1}`, want: 400},
		{name: "changes that are not saved", as: auth.Editor, method: "POST", path: try, body: `{"document":{"params":{"least":"4"}},"until":"big"}`, want: 200, has: []string{`"row_count":0`}},
		{name: "changes that are wrong", as: auth.Editor, method: "POST", path: try, body: `{"document":{"schedule":"sometimes"}}`, want: 400, has: []string{`"path":"schedule"`}},
		{name: "pins of its own", as: auth.Editor, method: "POST", path: try, body: `{"pins":{"in":` + pinned + `}}`, want: 200, has: []string{`"pinned":true`, `"007"`, `"row_count":1`}},
		{name: "pins of no node", as: auth.Editor, method: "POST", path: try, body: `{"pins":{"inn":` + pinned + `}}`, want: 400, has: []string{`"path":"pins.inn"`}},
		{name: "pins with types that do harm", as: auth.Editor, method: "POST", path: try, body: `{"pins":{"in":{"columns":[{"name":"id","type":"INT); DROP TABLE x"}],"rows":[]}}}`, want: 400, has: []string{"cannot be pinned"}},

		{name: "document: nobody", method: "POST", path: "/api/dry-run", want: 401},
		{name: "document: viewer", as: auth.Viewer, method: "POST", path: "/api/dry-run", body: `{}`, want: 403},
		{name: "document: none", as: auth.Editor, method: "POST", path: "/api/dry-run", body: `{}`, want: 400, has: []string{`"path":"document"`}},
		{name: "document", as: auth.Editor, method: "POST", path: "/api/dry-run", body: `{"rows":5,"document":{"name":"new","params":{"least":"1"},` + nodes + `}}`, want: 200, has: []string{`"row_count":5`}},
		{name: "document: wrong", as: auth.Editor, method: "POST", path: "/api/dry-run", body: `{"document":{"name":"new","nodes":[{"id":"a","type":"filtr"}]}}`, want: 400, has: []string{`did you mean \"filter\"`}},

		{name: "test: nobody", method: "POST", path: test, want: 401},
		{name: "test: viewer", as: auth.Viewer, method: "POST", path: test, want: 403},
		{name: "test: absent", as: auth.Editor, method: "POST", path: absent + "/test", want: 404},
		{name: "test: none", as: auth.Editor, method: "POST", path: test, want: 400, has: []string{`"path":"tests"`}},
		{name: "test: wrong", as: auth.Editor, method: "POST", path: test, body: `{"document":{"tests":[{"inputs":{"inn":7},"expect":{"big":"x"}},{"name":"a"}]}}`, want: 400, has: []string{
			`"path":"tests[0].name"`, `"path":"tests[0].inputs.inn"`, `"path":"tests[0].expect.big"`, `"path":"tests[1]"`,
		}},
		{name: "test", as: auth.Editor, method: "POST", path: test, body: `{"document":{"tests":[
			{"name":"as it is","inputs":{"in":"id,amount\n007,5\n8,\n9,1.5\n"},"params":{"least":"1"},"expect":{"big":[{"id":"007","amount":5},{"id":"9","amount":1.50}],"out":2}},
			{"name":"not as it is","inputs":{"in":[{"id":1,"amount":3},{"id":2,"amount":4}]},"expect":{"big":{"any_order":true,"rows":[{"id":2,"amount":4},{"id":1,"amount":7}]}}},
			{"name":"fails","params":{"least":"x"},"fails":{"node":"big"}},
			{"name":"does not fail","inputs":{"in":[{"id":1,"amount":3}]},"fails":{}}]}}`, want: 200, has: []string{
			`{"passed":false,"tests":[{"name":"as it is","passed":true,"problems":[]`, `"name":"not as it is","passed":false,"problems":[{"path":"big","message":"no row is as row 2`,
			`"name":"fails","passed":true`, `"the run succeeded"`,
		}},

		{name: "pins: nobody", method: "GET", path: pins, want: 401},
		{name: "pins: none", as: auth.Viewer, method: "GET", path: pins, want: 200, has: []string{"[]"}},
		{name: "pins: absent", as: auth.Viewer, method: "GET", path: absent + "/pins", want: 404},
		{name: "pin: viewer", as: auth.Viewer, method: "PUT", path: pins + "/in", body: pinned, want: 403},
		{name: "pin: absent", as: auth.Editor, method: "PUT", path: pins + "/inn", body: pinned, want: 404, has: []string{"node_not_found"}},
		{name: "pin: no rows", as: auth.Editor, method: "PUT", path: pins + "/in", body: `{"rows":[7]}`, want: 400, has: []string{`"path":"rows"`, "row 1 is not an object"}},
		{name: "pin: no columns", as: auth.Editor, method: "PUT", path: pins + "/in", body: `{"rows":[]}`, want: 400},
		{name: "pin", as: auth.Editor, method: "PUT", path: pins + "/in", body: pinned, want: 200, has: []string{`"pinned_by":"editor"`}},
		{name: "pins", as: auth.Viewer, method: "GET", path: pins, want: 200, has: []string{`"node_id":"in"`, `"007"`}},
		{name: "pinned", as: auth.Editor, method: "POST", path: try, want: 200, has: []string{`"007"`, `"pinned":true`}},
		{name: "pins left aside", as: auth.Editor, method: "POST", path: try, body: `{"no_pins":true}`, want: 200, hasNot: []string{`"007"`}},
		{name: "rename: not a pair", as: auth.Editor, method: "PUT", path: sales + "?renamed=in", body: renamed, want: 400, has: []string{`"path":"renamed[0]"`}},
		{name: "rename: twice", as: auth.Editor, method: "PUT", path: sales + "?renamed=in:source&renamed=in:b", body: renamed, want: 400, has: []string{`"path":"renamed[1]"`}},
		{name: "rename: none such", as: auth.Editor, method: "PUT", path: sales + "?renamed=inn:source&renamed=in:b", body: renamed, want: 400, has: []string{`has no node \"inn\"`, `has no node \"b\"`}},
		{name: "rename: still there", as: auth.Editor, method: "PUT", path: sales + "?renamed=in:in", body: `{}`, want: 200},
		{name: "rename: of another", as: auth.Editor, method: "PUT", path: sales + "?renamed=in:big", body: `{}`, want: 400, has: []string{"is still the id of a node"}},
		{name: "rename: viewer", as: auth.Viewer, method: "PUT", path: sales + "?renamed=in:source", body: renamed, want: 403},
		{name: "rename", as: auth.Editor, method: "PUT", path: sales + "?renamed=in:source", body: renamed, want: 200},
		{name: "pins go with their nodes", as: auth.Viewer, method: "GET", path: pins, want: 200, has: []string{`"node_id":"source"`, `"007"`, `"pinned_by":"editor"`}, hasNot: []string{`"node_id":"in"`}},
		{name: "and back", as: auth.Editor, method: "PUT", path: sales + "?renamed=source:in", body: named, want: 200},
		{name: "unpin: viewer", as: auth.Viewer, method: "DELETE", path: pins + "/in", want: 403},
		{name: "unpin", as: auth.Editor, method: "DELETE", path: pins + "/in", want: 204},
		{name: "unpin: nothing", as: auth.Editor, method: "DELETE", path: pins + "/in", want: 404, has: []string{"no_pin"}},

		{name: "no run is on record", as: auth.Viewer, method: "GET", path: "/api/runs", want: 200, has: []string{"[]"}},
	} {
		w.run(sc)
	}
	if _, err := os.Stat(filepath.Join(w.folder, "out.csv")); err == nil {
		t.Error("a trial has written a file")
	}
}
