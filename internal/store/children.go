package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/runs"
)

const (
	depthOf = `
		SELECT depth, resumed_from
		FROM runs
		WHERE id = ?1`
	hasStarted = `
		SELECT EXISTS (SELECT 1 FROM run_children WHERE parent_id = ?1 AND node_id = ?2 AND status <> 'planned')`
	hasPlanned = `
		SELECT EXISTS (SELECT 1 FROM run_children WHERE parent_id = ?1 AND node_id = ?2)`
	forgetPlan = `
		DELETE FROM run_children
		WHERE parent_id = ?1 AND node_id = ?2`
	// What a run before has done for the same row, with the same parameters, counts.
	planChild = `
		INSERT INTO run_children (parent_id, node_id, position, pipeline_id, pipeline_version, pipeline_name, params, kept_node, awaited, resumes)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, coalesce((
			SELECT run_id
			FROM run_children
			WHERE parent_id = ?10 AND node_id = ?2 AND position = ?3 AND pipeline_id = ?4 AND params = ?7 AND kept_node = ?8
		), ''))
		ON CONFLICT (parent_id, node_id, position) DO NOTHING`
	plannedParams = `
		SELECT params
		FROM run_children
		WHERE parent_id = ?1 AND node_id = ?2 AND position = ?3`
)

// PlanChildren implements runs.ChildStore.
func (s *Store) PlanChildren(ctx context.Context, p runs.Plan) error {
	return s.change(ctx, "plan runs", func(tx *sql.Tx) error {
		if p.Fence > 0 {
			if err := held(ctx, tx, p.Parent, p.Fence); err != nil {
				return err
			}
		}
		var depth int
		var origin runs.ID
		err := tx.QueryRowContext(ctx, depthOf, p.Parent).Scan(&depth, &origin)
		if errors.Is(err, sql.ErrNoRows) {
			return runs.NotFound(p.Parent)
		}
		if err != nil {
			return err
		}
		if depth >= runs.MaxDepth {
			return fault.New(fault.Invalid, "this run is the %dth of runs that start each other, and no more may follow", depth+1).With("nested_too_deep")
		}
		var started bool
		if err := tx.QueryRowContext(ctx, hasStarted, p.Parent, p.Node).Scan(&started); err != nil {
			return err
		}
		if p.First == 0 && !started {
			if _, err := tx.ExecContext(ctx, forgetPlan, p.Parent, p.Node); err != nil {
				return err
			}
		}
		if p.Anew {
			origin = ""
		}
		if origin, err = planOrigin(ctx, tx, origin, p.Node); err != nil {
			return err
		}
		return planAll(ctx, tx, p, origin)
	})
}

// planOrigin returns the newest of the runs that a run resumes, itself or by way of
// others, in which a node has planned runs.
func planOrigin(ctx context.Context, tx *sql.Tx, origin runs.ID, node string) (runs.ID, error) {
	for origin != "" {
		var planned bool
		if err := tx.QueryRowContext(ctx, hasPlanned, origin, node).Scan(&planned); err != nil || planned {
			return origin, err
		}
		var depth int
		if err := tx.QueryRowContext(ctx, depthOf, origin).Scan(&depth, &origin); err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				return "", nil
			}
			return "", err
		}
	}
	return "", nil
}

func planAll(ctx context.Context, tx *sql.Tx, p runs.Plan, origin runs.ID) error {
	for i, params := range p.Params {
		text, err := json.Marshal(params)
		if err != nil {
			return err
		}
		fresh, err := affected(tx.ExecContext(ctx, planChild,
			p.Parent, p.Node, p.First+i, p.Document.ID, p.Document.Version, p.Document.Name, string(text), p.Output, !p.Detached, origin))
		if err != nil {
			return err
		}
		if fresh {
			continue
		}
		var other string
		if err := tx.QueryRowContext(ctx, plannedParams, p.Parent, p.Node, p.First+i).Scan(&other); err != nil {
			return err
		}
		if other != string(text) {
			return fault.New(fault.Conflict, "row %d is not the one for which a run has been started: the rows have changed since", p.First+i+1).With("rows_changed")
		}
	}
	return nil
}

const (
	countByChildStatus = `
		SELECT status, count(*)
		FROM run_children
		WHERE parent_id = ?1 AND node_id = ?2
		GROUP BY status`
	nextPlanned = `
		SELECT position, pipeline_id, pipeline_version, pipeline_name, params, kept_node, resumes,
			(SELECT priority FROM runs WHERE id = ?1)
		FROM run_children
		WHERE parent_id = ?1 AND node_id = ?2 AND status = 'planned'
		ORDER BY position
		LIMIT ?3`
	blamedChild = `
		SELECT c.position, c.run_id, c.pipeline_name, c.status, coalesce(r.error, '')
		FROM run_children c
		LEFT JOIN runs r ON r.id = c.run_id
		WHERE c.parent_id = ?1 AND c.node_id = ?2 AND c.status IN ('blocked', 'failed', 'cancelled')
		ORDER BY c.position
		LIMIT 1`
)

