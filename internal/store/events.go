package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/runs"
)

const (
	takeNumbers = `
		UPDATE runs
		SET last_seq = last_seq + ?2
		WHERE id = ?1
		RETURNING last_seq`
	insertEvent = `
		INSERT INTO run_events (run_id, seq, type, at, node_id, level, message, status, progress, row_count, duration_ms, error, failure)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)`
)

// tell appends events to a run, in order, and does to its nodes what they say.
//
// Of a node's progress events only the newest is kept, and none once the node
// has ended: a run of a day has as many events as one of a minute.
func tell(ctx context.Context, tx *sql.Tx, run runs.ID, events ...runs.Event) error {
	events = current(events)
	if err := errors.Join(keepKept(ctx, tx, run, events), keepNames(ctx, tx, run, events)); err != nil {
		return err
	}
	events = slices.DeleteFunc(events, func(e runs.Event) bool { return e.Type == job.Kept || e.Type == runs.Named })
	if len(events) == 0 {
		return nil
	}
	var seq int64
	if err := tx.QueryRowContext(ctx, takeNumbers, run, len(events)).Scan(&seq); err != nil {
		return err
	}
	seq -= int64(len(events))
	for _, e := range events {
		seq++
		if err := errors.Join(apply(ctx, tx, run, e), announceNode(ctx, tx, run, e)); err != nil {
			return err
		}
		failure, err := pack(e.Failure)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, insertEvent,
			run, seq, e.Type, millis(e.At), e.Node, e.Level, e.Message, e.Status, e.Progress, e.Rows, e.Millis, e.Error, failure)
		if err != nil {
			return err
		}
		if err := noteStored(ctx, tx, run, seq, e.Stored); err != nil {
			return err
		}
	}
	return nil
}

// current returns events without the progress that later ones make outdated.
func current(events []runs.Event) []runs.Event {
	outdated := map[string]bool{}
	kept := make([]runs.Event, 0, len(events))
	for _, e := range slices.Backward(events) {
		if e.Type == job.NodeProgress && outdated[e.Node] {
			continue
		}
		if e.Type == job.NodeProgress || e.Type == job.NodeFinished {
			outdated[e.Node] = true
		}
		kept = append(kept, e)
	}
	slices.Reverse(kept)
	return kept
}

const (
	nodeStarted = `
		UPDATE node_runs
		SET status = 'running', started_at = ?3, progress = 0
		WHERE run_id = ?1 AND node_id = ?2`
	nodeRetrying = `
		UPDATE node_runs
		SET attempt = attempt + 1, progress = 0
		WHERE run_id = ?1 AND node_id = ?2`
	nodeProgress = `
		UPDATE node_runs
		SET progress = coalesce(?3, progress), row_count = coalesce(?4, row_count)
		WHERE run_id = ?1 AND node_id = ?2 AND status = 'running'`
	nodeFinished = `
		UPDATE node_runs
		SET status = ?3, row_count = coalesce(?4, row_count), duration_ms = ?5, error = ?6, failure = ?7, progress = 0, restored = ?8, pushed = ?9
		WHERE run_id = ?1 AND node_id = ?2`
	forgetProgress = `
		DELETE FROM run_events
		WHERE run_id = ?1 AND node_id = ?2 AND type = 'node.progress'`
	putPreview = `
		INSERT INTO run_previews (run_id, node_id, sample)
		VALUES (?1, ?2, ?3)
		ON CONFLICT (run_id, node_id) DO UPDATE SET sample = excluded.sample`
)

// apply does to a run's nodes what e says.
func apply(ctx context.Context, tx *sql.Tx, run runs.ID, e runs.Event) error {
	switch e.Type {
	case job.NodeStarted:
		_, err := tx.ExecContext(ctx, nodeStarted, run, e.Node, millis(e.At))
		return err
	case job.NodeRetrying:
		_, err := tx.ExecContext(ctx, nodeRetrying, run, e.Node)
		return err
	case job.NodeProgress:
		if _, err := tx.ExecContext(ctx, forgetProgress, run, e.Node); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, nodeProgress, run, e.Node, e.Progress, e.Rows)
		return err
	case job.NodeFinished:
		if _, err := tx.ExecContext(ctx, forgetProgress, run, e.Node); err != nil {
			return err
		}
		failure, err := pack(e.Failure)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, nodeFinished, run, e.Node, e.Status, e.Rows, e.Millis, e.Error, failure, e.Restored, e.Pushed)
		return err
	case job.Preview:
		return keepPreview(ctx, tx, run, e)
	default:
		return nil
	}
}

func keepPreview(ctx context.Context, tx *sql.Tx, run runs.ID, e runs.Event) error {
	if e.Preview == nil {
		return nil
	}
	sample, err := pack(e.Preview)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, putPreview, run, e.Node, sample)
	return err
}

// unpackSample reads a preview, leaving its numbers as they were written.
func unpackSample(text string) (job.Sample, error) {
	var s job.Sample
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	return s, dec.Decode(&s)
}
