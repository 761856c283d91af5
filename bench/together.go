package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"
)

// Runs that are started at once.
const (
	togetherRuns = 20
	togetherRows = 100_000
)

// together starts many runs at once and times all of them, and how long the slowest
// answer to a trigger took.
func (s *server) together(ctx context.Context, w io.Writer, dir string) error {
	input := filepath.Join(dir, "together.csv")
	if err := generate(input, togetherRows); err != nil {
		return err
	}
	var pipelines []string
	for i := range togetherRuns {
		id, err := s.create(ctx, task{nodes: tasks[0].nodes, out: fmt.Sprintf("together-%d.csv", i)}, input)
		if err != nil {
			return err
		}
		pipelines = append(pipelines, id)
	}
	began, slowest := time.Now(), time.Duration(0)
	ends := make(chan error, togetherRuns)
	for _, id := range pipelines {
		asked := time.Now()
		var started struct{ ID string }
		if err := s.call(ctx, http.MethodPost, "/api/pipelines/"+id+"/run", "", &started); err != nil {
			return err
		}
		slowest = max(slowest, time.Since(asked))
		go func() { ends <- s.succeeds(ctx, started.ID) }()
	}
	var err error
	for range togetherRuns {
		err = errors.Join(err, <-ends)
	}
	fmt.Fprintf(w, "%d runs of %d rows at once\t%.2f s\tslowest trigger %.0f ms\n", togetherRuns, togetherRows, time.Since(began).Seconds(), slowest.Seconds()*1000)
	return err
}

// succeeds waits for the end of a run and returns why it is no success.
func (s *server) succeeds(ctx context.Context, run string) error {
	if err := s.follow(ctx, run); err != nil {
		return err
	}
	var state struct{ Status, Error string }
	if err := s.call(ctx, http.MethodGet, "/api/runs/"+run, "", &state); err != nil {
		return err
	}
	if state.Status != "success" {
		return fmt.Errorf("the run is %s: %s", state.Status, state.Error)
	}
	return nil
}
