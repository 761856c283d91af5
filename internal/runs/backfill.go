package runs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/schedules"
)

// Backfilled is the trigger of runs that a backfill has started.
const Backfilled = "backfill"

// BackfillID identifies a backfill: a UUIDv7.
type BackfillID string

// BackfillStatus is where a backfill is in its life.
type BackfillStatus string

// The statuses of backfills.
const (
	BackfillRunning   BackfillStatus = "running"   // it starts runs
	BackfillPaused    BackfillStatus = "paused"    // it starts none until it is continued
	BackfillDone      BackfillStatus = "done"      // every interval had its run, or was skipped; final
	BackfillCancelled BackfillStatus = "cancelled" // final
)

var nextOfBackfill = map[BackfillStatus][]BackfillStatus{
	BackfillRunning: {BackfillPaused, BackfillDone, BackfillCancelled},
	BackfillPaused:  {BackfillRunning, BackfillCancelled},
}

// Move returns a Conflict fault unless a backfill in status s may go to status to.
func (s BackfillStatus) Move(to BackfillStatus) error {
	if slices.Contains(nextOfBackfill[s], to) {
		return nil
	}
	return fault.New(fault.Conflict, "the backfill is %s: it cannot become %s", s, to).With("backfill_" + string(s))
}

// Bounds of backfills.
const (
	MaxIntervals   = 100_000
	MaxConcurrency = 100
	// BackfillPriority is that of runs of a backfill when it does not say: below the one
	// that pipelines have.
	BackfillPriority = -100
)

// Backfill is runs of a pipeline for intervals that have passed.
type Backfill struct {
	ID           BackfillID        `json:"id"`
	Pipeline     pipelines.ID      `json:"pipeline_id"`
	PipelineName string            `json:"pipeline_name"`
	Start        time.Time         `json:"start" doc:"Intervals that begin then or later"`
	End          time.Time         `json:"end" doc:"Intervals that begin before"`
	Interval     string            `json:"interval" doc:"The schedule at whose times intervals begin and end"`
	Timezone     string            `json:"timezone" doc:"IANA name; empty is UTC"`
	Concurrency  int               `json:"concurrency" doc:"Runs that have not ended at once"`
	Newest       bool              `json:"newest_first"`
	SkipDone     bool              `json:"skip_done" doc:"Intervals with a run that has succeeded are left out"`
	OnFailure    string            `json:"on_failure" enum:"continue,pause"`
	Params       map[string]string `json:"params"`
	Priority     int               `json:"priority"`
	Status       BackfillStatus    `json:"status" enum:"running,paused,done,cancelled"`
	Reason       string            `json:"reason,omitempty" doc:"Why it pauses by itself"`
	Progress     Progress          `json:"progress"`
	StartedBy    string            `json:"started_by,omitempty"`
	CreatedAt    time.Time         `json:"created_at"`
	FinishedAt   *time.Time        `json:"finished_at"`
	Failures     []BackfillRun     `json:"failures,omitempty" doc:"Its newest runs that have failed, at most 20; not in lists"`
}

// Progress is how far a backfill is.
type Progress struct {
	Total     int `json:"total"`
	Done      int `json:"done" doc:"Intervals whose run has succeeded"`
	Failed    int `json:"failed" doc:"Intervals whose run has failed or was blocked"`
	Cancelled int `json:"cancelled"`
	Running   int `json:"running" doc:"Intervals whose run is on record and has not ended"`
	Skipped   int `json:"skipped" doc:"Intervals that had a run that has succeeded"`
}

