package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/schedules"
)

const (
	schedulesOf = `
		SELECT pipeline_id, name, spec, zone, next_at
		FROM pipeline_schedules
		WHERE pipeline_id = ?1
		ORDER BY name`
	putSchedule = `
		INSERT INTO pipeline_schedules (pipeline_id, name, spec, zone, next_at)
		VALUES (?1, ?2, ?3, ?4, ?5)
		ON CONFLICT (pipeline_id, name)
		DO UPDATE SET spec = excluded.spec, zone = excluded.zone, next_at = excluded.next_at`
	dropSchedule = `
		DELETE FROM pipeline_schedules
		WHERE pipeline_id = ?1 AND name = ?2`
)

// schedule keeps the times at which d fires next up to date. What is as it was keeps its
// time, so that a save just before a tick does not lose it.
func schedule(ctx context.Context, tx *sql.Tx, d pipelines.Document, now time.Time) error {
	rows, err := tx.QueryContext(ctx, schedulesOf, d.ID)
	old, err := collect(rows, err, scanSchedule)
	if err != nil {
		return err
	}
	stays := map[string]bool{}
	for _, s := range d.AllSchedules() {
		rule, err := s.Rule()
		if err != nil || !d.Active(s) {
			continue // it was checked: only one of another release cannot be read
		}
		stays[s.Name] = true
		if slices.ContainsFunc(old, func(o due) bool { return o.name == s.Name && o.spec == s.Cron && o.zone == s.Timezone }) {
			continue
		}
		if _, err := tx.ExecContext(ctx, putSchedule, d.ID, s.Name, s.Cron, s.Timezone, tickMillis(rule.Next(now))); err != nil {
			return err
		}
	}
	for _, o := range old {
		if stays[o.name] {
			continue
		}
		if _, err := tx.ExecContext(ctx, dropSchedule, d.ID, o.name); err != nil {
			return err
		}
	}
	return nil
}

// tickMillis returns a tick as it is stored: 0 is none.
func tickMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return millis(t)
}

const (
	unscheduled = `
		SELECT p.id
		FROM pipelines p
		LEFT JOIN pipeline_schedules s ON s.pipeline_id = p.id
		WHERE p.schedule <> '' AND p.enabled = 1 AND p.draft = 0 AND s.pipeline_id IS NULL`
	farSchedules = `
		SELECT pipeline_id, name, spec, zone, next_at
		FROM pipeline_schedules`
)

// Reschedule gives pipelines of older databases their times, and brings those
// forward that lie further ahead than they should, as after a clock that was wrong.
// It is for the start of a server.
func (s *Store) Reschedule(ctx context.Context, now time.Time) error {
	return s.change(ctx, "reschedule", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, unscheduled)
		missing, err := collect(rows, err, func(r *sql.Rows) (p pipelines.ID, err error) { return p, r.Scan(&p) })
		if err != nil {
			return err
		}
		for _, p := range missing {
			v, err := scanVersion(tx.QueryRowContext(ctx, pipeline, p, ""))
			if err != nil {
				return err
			}
			if err := schedule(ctx, tx, v.Document, now); err != nil {
				return err
			}
		}
		return bringForward(ctx, tx, now)
	})
}

// bringForward gives those schedules another time that lie further ahead than they should.
// Many are alike, and each is read and computed once: that is what takes time.
func bringForward(ctx context.Context, tx *sql.Tx, now time.Time) error {
	nexts := map[[2]string]int64{}
	rows, err := tx.QueryContext(ctx, farSchedules)
	all, err := collect(rows, err, func(r *sql.Rows) (d due, err error) {
		var at int64
		if err := r.Scan(&d.pipeline, &d.name, &d.spec, &d.zone, &at); err != nil {
			return d, err
		}
		key := [2]string{d.spec, d.zone}
		next, known := nexts[key]
		if !known {
			if rule, err := schedules.Read(d.spec, d.zone); err == nil { // else it is of a release that knew more
				next = tickMillis(rule.Next(now))
			}
			nexts[key] = next
		}
		if next != 0 && next < at {
			d.next = moment(next)
		}
		return d, nil
	})
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.next.IsZero() {
			continue
		}
		if _, err := tx.ExecContext(ctx, putSchedule, d.pipeline, d.name, d.spec, d.zone, millis(d.next)); err != nil {
			return err
		}
	}
	return nil
}

