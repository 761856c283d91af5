package executor

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/broked/broked/internal/artifacts"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/runs"
)

// silo keeps what is not called bad.
type silo struct {
	artifacts.None
	kept []string
}

func (s *silo) Keep(ctx context.Context, run runs.ID, file string) (runs.Stored, error) {
	if err := ctx.Err(); err != nil {
		return runs.Stored{}, err
	}
	if file == "/r/bad.parquet" {
		return runs.Stored{}, fault.Transient(fault.New(fault.Unavailable, "the store is down").With("artifacts_unavailable"))
	}
	s.kept = append(s.kept, file)
	return runs.Stored{Place: string(run) + file, Bytes: 1}, nil
}

func artifactOf(node, file string) job.Message {
	return job.Message{Type: job.Artifact, At: time.Now(), Node: node, Path: file}
}

func done(node string) job.Message {
	return job.Message{Type: job.NodeFinished, At: time.Now(), Node: node, Status: job.Success}
}

// TestNodesFinishWhenTheirRowsAreSafe: what an engine says of a node goes on record with the
// place of its rows, or the node has failed, however late the engine says that it has not.
func TestNodesFinishWhenTheirRowsAreSafe(t *testing.T) {
	t.Parallel()
	store := &silo{}
	r := newRecorder(&Executor{Deps: Deps{Artifacts: store}}, runs.Claim{Run: runs.Run{ID: "r"}})
	r.given["given"] = runs.Artifact{File: "/old/given.parquet", Stored: runs.Stored{Place: "before"}}
	for _, m := range []job.Message{
		artifactOf("a", "/r/a.parquet"), done("a"), artifactOf("twin", "/r/a.parquet"), artifactOf("given", "/r/given.parquet"),
		artifactOf("b", "/r/bad.parquet"), done("b"), done("c"),
	} {
		if err := r.Hear(m); err != nil {
			t.Fatal(err)
		}
	}
	events, err := r.safe(t.Context(), r.without(r.take()))
	if fault.CodeOf(err) != "artifacts_unavailable" {
		t.Errorf("the error is %v", err)
	}
	var told []string
	for _, e := range events {
		switch e.Type {
		case job.Artifact:
			told = append(told, e.Node+" at "+e.Stored.Place)
		case job.NodeFinished:
			told = append(told, e.Node+" "+e.Status+" "+e.Error)
		default:
		}
	}
	if want := []string{"a at r/r/a.parquet", "a success ", "twin at r/r/a.parquet", "given at before", "c success ", "b failed the store is down"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	if !slices.Equal(store.kept, []string{"/r/a.parquet"}) {
		t.Errorf("kept %q", store.kept)
	}
	if err := r.Hear(done("b")); err != nil {
		t.Fatal(err)
	}
	if left := r.left(); slices.ContainsFunc(left, func(e runs.Event) bool { return e.Type == job.NodeFinished }) {
		t.Errorf("a node whose rows are not safe has finished: %+v", left)
	}
}

// TestWhatIsCutShortIsNotFinished: a server that is told to stop while it keeps rows leaves
// their node to whoever goes on.
func TestWhatIsCutShortIsNotFinished(t *testing.T) {
	t.Parallel()
	r := newRecorder(&Executor{Deps: Deps{Artifacts: &silo{}}}, runs.Claim{Run: runs.Run{ID: "r"}})
	for _, m := range []job.Message{artifactOf("a", "/r/a.parquet"), done("a")} {
		if err := r.Hear(m); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.flush(ctx, ctx); err == nil { // the record is not there, either
		t.Error("nothing is wrong")
	}
	if left := r.left(); len(left) != 2 || left[0].Stored.Place != "" {
		t.Errorf("left is %+v", left)
	}
}
