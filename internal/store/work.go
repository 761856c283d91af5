package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

const (
	claimRun = `
		UPDATE runs
		SET status = 'running', fence = fence + 1, owner = ?2, started_at = coalesce(started_at, ?3)
		WHERE id = ?1 AND status = 'pending'
		RETURNING fence`
	insertNode = `
		INSERT INTO node_runs (run_id, node_id, id, position, status, attempt)
		VALUES (?1, ?2, ?3, ?4, 'pending', ?5)
		ON CONFLICT (run_id, node_id) DO NOTHING`
)

// ClaimNext makes the pending run running that is to start next: of those that a slot
// of their pipeline and of their pool is free for, one of the highest priority, and of
// these the oldest, of those with the label that the entry of the queue had. It has a new fence, and it is told that it started. All its nodes
// are pending then, but for those that had finished before it waited. Of any number of
// callers each gets another one; when there is none, the fault is a Conflict.
func (s *Store) ClaimNext(ctx context.Context, label, owner string, now time.Time) (runs.Claim, error) {
	return s.claim(ctx, owner, now, func(ctx context.Context, tx *sql.Tx) (runs.ID, error) {
		run, err := startable(ctx, tx, label)
		if err == nil && run == "" {
			err = fault.New(fault.Conflict, "no run may start now").With("no_run")
		}
		return run, err
	})
}

// ClaimRun is ClaimNext for a certain run. One that is not pending, or must not start
// yet, is a Conflict fault.
func (s *Store) ClaimRun(ctx context.Context, run runs.ID, owner string, now time.Time) (runs.Claim, error) {
	return s.claim(ctx, owner, now, func(ctx context.Context, tx *sql.Tx) (runs.ID, error) {
		it, err := mayStartNow(ctx, tx, run)
		if err == nil && it == "" {
			err = notStartable(ctx, tx, run)
		}
		return it, err
	})
}

func (s *Store) claim(ctx context.Context, owner string, now time.Time, choose func(context.Context, *sql.Tx) (runs.ID, error)) (runs.Claim, error) {
	var c runs.Claim
	err := s.change(ctx, "claim run", func(tx *sql.Tx) error {
		run, err := choose(ctx, tx)
		if err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, claimRun, run, owner, millis(now)).Scan(&c.Fence); err != nil {
			return err
		}
		if c.Run, err = readRun(ctx, tx, run); err != nil {
			return err
		}
		if c.Document, err = readDocument(ctx, tx, c.Run); err != nil {
			return err
		}
		if c.States, err = statesOf(ctx, tx, c.Run.Pipeline); err != nil {
			return err
		}
		if err := before(ctx, tx, &c); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, keptNode, run).Scan(&c.Kept); err != nil {
			return err
		}
		for i, n := range c.Document.Nodes {
			if _, err := tx.ExecContext(ctx, insertNode, run, n.ID, id.New(), i, c.Run.Attempt); err != nil {
				return err
			}
		}
		return errors.Join(
			tell(ctx, tx, run, runs.Event{Type: runs.RunStarted, At: now, Status: string(runs.Running)}),
			announceStart(ctx, tx, c, now),
		)
	})
	return c, err
}

// notStartable returns why run cannot be claimed.
func notStartable(ctx context.Context, tx *sql.Tx, run runs.ID) error {
	status, err := readStatus(ctx, tx, run)
	if err != nil {
		return err
	}
	if status == runs.Pending {
		return fault.New(fault.Conflict, "the run %s must not start yet", run).With("run_held")
	}
	return fault.New(fault.Conflict, "the run %s is %s, so nobody can claim it", run, status).With("run_" + string(status))
}

func readDocument(ctx context.Context, tx *sql.Tx, r runs.Run) (pipelines.Document, error) {
	v, err := scanVersion(tx.QueryRowContext(ctx, pipelineVersion, r.Pipeline, r.PipelineVersion))
	return v.Document, err
}

