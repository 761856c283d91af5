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
	"time"
)

// Schedules of a server that starts, and runs of another one of which it is looked at how
// late they begin.
const (
	scheduled = 100_000
	looked    = 10
)

// measureSchedules prints how long a server with many schedules takes to start, and how
// long after its time a run of one begins to work.
func measureSchedules(ctx context.Context, w io.Writer, program, dir string) (err error) {
	dir = filepath.Join(dir, "schedules")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	s, _, err := startServer(ctx, program, dir)
	if err != nil {
		return err
	}
	without := s.cpu()
	yearly, err := s.every(ctx, "0 0 1 1 *")
	s.stop()
	if err == nil {
		err = withDB(dir, func(db *sql.DB) error { return multiplySchedule(ctx, db, yearly) })
	}
	if err != nil {
		return err
	}
	s, took, err := startServer(ctx, program, dir)
	if err != nil {
		return err
	}
	defer s.stop()
	fmt.Fprintf(w, "cold start with %d schedules\t%.0f ms\tCPU %d ms\twithout %d ms\n", scheduled, took.Seconds()*1000, s.cpu().Milliseconds(), without.Milliseconds())
	each, err := s.every(ctx, "* * * * * *")
	if err != nil {
		return err
	}
	late, err := s.late(ctx, each)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "  from a tick to its run's first node\tp50 %d ms\tlongest %d ms\n", late[len(late)/2].Milliseconds(), late[len(late)-1].Milliseconds())
	return nil
}

// every makes a pipeline of a schedule, and returns its id.
func (s *server) every(ctx context.Context, schedule string) (string, error) {
	small := filepath.Join(s.dir, "small.csv")
	if err := os.WriteFile(small, []byte("id,amount\n1,2\n3,4\n"), 0o600); err != nil {
		return "", err
	}
	var made struct{ ID string }
	err := s.call(ctx, http.MethodPost, "/api/pipelines", fmt.Sprintf(`{"name":"scheduled","schedule":%q,"nodes":[
		{"id":"in","type":"source_file","config":{"path":%q}}, {"id":"out","type":"sink_file","config":{"path":%q}}],
		"edges":[{"from":"in","to":"out"}]}`, schedule, small, filepath.Join(s.dir, "scheduled.csv")), &made)
	return made.ID, err
}

// late waits for runs of a pipeline and returns how long after their times their first
// nodes began, in order.
func (s *server) late(ctx context.Context, pipeline string) ([]time.Duration, error) {
	var page struct{ Items []struct{ ID string } }
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); len(page.Items) <= looked; <-tick.C {
		if time.Now().After(deadline) {
			return nil, errors.New("the schedule starts no runs")
		}
		if err := s.call(ctx, http.MethodGet, "/api/runs?limit=50&status=success&pipeline_id="+pipeline, "", &page); err != nil {
			return nil, err
		}
	}
	var late []time.Duration
	for _, one := range page.Items[:looked] { // without the first: a schedule that was just saved is noticed within a second
		var run struct {
			Due   time.Time `json:"data_interval_end"`
			Nodes []struct {
				StartedAt time.Time `json:"started_at"`
			} `json:"node_runs"`
		}
		if err := s.call(ctx, http.MethodGet, "/api/runs/"+one.ID, "", &run); err != nil {
			return nil, err
		}
		late = append(late, run.Nodes[0].StartedAt.Sub(run.Due))
	}
	slices.Sort(late)
	return late, nil
}

// withDB has fn use the database of a server that does not run.
func withDB(dir string, fn func(db *sql.DB) error) error {
	db, err := sql.Open("sqlite", filepath.Join(dir, "data", "broked.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return err
	}
	return errors.Join(fn(db), db.Close())
}

// The first takes the names of the columns of a pipeline, but for its id and slug.
const (
	pipelineCopies = `
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
		INSERT INTO pipelines (id, %[1]s)
		SELECT printf('00000000-0000-7000-8000-%%012d', n.i), %[1]s
		FROM n, (SELECT * FROM pipelines WHERE id = ?1)`
	scheduleCopies = `
		INSERT INTO pipeline_schedules (pipeline_id, name, spec, zone, next_at)
		SELECT p.id, s.name, printf('%d %d 1 1 *', substr(p.id, -6) % 60, substr(p.id, -6) / 60 % 24), s.zone, s.next_at
		FROM pipelines p, pipeline_schedules s
		WHERE s.pipeline_id = ?1 AND p.id <> ?1`
)

// multiplySchedule copies a pipeline and its schedule many times, for another minute of a
// day each.
func multiplySchedule(ctx context.Context, db *sql.DB, pipeline string) error {
	var columns string
	err := db.QueryRowContext(ctx, `SELECT group_concat(name, ', ') FROM pragma_table_info('pipelines') WHERE name NOT IN ('id', 'slug')`).Scan(&columns)
	if err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, fmt.Sprintf(pipelineCopies, columns), pipeline, scheduled); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, scheduleCopies, pipeline)
	return err
}