// startedAtOnce is how many runs one transaction starts.
const startedAtOnce = 200

// CallChildren implements runs.ChildStore.
func (s *Store) CallChildren(ctx context.Context, c runs.Call, now time.Time) (runs.Tally, error) {
	var t runs.Tally
	err := s.change(ctx, "start runs", func(tx *sql.Tx) error {
		t = runs.Tally{}
		status, err := readStatus(ctx, tx, c.Parent)
		if err != nil {
			return err
		}
		if status != runs.Waiting {
			return fault.New(fault.Conflict, "the run is %s and does not wait", status).With("run_" + string(status))
		}
		if err := tally(ctx, tx, c, &t); err != nil {
			return err
		}
		if t.Failed > 0 && !c.GoOn {
			return blame(ctx, tx, c, &t)
		}
		if err := s.startChildren(ctx, tx, c, &t, now); err != nil {
			return err
		}
		return blame(ctx, tx, c, &t)
	})
	if err == nil && len(t.Began) > 0 {
		s.queue.Wake()
	}
	return t, err
}

func tally(ctx context.Context, tx *sql.Tx, c runs.Call, t *runs.Tally) error {
	rows, err := tx.QueryContext(ctx, countByChildStatus, c.Parent, c.Node)
	_, err = collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var status runs.ChildStatus
		var n int
		if err := r.Scan(&status, &n); err != nil {
			return none, err
		}
		switch status {
		case runs.ChildPlanned:
			t.Planned += n
		case runs.ChildStarted:
			t.Started += n
		case runs.ChildStatus(runs.Success):
			t.Succeeded += n
		default:
			t.Failed += n
		}
		return none, nil
	})
	return err
}

func blame(ctx context.Context, tx *sql.Tx, c runs.Call, t *runs.Tally) error {
	if t.Failed == 0 {
		return nil
	}
	t.Blamed = &runs.Child{}
	return tx.QueryRowContext(ctx, blamedChild, c.Parent, c.Node).Scan(
		&t.Blamed.Position, &t.Blamed.Run, &t.Blamed.Pipeline, &t.Blamed.Status, &t.Blamed.Error)
}

// planned is a run that is not on record yet.
type planned struct {
	runs.Run
	kept    string
	resumes runs.ID
}

// startChildren starts as many runs as may be under way besides those that t counts,
// and counts them as well.
func (s *Store) startChildren(ctx context.Context, tx *sql.Tx, c runs.Call, t *runs.Tally, now time.Time) error {
	rows, err := tx.QueryContext(ctx, nextPlanned, c.Parent, c.Node, startedAtOnce)
	all, err := collect(rows, err, func(r *sql.Rows) (planned, error) {
		var params string
		p := planned{Run: runs.Run{
			ID: runs.ID(id.New()), Trigger: runs.Called, ParentRun: c.Parent, ParentNode: c.Node, CreatedAt: now.Truncate(time.Millisecond),
		}}
		if err := r.Scan(&p.ParentRow, &p.Pipeline, &p.PipelineVersion, &p.PipelineName, &params, &p.kept, &p.resumes, &p.Priority); err != nil {
			return p, err
		}
		return p, json.Unmarshal([]byte(params), &p.Params)
	})
	if err != nil {
		return err
	}
	full := func() bool { return c.AtOnce > 0 && t.Started >= c.AtOnce }
	held := 0
	for _, p := range all {
		if full() {
			break
		}
		before := t.Planned
		if err := s.startChild(ctx, tx, p, t); err != nil {
			return err
		}
		if t.Planned == before {
			held++ // what it resumes is about to end
		}
	}
	t.More = t.Planned > held && !full()
	return nil
}

const (
	newestResume = `
		WITH RECURSIVE chain (id) AS (
			SELECT id FROM runs WHERE id = ?1
			UNION
			SELECT r.id FROM runs r JOIN chain c ON r.resumed_from = c.id WHERE r.resumed_from <> ''
		)
		SELECT id, status, pipeline_version, cancel_requested
		FROM runs
		WHERE id IN (SELECT id FROM chain)
		ORDER BY id DESC
		LIMIT 1`
	childStarted = `
		UPDATE run_children
		SET status = ?4, run_id = ?5
		WHERE parent_id = ?1 AND node_id = ?2 AND position = ?3 AND status = 'planned'`
	beginBelow = `
		UPDATE runs
		SET depth = 1 + (SELECT p.depth FROM runs p WHERE p.id = ?2), kept_node = ?3
		WHERE id = ?1`
)