// due is a schedule with its next time.
type due struct {
	pipeline   pipelines.ID
	name       string
	spec, zone string
	schedule   schedules.Schedule
	unread     error // of a release that knew more
	next       time.Time
}

func scanSchedule(r *sql.Rows) (due, error) {
	var d due
	var next int64
	if err := r.Scan(&d.pipeline, &d.name, &d.spec, &d.zone, &next); err != nil {
		return d, err
	}
	if next > 0 {
		d.next = moment(next)
	}
	d.schedule, d.unread = schedules.Read(d.spec, d.zone)
	return d, nil
}

const (
	dueSchedules = `
		SELECT pipeline_id, name, spec, zone, next_at
		FROM pipeline_schedules
		WHERE next_at > 0 AND next_at <= ?1
		ORDER BY next_at
		LIMIT ?2`
	nextSchedule = `
		SELECT next_at
		FROM pipeline_schedules
		WHERE next_at > 0
		ORDER BY next_at
		LIMIT 1`
	insertTick = `
		INSERT INTO run_ticks (run_id, pipeline_id, tick, interval_start, schedule)
		VALUES (?1, ?2, ?3, ?4, ?5)
		ON CONFLICT (pipeline_id, schedule, tick) DO NOTHING`
	hasTick = `
		SELECT EXISTS (SELECT 1 FROM run_ticks WHERE pipeline_id = ?1 AND tick = ?2 AND schedule = ?3)`
)

// firedAtOnce is how many schedules one transaction fires.
const firedAtOnce = 100

// FireDue implements runs.Ticks.
func (s *Store) FireDue(ctx context.Context, now time.Time) (fired int, next time.Time, err error) {
	// Nothing is due most of the time, and to see that must not keep writers waiting.
	if next, err = nextTick(s.db.read.QueryRowContext(ctx, nextSchedule)); err != nil || next.IsZero() || next.After(now) {
		return 0, next, border("next schedule", err)
	}
	err = s.change(ctx, "fire schedules", func(tx *sql.Tx) error {
		fired = 0
		rows, err := tx.QueryContext(ctx, dueSchedules, millis(now), firedAtOnce)
		all, err := collect(rows, err, scanSchedule)
		if err != nil {
			return err
		}
		for _, d := range all {
			n, err := s.fire(ctx, tx, d, now)
			if err != nil {
				return err
			}
			fired += n
		}
		next, err = nextTick(tx.QueryRowContext(ctx, nextSchedule))
		return err
	})
	if err == nil && fired > 0 {
		s.queue.Wake()
	}
	return fired, next, err
}

// nextTick reads when a schedule fires next; zero when none does.
func nextTick(row scanner) (time.Time, error) {
	var at int64
	switch err := row.Scan(&at); {
	case errors.Is(err, sql.ErrNoRows):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, err
	}
	return moment(at), nil
}

// fire starts the runs of one schedule and moves it on.
func (s *Store) fire(ctx context.Context, tx *sql.Tx, d due, now time.Time) (int, error) {
	v, err := scanVersion(tx.QueryRowContext(ctx, pipeline, d.pipeline, ""))
	if err != nil {
		return 0, err
	}
	all := v.Document.AllSchedules()
	i := slices.IndexFunc(all, func(s pipelines.Schedule) bool { return s.Name == d.name })
	if i < 0 || d.unread != nil {
		_, err := tx.ExecContext(ctx, dropSchedule, d.pipeline, d.name)
		return 0, err
	}
	policy, err := schedules.ParseCatchUp(string(all[i].Catchup))
	if err != nil {
		policy = schedules.CatchLatest // the document was checked by another release
	}
	ticks, next := d.schedule.Due(d.next, now, policy)
	fired := 0
	for _, tick := range ticks {
		var there bool
		if err := tx.QueryRowContext(ctx, hasTick, d.pipeline, millis(tick), d.name).Scan(&there); err != nil {
			return fired, err
		}
		if there {
			continue
		}
		if err := s.tick(ctx, tx, v.Document, all[i], [2]time.Time{d.schedule.Before(tick), tick}); err != nil {
			return fired, err
		}
		fired++
	}
	_, err = tx.ExecContext(ctx, putSchedule, d.pipeline, d.name, d.spec, d.zone, tickMillis(next))
	return fired, err
}