const (
	// What a run was given by the one that it resumes lies in its own folder under the
	// same name.
	artifactsOf = `
		WITH RECURSIVE origins (id) AS (
			SELECT id FROM runs WHERE id = ?1
			UNION
			SELECT r.resumed_from FROM runs r JOIN origins o ON r.id = o.id WHERE r.resumed_from <> ''
		)
		SELECT e.node_id, e.message, coalesce(e.row_count, 0), coalesce(a.place, ''), coalesce(a.bytes, 0), coalesce(a.sha256, '')
		FROM run_events e
		LEFT JOIN run_artifacts a ON a.run_id = e.run_id AND a.seq = e.seq
		WHERE e.run_id IN (SELECT id FROM origins) AND e.type = 'artifact'
		ORDER BY e.run_id, e.seq`
	firstStart = `
		WITH RECURSIVE origins (id) AS (
			SELECT id FROM runs WHERE id = ?1
			UNION
			SELECT r.resumed_from FROM runs r JOIN origins o ON r.id = o.id WHERE r.resumed_from <> ''
		)
		SELECT min(started_at)
		FROM runs
		WHERE id IN (SELECT id FROM origins)`
)

// readBefore returns what a run has left.
func readBefore(ctx context.Context, tx *sql.Tx, run runs.ID) (*runs.Before, error) {
	r, err := readRun(ctx, tx, run)
	if err != nil {
		return nil, err
	}
	var began instant
	if err := tx.QueryRowContext(ctx, firstStart, run).Scan(&began); err != nil {
		return nil, err
	}
	b := &runs.Before{Run: run, StartedAt: optional(began), Nodes: make(map[string]runs.NodeRun), Artifacts: make(map[string]runs.Artifact)}
	for _, n := range r.Nodes {
		b.Nodes[n.Node] = n
	}
	rows, err := tx.QueryContext(ctx, artifactsOf, run)
	_, err = collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var node string
		var a runs.Artifact
		err = r.Scan(&node, &a.File, &a.Rows, &a.Stored.Place, &a.Stored.Bytes, &a.Stored.SHA256)
		b.Artifacts[node] = a
		return none, err
	})
	if err != nil {
		return nil, err
	}
	b.States, err = keptBy(ctx, tx, run)
	return b, err
}

const holds = `
	SELECT EXISTS (SELECT 1 FROM runs WHERE id = ?1 AND fence = ?2 AND status = 'running')`

// held returns a Stale fault unless run is running under fence.
func held(ctx context.Context, tx *sql.Tx, run runs.ID, fence int64) error {
	var yes bool
	if err := tx.QueryRowContext(ctx, holds, run, fence).Scan(&yes); err != nil {
		return err
	}
	if !yes {
		return fault.New(fault.Stale, "the run %s is no longer yours", run).With("stale_fence")
	}
	return nil
}

// RecordEvents appends events to a run and keeps its nodes and previews up to
// date. A fence that is no longer the run's is a Stale fault, and nothing is
// written.
func (s *Store) RecordEvents(ctx context.Context, run runs.ID, fence int64, events []runs.Event) error {
	return s.change(ctx, "record events", func(tx *sql.Tx) error {
		if err := held(ctx, tx, run, fence); err != nil {
			return err
		}
		return tell(ctx, tx, run, events...)
	})
}

// FinishRun appends the last events of a run and ends it; nodes that had not
// ended do with it. A stale fence is as in RecordEvents.
func (s *Store) FinishRun(ctx context.Context, run runs.ID, fence int64, o runs.Outcome, last []runs.Event) error {
	if !o.Status.Final() {
		return fmt.Errorf("finish run %s: %q is no end", run, o.Status)
	}
	return s.leaving(ctx, "finish run", func(tx *sql.Tx) (bool, error) {
		if err := held(ctx, tx, run, fence); err != nil {
			return false, err
		}
		if err := leave(ctx, tx, run, o.Status, last); err != nil {
			return false, err
		}
		return s.end(ctx, tx, run, o)
	})
}

// leave appends the last events of a running run, if it may go on to a status.
func leave(ctx context.Context, tx *sql.Tx, run runs.ID, to runs.Status, last []runs.Event) error {
	if err := runs.Running.Move(to); err != nil {
		return err
	}
	return tell(ctx, tx, run, last...)
}

const (
	endRun = `
		UPDATE runs
		SET status = ?2, error = ?3, error_code = ?4, finished_at = ?5, look_at = NULL, gate_until = NULL
		WHERE id = ?1`
	unendedNodes = `
		SELECT node_id, status, started_at
		FROM node_runs
		WHERE run_id = ?1 AND status IN ('pending', 'running')
		ORDER BY position`
)