// startChild starts one run, or takes the one that has done its work before.
func (s *Store) startChild(ctx context.Context, tx *sql.Tx, p planned, t *runs.Tally) error {
	status, run := runs.ChildStarted, p.ID
	if p.resumes != "" {
		newest, ends, err := newestOf(ctx, tx, p.resumes)
		switch {
		case err != nil:
			return err
		case ends:
			return nil
		case newest.Status == runs.Success:
			status, run = runs.ChildStatus(runs.Success), newest.ID
		case newest.ID != "" && !newest.Status.Final():
			run = newest.ID
		case newest.PipelineVersion == p.PipelineVersion:
			p.ResumedFrom = newest.ID
		}
	}
	if _, err := tx.ExecContext(ctx, childStarted, p.ParentRun, p.ParentNode, p.ParentRow, status, run); err != nil {
		return err
	}
	t.Planned--
	if status != runs.ChildStarted {
		t.Succeeded++
		return nil
	}
	t.Started++
	if run != p.ID {
		return nil
	}
	p.StartedBy = actorName(ctx)
	if err := s.insertRun(ctx, tx, p.Run); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, beginBelow, p.ID, p.ParentRun, p.kept)
	t.Began = append(t.Began, runs.Child{Position: p.ParentRow, Run: p.ID, Pipeline: p.PipelineName, Status: status})
	return err
}

func actorName(ctx context.Context) string {
	a, _ := auth.ActorFrom(ctx)
	return a.Name
}

// newestOf returns the newest of the runs that resume a run, itself or by way of
// others, and whether it is going to end because somebody has asked for it. One that
// is gone has no id.
func newestOf(ctx context.Context, tx *sql.Tx, run runs.ID) (newest runs.Run, ends bool, err error) {
	err = tx.QueryRowContext(ctx, newestResume, run).Scan(&newest.ID, &newest.Status, &newest.PipelineVersion, &ends)
	if errors.Is(err, sql.ErrNoRows) {
		return runs.Run{}, false, nil
	}
	return newest, ends && !newest.Status.Final(), err
}

const childrenOf = `
	SELECT c.position, c.run_id, c.pipeline_name, c.status, coalesce(r.error, '')
	FROM run_children c
	LEFT JOIN runs r ON r.id = c.run_id
	WHERE c.parent_id = ?1 AND c.node_id = ?2
	ORDER BY c.position`

// Children implements runs.ChildStore.
func (s *Store) Children(ctx context.Context, parent runs.ID, node string) ([]runs.Child, error) {
	rows, err := s.db.read.QueryContext(ctx, childrenOf, parent, node)
	all, err := collect(rows, err, func(r *sql.Rows) (c runs.Child, err error) {
		return c, r.Scan(&c.Position, &c.Run, &c.Pipeline, &c.Status, &c.Error)
	})
	return all, border("children", err)
}

const (
	keptNode = `
		SELECT kept_node
		FROM runs
		WHERE id = ?1`
	childEnded = `
		UPDATE run_children
		SET status = ?2
		WHERE run_id = ?1 AND run_id <> '' AND status = 'started'`
	// Whatever look_at was when somebody read it, it is something else now.
	wakeParent = `
		UPDATE runs
		SET look_at = CASE WHEN look_at > 0 THEN 0 ELSE look_at - 1 END
		WHERE status = 'waiting' AND id IN (SELECT parent_id FROM run_children WHERE run_id = ?1 AND run_id <> '' AND awaited = 1)`
	childrenUnderWay = `
		SELECT r.id
		FROM run_children c
		JOIN runs r ON r.id = c.run_id
		WHERE c.parent_id = ?1 AND c.awaited = 1 AND c.status = 'started' AND r.finished_at IS NULL
		ORDER BY r.id`
)

// noteFamily notes the end of a run with the one that waits for it, and ends those
// that it waits for itself. It reports whether others may start in their place.
func (s *Store) noteFamily(ctx context.Context, tx *sql.Tx, run runs.ID, o runs.Outcome) (room bool, err error) {
	if _, err := tx.ExecContext(ctx, childEnded, run, o.Status); err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, wakeParent, run); err != nil {
		return false, err
	}
	if o.Status == runs.Success {
		return false, nil
	}
	rows, err := tx.QueryContext(ctx, childrenUnderWay, run)
	all, err := collect(rows, err, func(r *sql.Rows) (c runs.Run, err error) { return c, r.Scan(&c.ID) })
	if err != nil {
		return false, err
	}
	for _, c := range all {
		_, more, err := s.stop(ctx, tx, c.ID, o.At)
		if err != nil {
			return false, err
		}
		room = room || more
	}
	return room, nil
}
