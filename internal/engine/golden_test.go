package engine_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/broked/broked/internal/executor"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/nodes"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

var update = flag.Bool("update", false, "write what comes out into the golden files")

// TestGolden runs whole documents. A case is one file: a document, the files that
// it reads, and under want/ everything that comes out: problems of the document,
// or rows of every node, the failure, what was logged and the files written. Files
// called GET /path and so on are what a server answers, which the document calls by
// https://api.example.com; want/requests is what it was asked.
// want/plan is the runs that it is told to start.
func TestGolden(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/golden/*/*.txtar")
	ok(t, err)
	if least := 150; len(cases) < least {
		t.Errorf("%d cases, want at least %d", len(cases), least)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(path, "testdata/golden/"), ".txtar"), func(t *testing.T) {
			t.Parallel()
			golden(t, path)
		})
	}
}

// TestExamplesOfTheReference runs the example that every kind has in its page.
func TestExamplesOfTheReference(t *testing.T) {
	t.Parallel()
	for _, spec := range nodes.All() {
		t.Run(spec.Kind, func(t *testing.T) {
			t.Parallel()
			golden(t, "../nodes/examples/"+spec.Kind+".txtar")
		})
	}
}

func golden(t *testing.T, path string) {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	ok(t, err)
	given, want := map[string]string{}, map[string]string{}
	api := &sham{t: t}
	for _, f := range archive.Files {
		if name, out := strings.CutPrefix(f.Name, "want/"); out {
			want[name] = string(f.Data)
		} else if strings.Contains(f.Name, " /") {
			api.answers = append(api.answers, f)
		} else {
			given[f.Name] = string(f.Data)
		}
	}
	if len(api.answers) > 0 {
		given["pipeline.yaml"] = strings.ReplaceAll(given["pipeline.yaml"], shamHost, api.start())
	}
	got := outcomeOf(t, given)
	if len(api.asked) > 0 {
		got["requests"] = strings.Join(api.asked, "")
	}
	if *update {
		archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, "want/") })
		for _, name := range slices.SortedFunc(maps.Keys(got), wantOrder) {
			archive.Files = append(archive.Files, txtar.File{Name: "want/" + name, Data: []byte(got[name])})
		}
		ok(t, os.WriteFile(path, txtar.Format(archive), 0o600))
		return
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("%s(-want +got)\n%s", archive.Comment, diff)
	}
}

// wantOrder puts what a person asks first in front.
func wantOrder(a, b string) int {
	rank := func(name string) int {
		return slices.Index([]string{"problems", "failure", "rows", "plan", "log", "requests"}, name)
	}
	if rank(a) >= 0 && rank(b) >= 0 {
		return rank(a) - rank(b)
	}
	return cmp.Or(cmp.Compare(rank(b), rank(a)), strings.Compare(a, b))
}

// outcomeOf runs pipeline.yaml among the other files of a case.
func outcomeOf(t *testing.T, given map[string]string) map[string]string {
	t.Helper()
	kinds, err := node.NewRegistry(offered(t)...)
	ok(t, err)
	d, err := pipelines.DecodeYAML([]byte(given["pipeline.yaml"]))
	ok(t, err)
	if f := d.Check(kinds); len(f.Problems) > 0 {
		return map[string]string{"problems": listed(f.Problems)}
	}
	j, err := executor.NewJob(d, kinds, runs.Run{ID: "r"}, nil)
	ok(t, err)
	j.Values["run.started_at"], j.Values["run.date"] = "2026-01-31T12:00:00Z", "2026-01-31"
	w := newWorld(t, given)
	j.Out.Policy = outbound.Policy{Allow: outbound.Loopback()}
	for name := range given {
		if db, is := strings.CutSuffix(name, ".sql"); is && strings.HasSuffix(db, ".db") {
			given[db] = w.read(db)
		}
	}
	j.Dir, j.Roots = w.run, job.Roots{Base: w.data, Allow: []string{w.data}}
	if strings.Contains(given["pipeline.yaml"], "type: map") {
		var asked planner
		out := w.outcome(j, converse(t.Context(), t, j, asked.answer), given)
		if asked.plan != "" {
			out["plan"] = asked.plan
		}
		return out
	}
	if strings.Contains(given["pipeline.yaml"], "source_webhook") {
		return w.outcome(j, converse(t.Context(), t, j, func(q job.Question) job.Reply { return inputReply(t, q, given[bodyFile]) }), given)
	}
	if !strings.Contains(given["pipeline.yaml"], "_contacts") {
		return w.outcome(j, execute(t.Context(), t, j), given)
	}
	p := newPeople(t, given[contactsFile])
	out := w.outcome(j, converse(t.Context(), t, j, p.answer), given)
	if all := p.lines(); all != "" && all != given[contactsFile] {
		out[contactsFile] = all
	}
	return out
}

// bodyFile has the body of the request that has started the run, in cases with one.
const bodyFile = "body.json"

func inputReply(t *testing.T, q job.Question, body string) job.Reply {
	t.Helper()
	text, err := json.Marshal(runs.Input{Body: []byte(body)})
	ok(t, err)
	return job.Reply{ID: q.ID, Body: text}
}

// planner notes the runs that nodes plan.
type planner struct{ plan string }

func (p *planner) answer(q job.Question) job.Reply {
	var request runs.PlanRequest
	if err := json.Unmarshal(q.Body, &request); err != nil || q.What != runs.AskPlan {
		return job.Reply{ID: q.ID, Error: job.FailureOf(fault.Wrap(fault.Invalid, err, "nobody answers %s", q.What))}
	}
	for i, params := range request.Params {
		line, err := json.Marshal(params)
		if err != nil {
			return job.Reply{ID: q.ID, Error: job.FailureOf(err)}
		}
		p.plan += fmt.Sprintf("%s %d %s\n", q.Node, request.First+i, line)
	}
	return job.Reply{ID: q.ID, Body: json.RawMessage("{}")}
}

// outcome tells a run in files.
func (w *world) outcome(j job.Job, r report, given map[string]string) map[string]string {
	out := map[string]string{"rows": ""}
	for _, s := range j.Nodes {
		switch m := r.nodes[s.ID]; {
		case m.Rows != nil:
			out["rows"] += fmt.Sprintf("%s %d\n", s.ID, *m.Rows)
		default:
			out["rows"] += fmt.Sprintf("%s %s\n", s.ID, m.Status)
		}
	}
	for _, m := range byNode(j, r.messages) {
		switch {
		case m.Type == job.Log:
			out["log"] += fmt.Sprintf("%s %s: %s\n", m.Level, m.Node, m.Message) + attached(m.Error)
		case m.Type == job.NodeFinished && m.Error != nil:
			out["failure"] += fmt.Sprintf("%s %s: %s\n", m.Node, m.Error.Code, m.Error.Message) + attached(m.Error)
		}
	}
	ok(w.t, filepath.WalkDir(w.data, func(path string, e fs.DirEntry, err error) error {
		name, _ := filepath.Rel(w.data, path)
		if text, was := given[filepath.ToSlash(name)]; err != nil || e.IsDir() || was && text == w.read(name) {
			return err
		}
		out[filepath.ToSlash(name)] = w.read(name)
		return nil
	}))
	return out
}

// byNode puts the messages of each node together, in the order of the job: nodes are
// at work at once, and what they say is in order only for each of them. What is about
// no node comes last.
func byNode(j job.Job, messages []job.Message) []job.Message {
	place := func(m job.Message) int {
		if i := slices.IndexFunc(j.Nodes, func(s job.Step) bool { return s.ID == m.Node }); i >= 0 {
			return i
		}
		return len(j.Nodes)
	}
	return slices.SortedStableFunc(slices.Values(messages), func(a, b job.Message) int { return place(a) - place(b) })
}

func listed(problems []fault.Problem) string {
	var lines strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&lines, "%s: %s\n", p.Path, p.Message)
	}
	return lines.String()
}

// attached tells the places and the rows that a failure has with it.
func attached(f *job.Failure) string {
	if f == nil {
		return ""
	}
	var lines strings.Builder
	for line := range strings.Lines(listed(f.Problems)) {
		lines.WriteString("  " + line)
	}
	if f.Rows != nil {
		names := make([]string, len(f.Rows.Columns))
		for i, c := range f.Rows.Columns {
			names[i] = c.Name
		}
		fmt.Fprintf(&lines, "  %s\n", strings.Join(names, " "))
		for _, row := range f.Rows.Rows {
			fmt.Fprintf(&lines, "  %v\n", row)
		}
	}
	return lines.String()
}
