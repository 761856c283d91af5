package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// Runs that workers do, each of which holds a slot and does nothing for a while.
const (
	spread = 12
	nap    = 2 * time.Second
)

// measureWorkers prints how much faster two workers with a slot each do runs that are not
// bound by processors than one does. Database is the URL of a PostgreSQL that has nothing
// in it.
func measureWorkers(ctx context.Context, w io.Writer, program, dir, database string) error {
	if database == "" {
		fmt.Fprintln(w, "workers\tnot measured: BROKED_BENCH_POSTGRES names no PostgreSQL")
		return nil
	}
	dir = filepath.Join(dir, "workers")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	s, _, err := startServer(ctx, program, dir, "--db", database, "--local-runs", "0")
	if err != nil {
		return err
	}
	defer s.stop()
	small := filepath.Join(dir, "small.csv")
	if err := os.WriteFile(small, []byte("id,amount\n1,2\n3,4\n"), 0o600); err != nil {
		return err
	}
	id, err := s.create(ctx, task{nodes: []string{fmt.Sprintf(`{"id":"nap","type":"code","config":{"script":"import time\ntime.sleep(%g)"}}`, nap.Seconds())}}, small)
	if err != nil {
		return err
	}
	var took []time.Duration
	for n := range 2 {
		stop, err := startWorker(ctx, program, dir, fmt.Sprintf("worker-%d", n), database)
		if err != nil {
			return err
		}
		defer stop()
		if err := s.spread(ctx, id, n+1); err != nil { // all are there, and have engines
			return err
		}
		began := time.Now()
		if err := s.spread(ctx, id, spread); err != nil {
			return err
		}
		took = append(took, time.Since(began))
	}
	fmt.Fprintf(w, "%d runs that sleep for %s, on PostgreSQL\tone worker %.2f/s\ttwo %.2f/s\t%.2f\n", spread, nap,
		spread/took[0].Seconds(), spread/took[1].Seconds(), took[0].Seconds()/took[1].Seconds())
	return nil
}

// startWorker starts a worker with one slot.
func startWorker(ctx context.Context, program, dir, name, database string) (stop func(), err error) {
	cmd := exec.CommandContext(ctx, program, "worker", "--db", database, "--runs", "1", "--data", filepath.Join(dir, name), "--data-dirs", dir) //nolint:gosec // the program that is measured
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}, nil
}

// spread starts so many runs of a pipeline at once and waits until all have succeeded.
func (s *server) spread(ctx context.Context, pipeline string, n int) error {
	ends := make(chan error, n)
	for range n {
		var started struct{ ID string }
		if err := s.call(ctx, http.MethodPost, "/api/pipelines/"+pipeline+"/run", "", &started); err != nil {
			return err
		}
		go func() { ends <- s.succeeds(ctx, started.ID) }()
	}
	var all []error
	for range n {
		all = append(all, <-ends)
	}
	return errors.Join(slices.DeleteFunc(all, func(err error) bool { return err == nil })...)
}
