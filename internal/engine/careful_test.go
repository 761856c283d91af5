package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
)

// flaky is a node that fails so many times, and then passes its rows on.
type flaky struct {
	Fails   int  `json:"fails"`
	Passing bool `json:"passing"` // the failures may pass by themselves
	Hangs   bool `json:"hangs"`   // it does not return before it has to
}

func (f *flaky) try(ctx context.Context) error {
	if f.Fails--; f.Fails < 0 {
		return nil
	}
	if f.Hangs {
		<-ctx.Done()
		return errors.New("hung up")
	}
	err := error(fault.New(fault.Unavailable, "the service is away").With("away"))
	if f.Passing {
		err = fault.Transient(err)
	}
	return err
}

type (
	flakyRelation struct{ flaky }
	flakySource   struct{ flaky }
	flakyProcess  struct{ flaky }
	flakySink     struct{ flaky }
)

func (f *flakyRelation) Select(ctx context.Context, _ node.Env, in []node.Relation) (node.Relation, error) {
	rel := in[0]
	rel.SameRows = true
	return rel, f.try(ctx)
}

func (f *flakySource) Process(ctx context.Context, _ node.Env, _ node.Rows, write func(batch.Batch) error) error {
	if err := write(batch.Batch{Rows: 2, Columns: []batch.Column{{Name: "a", Kind: batch.Int, Type: "BIGINT", Ints: []int64{1, 2}}}}); err != nil {
		return err
	}
	return f.try(ctx)
}

func (f *flakyProcess) Process(ctx context.Context, _ node.Env, in node.Rows, write func(batch.Batch) error) error {
	for b, err := range in.Batches {
		if err != nil {
			return err
		}
		if err := write(b); err != nil {
			return err
		}
	}
	return f.try(ctx)
}

func (f *flakySink) Write(ctx context.Context, env node.Env, in node.Relation) (int64, node.Relation, error) {
	if err := f.try(ctx); err != nil {
		return 0, node.Relation{}, err
	}
	table, err := env.DB.Query(ctx, "SELECT count(*) FROM ("+in.SQL+")", 1)
	if err != nil {
		return 0, node.Relation{}, err
	}
	n, _ := table.Rows[0][0].(int64)
	return n, node.Relation{}, nil
}

func flakyKind[N any](kind string, category node.Category, inputs int) node.Spec {
	return node.Spec{
		Kind: kind, Category: category, MinInputs: inputs, MaxInputs: inputs,
		Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{{Name: "fails"}, {Name: "passing"}, {Name: "hangs"}}},
		New: func(config json.RawMessage) (node.Node, error) {
			n := new(N)
			return n, json.Unmarshal(config, n)
		},
	}
}

var flakyKinds = []node.Spec{
	flakyKind[flakyRelation]("flaky-relation", node.Transform, 1), flakyKind[flakySource]("flaky-source", node.Source, 0),
	flakyKind[flakyProcess]("flaky-process", node.Transform, 1), flakyKind[flakySink]("flaky-sink", node.Target, 1),
}

