package store

import (
	"context"
	"database/sql"
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
		INSERT INTO processes (id, host, version, slots, started_at, seen_at)
		VALUES (?1, ?2, ?3, ?4, ?5, ?5)
		ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`
	dropDead = `
		DELETE FROM processes
		WHERE seen_at < ?1`
	abandoned = `
		SELECT id
		FROM runs
		WHERE status = 'running' AND owner NOT IN (SELECT id FROM processes)
		ORDER BY id`
	allProcesses = `
		SELECT id, host, version, slots, started_at, seen_at
		FROM processes
		ORDER BY started_at, id`
	dropProcess = `
		DELETE FROM processes
		WHERE id = ?1`
)

// Beat says that a process is alive, and takes back the runs of those that have not
// said so for 30 seconds, by the clock of the database. A pending run that lost its
// place in the queue with one of them gets another. It is for servers that share a
// PostgreSQL: before they take runs, and every few seconds then. One that was taken
// for dead is alive again, and its runs are with others. First is whether the process
// is the oldest of those that are alive.
func (s *Store) Beat(ctx context.Context, p runs.Process, now time.Time) (done Recovered, first bool, err error) {
	err = s.change(ctx, "beat", func(tx *sql.Tx) error {
		var at int64
		if err := tx.QueryRowContext(ctx, databaseTime).Scan(&at); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, putProcess, p.ID, p.Host, p.Version, p.Slots, at); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, dropDead, at-lease.Milliseconds()); err != nil {
			return err
		}
		var err error
		if done, err = s.takeBack(ctx, tx, now, abandoned); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, allProcesses)
		living, err := collect(rows, err, func(r *sql.Rows) (string, error) {
			p, err := scanProcess(r)
			return p.ID, err
		})
		if err != nil {
			return err
		}
		first = living[0] == p.ID
		empty, err := s.queue.ForgetTx(ctx, tx, living)
		if err != nil || !empty && !done.some() {
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

// some reports whether any run was taken back.
func (r Recovered) some() bool { return len(r.PutBack)+len(r.Cancelled)+len(r.Failed) > 0 }

// Leave says that a process has ended and has no runs any more.
func (s *Store) Leave(ctx context.Context, process string) error {
	return s.change(ctx, "leave", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, dropProcess, process)
		return err
	})
}

// Processes returns the servers that share the database, the oldest first; none when
// it is a file.
func (s *Store) Processes(ctx context.Context) ([]runs.Process, error) {
	rows, err := s.db.read.QueryContext(ctx, allProcesses)
	all, err := collect(rows, err, scanProcess)
	return all, border("processes", err)
}

func scanProcess(r *sql.Rows) (runs.Process, error) {
	var p runs.Process
	var started, seen int64
	err := r.Scan(&p.ID, &p.Host, &p.Version, &p.Slots, &started, &seen)
	p.StartedAt, p.SeenAt = moment(started), moment(seen)
	return p, err
}