// tick starts the run of one tick, which is the end of an interval.
func (s *Store) tick(ctx context.Context, tx *sql.Tx, d pipelines.Document, of pipelines.Schedule, interval [2]time.Time) error {
	r := runs.Run{
		ID: runs.ID(id.New()), Pipeline: d.ID, PipelineName: d.Name, PipelineVersion: d.Version,
		Trigger: runs.Scheduled, Params: of.Params, Priority: d.Priority, CreatedAt: time.Now(),
	}
	if err := s.startOrSkip(ctx, tx, r); err != nil {
		return err
	}
	start, tick := interval[0], interval[1]
	if start.IsZero() {
		start = tick
	}
	_, err := tx.ExecContext(ctx, insertTick, r.ID, d.ID, millis(tick), millis(start), of.Name)
	return err
}

// A run that was resumed is for the same time as the one that it goes on with.
const intervalOfRun = `
	WITH RECURSIVE origins (id) AS (
		SELECT id
		FROM runs
		WHERE id = ?1
		UNION
		SELECT r.resumed_from
		FROM runs r
		JOIN origins o ON o.id = r.id
		WHERE r.resumed_from <> ''
	)
	SELECT interval_start, tick, schedule, ''
	FROM run_ticks
	WHERE run_id IN (SELECT id FROM origins)
	UNION ALL
	SELECT interval_start, interval_end, '', backfill_id
	FROM backfill_runs
	WHERE run_id IN (SELECT id FROM origins)
	LIMIT 1`

// readInterval tells which interval a run is for, when a schedule or a backfill has
// started it.
func readInterval(ctx context.Context, tx *sql.Tx, r *runs.Run) error {
	var start, end int64
	err := tx.QueryRowContext(ctx, intervalOfRun, r.ID).Scan(&start, &end, &r.Schedule, &r.Backfill)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	from, to := moment(start), moment(end)
	r.IntervalStart, r.IntervalEnd = &from, &to
	return nil
}

const nextRuns = `
	SELECT pipeline_id, min(next_at)
	FROM pipeline_schedules s
	JOIN pipelines p ON p.id = s.pipeline_id
	WHERE p.workspace_id = ?1 AND next_at > 0
	GROUP BY pipeline_id`

// NextRuns implements runs.Store.
func (s *Store) NextRuns(ctx context.Context) (map[pipelines.ID]time.Time, error) {
	type entry struct {
		of pipelines.ID
		at int64
	}
	rows, err := s.db.read.QueryContext(ctx, nextRuns, auth.HomeFrom(ctx))
	all, err := collect(rows, err, func(r *sql.Rows) (e entry, err error) { return e, r.Scan(&e.of, &e.at) })
	times := make(map[pipelines.ID]time.Time, len(all))
	for _, e := range all {
		times[e.of] = moment(e.at)
	}
	return times, border("next runs", err)
}

// ScheduleTimes implements runs.Store.
func (s *Store) ScheduleTimes(ctx context.Context, pipeline pipelines.ID) (map[string]time.Time, error) {
	rows, err := s.db.read.QueryContext(ctx, schedulesOf, pipeline)
	all, err := collect(rows, err, scanSchedule)
	times := make(map[string]time.Time, len(all))
	for _, d := range all {
		if !d.next.IsZero() {
			times[d.name] = d.next
		}
	}
	return times, border("schedule times", err)
}