// TestFailuresAndWhatComesOfThem runs a node of each sort between a source and a
// sink, and tells how every node ended, how often the flaky one was tried and what
// the warnings say.
func TestFailuresAndWhatComesOfThem(t *testing.T) {
	t.Parallel()
	const again = `"max_retries": "2", "retry_delay": 1`
	for _, tc := range []struct {
		name, settings string
		ends           string // of flaky, behind and out; with the number of the run's retries
		end            job.Status
		code, warns    string
	}{
		{"passes in the end", `"fails": 2, "passing": true, ` + again, "success/success/success 2", job.Success, "", "attempt 2 of 3 failed: the service is away"},
		{"passes too late", `"fails": 3, "passing": true, ` + again, "failed/skipped/skipped 2", job.Failed, "away", "attempt 2 of 3 failed"},
		{"does not pass", `"fails": 1, ` + again, "failed/skipped/skipped 0", job.Failed, "away", ""},
		{"not to be tried again", `"fails": 1, "passing": true`, "failed/skipped/skipped 0", job.Failed, "away", ""},
		{"too slow once", `"fails": 1, "hangs": true, "timeout": "0.05", ` + again, "success/success/success 1", job.Success, "", "attempt 1 of 3 failed: the node did not finish within the 50ms"},
		{"too slow", `"fails": 1, "hangs": true, "timeout": 0.05`, "failed/skipped/skipped 0", job.Failed, "timeout", ""},
		{"in time", `"fails": 0, "timeout": 60`, "success/success/success 0", job.Success, "", ""},
		{"skipped", `"fails": 1, "on_failure": "skip"`, "failed/skipped/skipped 0", job.Success, "away", "the run went on although a node failed: flaky"},
		{"skipped after retries", `"fails": 9, "passing": true, "on_failure": "skip", ` + again, "failed/skipped/skipped 2", job.Success, "away", "the run went on although a node failed: flaky"},
		{"passed by", `"fails": 1, "on_failure": "continue"`, "failed/success/success 0", job.Success, "away", "the run goes on with the rows that came into this node"},
	} {
		for _, kind := range []string{"flaky-relation", "flaky-process", "flaky-source", "flaky-sink"} {
			if kind == "flaky-relation" && strings.HasPrefix(tc.name, "too slow") {
				continue // its own statement is what is slow, not its planning
			}
			t.Run(kind+" "+tc.name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, map[string]string{"in.csv": "a\n1\n2\n"})
				j, want := w.flakyJob(kind, tc.settings), tc.ends
				switch {
				case kind == "flaky-sink":
					want = strings.Replace(want, "skipped/skipped", "success/success", 1) // they are not behind it
					if tc.end == job.Failed {
						want = tc.ends
					}
				case kind == "flaky-source" && tc.name == "passed by":
					want = "failed/skipped/skipped 0"
				}
				r := execute(t.Context(), t, j, flakyKinds...)
				if got := r.told(); kind != "flaky-sink" && got != want || r.end.Status != tc.end {
					t.Errorf("ended %s: %s, want %s: %s", r.end.Status, got, tc.end, want)
				}
				if f := r.nodes["flaky"].Error; tc.code != "" && (f == nil || f.Code != tc.code) {
					t.Errorf("the failure is %+v, want %s", f, tc.code)
				}
				if tc.name != "passed by" && !strings.Contains(r.warnings(), tc.warns) {
					t.Errorf("warned %q, want %q", r.warnings(), tc.warns)
				}
			})
		}
	}
}

// flakyJob has a flaky node of a kind between a source and a sink.
func (w *world) flakyJob(kind, settings string) job.Job {
	edges := "in>flaky flaky>behind behind>out"
	switch kind {
	case "flaky-source":
		edges = "in>rest flaky>behind behind>out"
	case "flaky-sink":
		edges = "in>flaky in>behind behind>out"
	}
	nodes := fmt.Sprintf(`
		in source_file {"path": "in.csv"}
		flaky %s {%s}
		behind where {"sql": "a > 1"}
		out sink_file {"path": "out.csv"}`, kind, settings)
	if kind == "flaky-source" {
		nodes += "\nrest sink_file {\"path\": \"rest.csv\"}"
	}
	return w.job(nodes, edges)
}

// told tells how the nodes ended, and how many retries there were.
func (r *report) told() string {
	retries := 0
	for _, m := range r.messages {
		if m.Type == job.NodeRetrying {
			retries++
		}
	}
	var ends []string
	for _, id := range []string{"flaky", "behind", "out"} {
		ends = append(ends, string(r.nodes[id].Status))
	}
	return fmt.Sprintf("%s %d", strings.Join(ends, "/"), retries)
}

func (r *report) warnings() string {
	var lines []string
	for _, m := range r.messages {
		if m.Type == job.Log && m.Level == node.Warning {
			lines = append(lines, m.Message)
		}
	}
	return strings.Join(lines, "\n")
}

