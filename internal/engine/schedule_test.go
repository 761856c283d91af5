package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
)

// room is where nodes wait until so many of them are at work at once.
type room struct {
	mu   sync.Mutex
	size int
	in   int
	full chan struct{}
}

func newRoom(size int) *room { return &room{size: size, full: make(chan struct{})} }

func (r *room) enter() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.in++; r.in == r.size {
		close(r.full)
	}
}

// meeting is a source that waits in a room until it is full; then it fails, or waits
// until it is stopped, or gives a row.
type meeting struct {
	*room
	Then string `json:"then"`
}

func (m meeting) Process(ctx context.Context, _ node.Env, _ node.Rows, write func(batch.Batch) error) error {
	m.enter()
	select {
	case <-m.full:
	case <-ctx.Done():
		return ctx.Err()
	}
	switch m.Then {
	case "fail":
		return fault.New(fault.Invalid, "as asked").With("asked")
	case "wait":
		<-ctx.Done()
		return ctx.Err()
	}
	return write(batch.Batch{Rows: 1, Columns: []batch.Column{{Name: "a", Kind: batch.Int, Type: "BIGINT", Ints: []int64{1}}}})
}

func meetingKind(r *room) node.Spec {
	return node.Spec{
		Kind: "meet", Category: node.Source,
		Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{{Name: "then"}}},
		New: func(config json.RawMessage) (node.Node, error) {
			m := meeting{room: r}
			return m, json.Unmarshal(config, &m)
		},
	}
}

// TestBranchesAreAtWorkAtOnce has as many sources as the run has threads, of which
// none goes on before all have begun.
func TestBranchesAreAtWorkAtOnce(t *testing.T) {
	t.Parallel()
	for _, threads := range []int{1, 2, 5} {
		t.Run(fmt.Sprint(threads, " threads"), func(t *testing.T) {
			t.Parallel()
			w, width := newWorld(t, nil), max(2, threads)
			var nodes, edges strings.Builder
			for i := range width {
				fmt.Fprintf(&nodes, "m%d meet {}\no%[1]d sink_file {\"path\": \"%[1]d.csv\"}\n", i)
				fmt.Fprintf(&edges, "m%d>o%[1]d ", i)
			}
			j := w.job(nodes.String(), edges.String())
			j.Limits.Threads = threads
			r := execute(t.Context(), t, j, meetingKind(newRoom(width)))
			if r.end.Status != job.Success {
				t.Fatalf("%+v", r.end.Error)
			}
			for i := range width {
				if got := w.read(fmt.Sprint(i, ".csv")); got != "a\n1\n" {
					t.Errorf("branch %d wrote %q", i, got)
				}
			}
		})
	}
}

// TestTheFirstFailureStopsTheOthers has a node fail while another is at work.
func TestTheFirstFailureStopsTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	j := w.job(`
		bad meet {"then": "fail"}
		busy meet {"then": "wait"}
		later where {"sql": "a > 0"}
		out sink_file {"path": "out.csv"}
		rest sink_file {"path": "rest.csv"}`, "bad>rest busy>later later>out")
	r := execute(t.Context(), t, j, meetingKind(newRoom(2)))
	if r.end.Status != job.Failed || r.end.Error.Code != "asked" {
		t.Errorf("the run ended %+v", r.end)
	}
	if got, want := r.rows(j), "failed/skipped/skipped/skipped/skipped"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestMessagesOfANodeAreInOrder looks at a run with many branches that share one
// source.
func TestMessagesOfANodeAreInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"in.csv": "a\n1\n2\n3\n"})
	var nodes, edges strings.Builder
	nodes.WriteString("in source_file {\"path\": \"in.csv\"}\n")
	for i := range 12 {
		fmt.Fprintf(&nodes, "w%d where {\"sql\": \"a > %d\"}\no%[1]d sink_file {\"path\": \"%[1]d.csv\"}\n", i, i%4)
		fmt.Fprintf(&edges, "in>w%d w%[1]d>o%[1]d ", i)
	}
	j := w.job(nodes.String(), edges.String())
	j.Limits.Threads = 4
	r := execute(t.Context(), t, j)
	order := map[job.Type]int{job.NodeStarted: 1, job.Preview: 2, job.Artifact: 3, job.NodeFinished: 4}
	at := map[string]int{}
	for _, m := range r.messages {
		if m.Node == "" {
			continue
		}
		if now := order[m.Type]; now <= at[m.Node] {
			t.Errorf("%s of %s comes late", m.Type, m.Node)
		} else {
			at[m.Node] = now
		}
	}
	for i := range 12 {
		if got := *r.nodes[fmt.Sprint("w", i)].Rows; got != int64(3-i%4) {
			t.Errorf("branch %d has %d rows", i, got)
		}
	}
}