// BackfillRun is a run of a backfill.
type BackfillRun struct {
	Run   ID        `json:"run_id"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Interval is a time from Start up to End.
type Interval struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// BackfillPlan is what a backfill would do.
type BackfillPlan struct {
	Intervals   int      `json:"intervals"`
	First       Interval `json:"first"`
	Last        Interval `json:"last"`
	Interval    string   `json:"interval" doc:"The schedule at whose times intervals begin and end"`
	Description string   `json:"description" doc:"What it means, in words"`
	Timezone    string   `json:"timezone"`
	Concurrency int      `json:"concurrency"`
}

// BackfillRequest is what somebody says of a backfill. Times are RFC 3339, or days by
// the clock of the time zone.
type BackfillRequest struct {
	Start, End  string // End is not in the range,
	LastDay     string // and, instead of End, this day is
	Interval    string // hour, day, week, month or a schedule; empty is the pipeline's, else day
	Timezone    string // of Interval; empty is the pipeline's
	Concurrency int    // 0 is 1
	Order       string // oldest (or empty) or newest first
	Again       bool   // runs for intervals that have one which has succeeded, too
	OnFailure   string // continue (or empty) or pause
	Params      map[string]string
	Priority    *int
}

// BackfillFilter chooses backfills. Zero members do not restrict.
type BackfillFilter struct {
	Pipeline pipelines.ID
	pipelines.Page
}

// BackfillStore remembers backfills for Service; it is a part of Store, whose words
// about workspaces are for it as well.
type BackfillStore interface {
	// InsertBackfill stores a backfill with its audit record and starts its first runs.
	InsertBackfill(ctx context.Context, b Backfill) error
	// Backfill returns a backfill, or a NotFound fault.
	Backfill(ctx context.Context, id BackfillID) (Backfill, error)
	// Backfills returns a page of backfills, newest first.
	Backfills(ctx context.Context, f BackfillFilter) ([]Backfill, error)
	// CountBackfills returns how many f chooses, its page left aside.
	CountBackfills(ctx context.Context, f BackfillFilter) (int, error)
	// MoveBackfill gives a backfill another status and returns those of its runs that
	// were cancelled or marked to be, which are all that have not ended when the status is
	// BackfillCancelled. A status that cannot follow is a Conflict fault.
	MoveBackfill(ctx context.Context, id BackfillID, to BackfillStatus, now time.Time) ([]ID, error)
	// BackfillRuns returns the runs of a backfill that have not ended.
	BackfillRuns(ctx context.Context, id BackfillID) ([]ID, error)
}

// PlanBackfill says what a backfill would do, and what is wrong with one.
func (s *Service) PlanBackfill(ctx context.Context, pipeline string, r BackfillRequest) (BackfillPlan, error) {
	_, plan, err := s.planBackfill(ctx, pipeline, r)
	return plan, err
}

// StartBackfill puts a backfill on record and starts its first runs. A request that
// cannot be is an Invalid fault with every problem; a draft is a Conflict.
func (s *Service) StartBackfill(ctx context.Context, pipeline string, r BackfillRequest) (Backfill, BackfillPlan, error) {
	b, plan, err := s.planBackfill(ctx, pipeline, r)
	if err != nil {
		return b, plan, err
	}
	if err := s.room(); err != nil {
		return b, plan, err
	}
	actor, _ := auth.ActorFrom(ctx)
	b.ID, b.StartedBy, b.CreatedAt = BackfillID(id.New()), actor.Name, time.Now().UTC().Truncate(time.Millisecond)
	if err := s.store.InsertBackfill(ctx, b); err != nil {
		return b, plan, fmt.Errorf("start a backfill of %s: %w", b.Pipeline, err)
	}
	s.news.Post(Changed)
	b, err = s.Backfill(ctx, b.ID)
	return b, plan, err
}

func (s *Service) planBackfill(ctx context.Context, pipeline string, r BackfillRequest) (Backfill, BackfillPlan, error) {
	d, err := s.pipelines.Get(ctx, pipeline)
	if err != nil {
		return Backfill{}, BackfillPlan{}, err
	}
	if d.Draft {
		return Backfill{}, BackfillPlan{}, fault.New(fault.Conflict, "%q is a draft: publish it before running it", d.Name).With("draft")
	}
	return r.plan(d, time.Now())
}

// Backfill returns a backfill.
func (s *Service) Backfill(ctx context.Context, backfill BackfillID) (Backfill, error) {
	if !id.Plausible(string(backfill)) {
		return Backfill{}, NoBackfill(backfill)
	}
	return s.store.Backfill(ctx, backfill)
}

// NoBackfill is the fault of asking for a backfill that is not there.
func NoBackfill(backfill BackfillID) error {
	return fault.New(fault.NotFound, "there is no backfill %q", backfill).With("backfill_not_found")
}

// Backfills returns a page of backfills, newest first.
func (s *Service) Backfills(ctx context.Context, f BackfillFilter) ([]Backfill, error) {
	return s.store.Backfills(ctx, f)
}

// CountBackfills returns how many backfills f chooses.
func (s *Service) CountBackfills(ctx context.Context, f BackfillFilter) (int, error) {
	return s.store.CountBackfills(ctx, f)
}

// BackfillRuns returns the runs of a backfill that have not ended.
func (s *Service) BackfillRuns(ctx context.Context, backfill BackfillID) ([]ID, error) {
	return s.store.BackfillRuns(ctx, backfill)
}

// MoveBackfill pauses, continues or cancels a backfill. One that is paused starts no
// runs, and those that it has started go on; with one that is cancelled they end.
func (s *Service) MoveBackfill(ctx context.Context, backfill BackfillID, to BackfillStatus) (Backfill, error) {
	if _, err := s.Backfill(ctx, backfill); err != nil {
		return Backfill{}, err
	}
	ended, err := s.store.MoveBackfill(ctx, backfill, to, time.Now().UTC())
	if err != nil {
		return Backfill{}, err
	}
	for _, run := range ended {
		s.news.Post(CancelKey(run))
		s.news.Post(string(run))
	}
	s.news.Post(Changed)
	return s.store.Backfill(ctx, backfill)
}

// Range returns the intervals of b. A schedule of a release that knew more is an
// Invalid fault.
func (b Backfill) Range() (schedules.Range, error) {
	s, err := schedules.Parse(b.Interval, b.Timezone)
	return schedules.Range{Schedule: s, Start: b.Start, End: b.End}, err
}

// Next returns when the interval begins that b does after the one that begins at a
// moment, and first before any; zero when there is none.
func (b Backfill) Next(all schedules.Range, moment time.Time) time.Time {
	switch {
	case b.Newest && moment.IsZero():
		return all.Last()
	case b.Newest:
		return all.Prior(moment)
	case moment.IsZero():
		return all.First()
	default:
		return all.After(moment)
	}
}

// ParamsFor returns the parameters of the run for an interval. In what b says,
// ${interval.start} and the like stand for it.
func (b Backfill) ParamsFor(of Interval) map[string]string {
	zone, err := schedules.Zone(b.Timezone)
	if err != nil {
		zone = time.UTC
	}
	start, end := of.Start.UTC(), of.End.UTC()
	fill := strings.NewReplacer(
		"${interval.start}", start.Format(time.RFC3339), "${interval.end}", end.Format(time.RFC3339),
		"${interval.start_date}", start.Format(time.DateOnly), "${interval.end_date}", end.Format(time.DateOnly),
		"${interval.day}", of.Start.In(zone).Format(time.DateOnly),
	)
	params := make(map[string]string, len(b.Params))
	for name, value := range b.Params {
		params[name] = fill.Replace(value)
	}
	return params
}