// TestRetriesTellWhichAttemptItIs looks at the order of the messages of one node.
func TestRetriesTellWhichAttemptItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"in.csv": "a\n1\n2\n"})
	r := execute(t.Context(), t, w.flakyJob("flaky-process", `"fails": 1, "passing": true, "max_retries": 1, "retry_delay": 0`), flakyKinds...)
	var got []string
	for _, m := range r.messages {
		if m.Node == "flaky" {
			got = append(got, strings.TrimSpace(string(m.Type)+" "+m.Message))
		}
	}
	want := []string{
		"node.started", "log attempt 1 of 2 failed: the service is away; the next one begins in 0s",
		"node.retrying attempt 2 of 2", "preview", "artifact", "node.finished",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestASlowStatementIsStopped limits a statement that would take days.
func TestASlowStatementIsStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"in.csv": "a\n1\n2\n"})
	j := w.job(`
		in source_file {"path": "in.csv"}
		flaky sql {"query": "SELECT count(*) AS n FROM input, range(10000000) x, range(10000000) y WHERE hash(x.range, y.range) = 7", "timeout": 0.1, "on_failure": "continue"}
		behind filter {"condition": "a > 1"}
		out sink_file {"path": "out.csv"}`, "in>flaky flaky>behind behind>out")
	r := execute(t.Context(), t, j)
	if got := r.told(); got != "failed/success/success 0" || r.nodes["flaky"].Error.Code != "timeout" {
		t.Errorf("%s: %+v", got, r.nodes["flaky"].Error)
	}
	if got := w.read("out.csv"); got != "a\n2\n" {
		t.Errorf("got %q", got)
	}
}

// TestCancelEndsTheWaitForARetry stops a run whose node waits for an hour.
func TestCancelEndsTheWaitForARetry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"in.csv": "a\n1\n2\n"})
	line, err := json.Marshal(w.flakyJob("flaky-process", `"fails": 1, "passing": true, "max_retries": 1, "retry_delay": 3600000`))
	ok(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, to := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- errors.Join(testEngine(t, flakyKinds...).Run(ctx, bytes.NewReader(line), to), to.Close())
	}()
	var end job.Message
	for d := json.NewDecoder(out); end.Type != job.Finished; {
		ok(t, d.Decode(&end))
		if end.Type == job.Log {
			cancel()
		}
	}
	if err := <-ended; err != nil || end.Error == nil || end.Error.Code != "stopped" {
		t.Errorf("%v, %+v", err, end.Error)
	}
}

// TestANodeThatCannotReachItsFile is left out like one that fails while it works.
func TestANodeThatCannotReachItsFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"in.csv": "a\n1\n2\n"})
	j := w.job(`
		in source_file {"path": "in.csv"}
		flaky source_file {"path": "none.csv", "on_failure": "skip"}
		behind union {}
		out sink_file {"path": "out.csv"}`, "in>behind flaky>behind behind>out")
	r := execute(t.Context(), t, j)
	if got := r.told(); got != "failed/success/success 0" || r.end.Status != job.Success {
		t.Errorf("%s %+v", got, r.end)
	}
	if got := w.read("out.csv"); got != "a\n1\n2\n" {
		t.Errorf("got %q", got)
	}
}

// TestKeptRowsAreAnArtifact marks a node that the plan would fuse.
func TestKeptRowsAreAnArtifact(t *testing.T) {
	t.Parallel()
	for keep, want := range map[string]int{"true": 1, "false": 0} {
		w := newWorld(t, map[string]string{"in.csv": "a\n1\n2\n"})
		r := execute(t.Context(), t, w.job(`
			in source_file {"path": "in.csv"}
			some filter {"condition": "a > 1", "keep": `+keep+`}
			out sink_file {"path": "out.csv"}`, "in>some some>out"))
		got := 0
		for _, m := range r.messages {
			if m.Type == job.Artifact {
				got++
			}
		}
		if got != want || r.end.Status != job.Success {
			t.Errorf("keep %s: %d artifacts, want %d; %+v", keep, got, want, r.end)
		}
	}
}