// cutShort says what becomes of a node that has not ended when its run ends.
var cutShort = map[runs.Status]map[runs.NodeStatus]runs.NodeStatus{
	runs.Success:   {runs.NodePending: runs.NodeSkipped, runs.NodeRunning: runs.NodeSuccess},
	runs.Failed:    {runs.NodePending: runs.NodeSkipped, runs.NodeRunning: runs.NodeFailed},
	runs.Cancelled: {runs.NodePending: runs.NodeCancelled, runs.NodeRunning: runs.NodeCancelled},
}

// end ends a run and its nodes, tells so, opens or closes the issue of that, and starts
// what its end is the trigger of. It reports whether others may start.
func (s *Store) end(ctx context.Context, tx *sql.Tx, run runs.ID, o runs.Outcome) (room bool, err error) {
	rows, err := tx.QueryContext(ctx, unendedNodes, run)
	events, err := collect(rows, err, func(r *sql.Rows) (runs.Event, error) {
		var status runs.NodeStatus
		var started instant
		e := runs.Event{Type: job.NodeFinished, At: o.At}
		err := r.Scan(&e.Node, &status, &started)
		e.Status = string(cutShort[o.Status][status])
		if started.Valid {
			e.Millis = max(0, millis(o.At)-started.V)
		}
		return e, err
	})
	if err != nil {
		return false, err
	}
	finished := runs.Event{Type: runs.RunFinished, At: o.At, Status: string(o.Status), Failure: o.Failure}
	var code string
	if o.Failure != nil {
		finished.Error, code = o.Failure.Message, o.Failure.Code
	}
	if err := tell(ctx, tx, run, append(events, finished)...); err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, endRun, run, o.Status, finished.Error, code, millis(o.At)); err != nil {
		return false, err
	}
	if err := keepStates(ctx, tx, run, o); err != nil {
		return false, err
	}
	if err := errors.Join(noteEnd(ctx, tx, run, o), announceEnd(ctx, tx, run, o)); err != nil {
		return false, err
	}
	if err := noteBackfill(ctx, tx, run, o); err != nil {
		return false, err
	}
	return s.handOn(ctx, tx, run, o)
}

// handOn has others heed the end of a run: those that it is a part of or that are a part
// of it, those that depend on it, and those that waited for its slots. It reports whether
// any may start.
func (s *Store) handOn(ctx context.Context, tx *sql.Tx, run runs.ID, o runs.Outcome) (bool, error) {
	family, err := s.noteFamily(ctx, tx, run, o)
	if err != nil {
		return false, err
	}
	onward, err := s.onward(ctx, tx, run, o)
	if err != nil {
		return false, err
	}
	room, err := s.release(ctx, tx, run)
	return room || family || onward, err
}

// Recovered is what became of the runs of a server that is gone.
type Recovered struct {
	PutBack   []runs.ID // pending again
	Cancelled []runs.ID // somebody had asked for it
	Failed    []runs.ID // their pipeline says so, or it was the third time
	Queued    int       // pending runs that may start; all are in the queue now
}

const (
	orphans = `
		SELECT id
		FROM runs
		WHERE status = 'running' AND owner <> ?1
		ORDER BY id`
)

// Recover takes the runs of servers other than owner back, and fills the queue
// anew with one entry for every pending run that may start. It is for the start of a server
// that holds the data folder's lock, before the queue works: then whoever else
// was running runs is gone. On PostgreSQL it would be wrong, and Beat does it.
func (s *Store) Recover(ctx context.Context, owner string, now time.Time) (Recovered, error) {
	var done Recovered
	err := s.change(ctx, "recover", func(tx *sql.Tx) (err error) {
		if done, err = s.takeBack(ctx, tx, now, orphans, owner); err != nil {
			return err
		}
		if err := s.queue.ResetTx(ctx, tx); err != nil {
			return err
		}
		done.Queued, err = s.ring(ctx, tx, runs.Place{})
		return err
	})
	if err != nil {
		return Recovered{}, err
	}
	s.queue.Wake()
	return done, nil
}
