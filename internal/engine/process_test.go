package engine_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/engine"
	"github.com/broked/broked/internal/job"
)

// TestProcess is no test: it is the engine that startEngine starts.
func TestProcess(t *testing.T) {
	t.Parallel()
	if os.Getenv("ENGINE_PROCESS") == "" {
		t.Skip("only as a child of other tests")
	}
	if err := engine.LimitProcess(4 << 30); err != nil {
		t.Error(err)
	}
	e := testEngine(t)
	e.Confine = engine.Confine
	e.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if err := e.Run(t.Context(), os.Stdin, os.Stdout); err != nil {
		t.Error(err)
	}
}

// inProcess runs a job in an engine process, confined as the server does it, and
// returns how long the start and the run took.
func inProcess(tb testing.TB, j job.Job) (r report, start, took time.Duration) {
	tb.Helper()
	begin := time.Now()
	cmd := exec.CommandContext(tb.Context(), os.Args[0], "-test.run=^TestProcess$")
	cmd.Env = []string{"ENGINE_PROCESS=1"}
	var log bytes.Buffer
	cmd.Stderr = &log
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	var ready job.Message
	lines := json.NewDecoder(out)
	if err := lines.Decode(&ready); err != nil || ready.Type != job.Ready {
		tb.Fatalf("got %v %v, want ready", ready, err)
	}
	start = time.Since(begin)
	begin = time.Now()
	if err := json.NewEncoder(in).Encode(j); err != nil {
		tb.Fatal(err)
	}
	r = report{nodes: map[string]job.Message{}, previews: map[string]*job.Sample{}}
	for r.end.Type == "" {
		var m job.Message
		if err := lines.Decode(&m); err != nil {
			tb.Fatalf("the engine stopped talking: %v", err)
		}
		r.add(m)
	}
	took = time.Since(begin)
	if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
		tb.Error(err)
	}
	r.log = log.String()
	return r, start, took
}

// BenchmarkFiltered is the measure of the whole data plane: a million rows from
// CSV to CSV through a filter, in a fresh process.
func BenchmarkFiltered(b *testing.B) {
	source := os.Getenv("BROKED_BENCH_CSV")
	if source == "" {
		b.Skip("set BROKED_BENCH_CSV to a file with a numeric column amount")
	}
	w := newWorld(b, nil)
	j := w.job(fmt.Sprintf(`
		in source_file {"path": %q}
		some where {"sql": "amount > 500"}
		out sink_file {"path": "out.csv"}`, source), "in>some some>out")
	j.Roots.Allow = append(j.Roots.Allow, "/tmp")
	for b.Loop() {
		r, start, took := inProcess(b, j)
		if r.end.Status != job.Success {
			b.Fatal(r.end.Error)
		}
		b.Logf("%s: ready after %v, finished after %v", r.rows(j), start, took)
	}
}

// BenchmarkTrivial measures what a run costs beyond its rows.
func BenchmarkTrivial(b *testing.B) {
	w := newWorld(b, map[string]string{"in.csv": "id,amount\n" + strings.Repeat("1,700\n", 10)})
	j := w.job(`
		in source_file {"path": "in.csv"}
		some where {"sql": "amount > 500"}
		out sink_file {"path": "out.csv"}`, "in>some some>out")
	var ready, finished time.Duration
	for b.Loop() {
		_, start, took := inProcess(b, j)
		ready, finished = ready+start, finished+took
	}
	b.ReportMetric(float64(ready.Microseconds())/float64(b.N)/1000, "ms-to-ready")
	b.ReportMetric(float64(finished.Microseconds())/float64(b.N)/1000, "ms-to-finished")
}
