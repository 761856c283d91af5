package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Trivial runs that so many clients start as fast as they can, and runs on record when
// pages of them are read.
const (
	starters = 8
	queued   = 500
	onRecord = 100_000
	pages    = 200
)

// queue times how fast runs are accepted and worked off, and pages of a long history.
func (s *server) queue(ctx context.Context, w io.Writer, dir string) error {
	small := filepath.Join(dir, "small.csv")
	if err := os.WriteFile(small, []byte("id,amount\n1,2\n3,4\n"), 0o600); err != nil {
		return err
	}
	var pipelines [starters]string // each writes a file of its own
	for i := range pipelines {
		id, err := s.create(ctx, task{out: fmt.Sprintf("queue-%d.csv", i)}, small)
		if err != nil {
			return err
		}
		pipelines[i] = id
	}
	var times [starters][]time.Duration
	var failures [starters]error
	began, cpu, engines := time.Now(), s.cpu(), s.enginesCPU()
	var clients sync.WaitGroup
	for i, pipeline := range pipelines {
		clients.Go(func() { times[i], failures[i] = s.startMany(ctx, pipeline, queued/starters) })
	}
	clients.Wait()
	if err := errors.Join(failures[:]...); err != nil {
		return err
	}
	each := slices.Concat(times[:]...)
	slices.Sort(each)
	fmt.Fprintf(w, "%d trivial runs from %d clients\t%.0f/s\ttrigger p50 %.1f ms\tp95 %.1f ms\n", len(each), starters,
		float64(len(each))/time.Since(began).Seconds(), each[len(each)/2].Seconds()*1000, each[len(each)*95/100].Seconds()*1000)
	fmt.Fprintf(w, "  CPU of each\tserver %.1f ms\tengines %.1f ms\n",
		(s.cpu()-cpu).Seconds()*1000/float64(len(each)), (s.enginesCPU()-engines).Seconds()*1000/float64(len(each)))
	return s.history(ctx, w, pipelines[0])
}

// startMany starts runs one after the other, waits for the end of all, and returns how
// long the answers took.
func (s *server) startMany(ctx context.Context, pipeline string, n int) ([]time.Duration, error) {
	var times []time.Duration
	var runs []string
	for range n {
		began := time.Now()
		var started struct{ ID string }
		if err := s.call(ctx, http.MethodPost, "/api/pipelines/"+pipeline+"/run", "", &started); err != nil {
			return nil, err
		}
		times, runs = append(times, time.Since(began)), append(runs, started.ID)
	}
	for _, run := range runs {
		if err := s.succeeds(ctx, run); err != nil {
			return nil, err
		}
	}
	return times, nil
}

// history makes a long history of a pipeline, and times pages of it.
func (s *server) history(ctx context.Context, w io.Writer, pipeline string) error {
	db, err := sql.Open("sqlite", filepath.Join(s.dir, "data", "broked.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return err
	}
	err = multiply(ctx, db, pipeline)
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	for _, path := range []string{"/api/runs?limit=50", "/api/pipelines/" + pipeline + "/runs?limit=50", "/api/pipelines/summary"} {
		var each []time.Duration
		for range pages {
			began := time.Now()
			if err := s.call(ctx, http.MethodGet, path, "", nil); err != nil {
				return err
			}
			each = append(each, time.Since(began))
		}
		slices.Sort(each)
		name, _, _ := strings.Cut(strings.Replace(path, pipeline, "ID", 1), "?")
		fmt.Fprintf(w, "%s with %d runs on record\tp50 %.1f ms\tp95 %.1f ms\n", name, onRecord,
			each[len(each)/2].Seconds()*1000, each[len(each)*95/100].Seconds()*1000)
	}
	return nil
}

// copies takes the names of the columns of a run, but for its id.
const copies = `
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
	INSERT INTO runs (id, %[1]s)
	SELECT printf('00000000-0000-7000-8000-%%012d', n.i), %[1]s
	FROM n, (SELECT * FROM runs WHERE pipeline_id = ?1 ORDER BY id DESC LIMIT 1)`

// multiply copies the newest run of a pipeline many times.
func multiply(ctx context.Context, db *sql.DB, pipeline string) error {
	var columns string
	if err := db.QueryRowContext(ctx, `SELECT group_concat(name, ', ') FROM pragma_table_info('runs') WHERE name <> 'id'`).Scan(&columns); err != nil {
		return err
	}
	_, err := db.ExecContext(ctx, fmt.Sprintf(copies, columns), pipeline, onRecord)
	return err
}
