package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/broked/broked/internal/runs"
)

// lease is how long a process counts as alive after it was seen. It must be several
// times the time between two beats.
const lease = 30 * time.Second

const (
	databaseTime = `
		SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)`
	putProcess = `
		INSERT INTO processes (id, kind, host, version, slots, labels, load, started_at, seen_at)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)
		ON CONFLICT (id) DO UPDATE SET load = excluded.load, seen_at = excluded.seen_at`
	// It is back itself, or another one on its machine is there in its place.
	dropFound = `
		DELETE FROM lost_processes
		WHERE id = ?1 OR host = ?2 AND lost_at <= (SELECT started_at FROM processes WHERE id = ?1)
			OR NOT EXISTS (SELECT 1 FROM lost_runs l WHERE l.process_id = lost_processes.id)`
	putLost = `
		INSERT INTO lost_processes (id, host, kind, lost_at)
		SELECT p.id, p.host, p.kind, ?2
		FROM processes p
		WHERE p.seen_at < ?1 AND EXISTS (SELECT 1 FROM runs r WHERE r.status = 'running' AND r.owner = p.id)`
	putLostRuns = `
		INSERT INTO lost_runs (process_id, run_id)
		SELECT p.id, r.id
		FROM processes p
		JOIN runs r ON r.owner = p.id
		WHERE p.seen_at < ?1 AND r.status = 'running'`
	dropDead = `
		DELETE FROM processes
		WHERE seen_at < ?1`
	abandoned = `
		SELECT id
		FROM runs
		WHERE status = 'running' AND owner NOT IN (SELECT id FROM processes)
		ORDER BY id`
	allProcesses = `
		SELECT id, kind, host, version, slots, labels, load, started_at, seen_at
		FROM processes
		ORDER BY started_at, id`
	dropProcess = `
		DELETE FROM processes
		WHERE id = ?1`
)

// Beat says that a process is alive, and takes back the runs of those that have not
// said so for 30 seconds, by the clock of the database. A pending run that lost its
// place in the queue with one of them gets another. It is for processes that share a
// PostgreSQL: before they take runs, and every few seconds then. One that was taken
// for dead is alive again, and its runs are with others. First is whether the process
// is the oldest server of those that are alive.
func (s *Store) Beat(ctx context.Context, p runs.Process, now time.Time) (done Recovered, first bool, err error) {
	err = s.change(ctx, "beat", func(tx *sql.Tx) error {
		var at int64
		if err := tx.QueryRowContext(ctx, databaseTime).Scan(&at); err != nil {
			return err
		}
		died, err := refresh(ctx, tx, p, at)
		if err != nil {
			return err
		}
		if done, err = s.takeBack(ctx, tx, now, abandoned); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, allProcesses)
		all, err := collect(rows, err, scanProcess)
		if err != nil {
			return err
		}
		living := make([]string, len(all))
		for i, one := range all {
			living[i] = one.ID
		}
		oldest := slices.IndexFunc(all, func(one runs.Process) bool { return one.Kind == runs.Server })
		first = oldest >= 0 && all[oldest].ID == p.ID
		empty, err := s.queue.ForgetTx(ctx, tx, living)
		if err != nil || !empty && !died && !done.some() {
			return err
		}
		done.Queued, err = s.ring(ctx, tx, runs.Place{})
		return err
	})
	if err != nil {
		return Recovered{}, false, err
	}
	return done, first, nil
}

// refresh writes down that p is alive at an instant, and reports whether others are not
// any more. What these were doing is noted.
func refresh(ctx context.Context, tx *sql.Tx, p runs.Process, at int64) (died bool, err error) {
	labels, err := list(p.Labels)
	if err != nil {
		return false, err
	}
	load, err := json.Marshal(p.Load)
	if err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, putProcess, p.ID, p.Kind, p.Host, p.Version, p.Slots, labels, string(load), at); err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, dropFound, p.ID, p.Host); err != nil {
		return false, err
	}
	before := at - lease.Milliseconds()
	if _, err := tx.ExecContext(ctx, putLost, before, at); err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, putLostRuns, before); err != nil {
		return false, err
	}
	return affected(tx.ExecContext(ctx, dropDead, before))
}

// some reports whether any run was taken back.
func (r Recovered) some() bool { return len(r.PutBack)+len(r.Cancelled)+len(r.Failed) > 0 }

// Leave says that a process has ended and has no runs any more.
func (s *Store) Leave(ctx context.Context, process string) error {
	return s.change(ctx, "leave", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, dropProcess, process)
		return err
	})
}

// Processes returns those that share the database, the oldest first; none when it is a
// file.
func (s *Store) Processes(ctx context.Context) ([]runs.Process, error) {
	rows, err := s.db.read.QueryContext(ctx, allProcesses)
	all, err := collect(rows, err, scanProcess)
	return all, border("processes", err)
}

func scanProcess(r *sql.Rows) (runs.Process, error) {
	var p runs.Process
	var started, seen int64
	var labels, load []byte
	if err := r.Scan(&p.ID, &p.Kind, &p.Host, &p.Version, &p.Slots, &labels, &load, &started, &seen); err != nil {
		return p, err
	}
	p.StartedAt, p.SeenAt = moment(started), moment(seen)
	return p, errors.Join(json.Unmarshal(labels, &p.Labels), json.Unmarshal(load, &p.Load))
}

const (
	// A run is made good by its own success or that of a later one of its pipeline, as its
	// issues are; one that was cancelled is nobody's loss.
	lostProcesses = `
		SELECT p.id, p.kind, p.host, p.lost_at, count(l.run_id), count(r.id), coalesce(max(r.id), '')
		FROM lost_processes p
		JOIN lost_runs l ON l.process_id = p.id
		LEFT JOIN runs r ON r.id = l.run_id AND r.status NOT IN ('success', 'cancelled')
			AND NOT EXISTS (SELECT 1 FROM runs o WHERE o.pipeline_id = r.pipeline_id AND o.id > r.id AND o.status = 'success')
		GROUP BY p.id, p.kind, p.host, p.lost_at
		HAVING count(r.id) > 0
		ORDER BY p.lost_at, p.id`
)

// LostProcesses implements issues.Store.
func (s *Store) LostProcesses(ctx context.Context) ([]runs.LostProcess, error) {
	rows, err := s.db.read.QueryContext(ctx, lostProcesses)
	all, err := collect(rows, err, func(r *sql.Rows) (runs.LostProcess, error) {
		var p runs.LostProcess
		var lost int64
		err := r.Scan(&p.ID, &p.Kind, &p.Host, &lost, &p.Runs, &p.Left, &p.Newest)
		p.LostAt = moment(lost)
		return p, err
	})
	return all, border("lost processes", err)
}
