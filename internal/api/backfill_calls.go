package api

import (
	"context"
	"net/http"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/strictjson"
)

func (s *server) backfillCalls() {
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/backfill", may: auth.PipelinesRun, tag: "backfills", status: http.StatusAccepted,
		summary:  "Start a backfill as Brokoli does: runs take the day as their parameter date; the answer does not wait for them",
		describe: documents[backfillRequest](s, jsonType),
	}, s.startOldBackfill)
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/backfills", may: auth.PipelinesRun, tag: "backfills", status: http.StatusCreated,
		summary:  "Start runs for intervals that have passed, some at a time",
		describe: documents[backfillRequest](s, jsonType),
	}, s.startBackfill)
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/backfills/preview", may: auth.PipelinesRun, tag: "backfills",
		summary:  "Say how many intervals a backfill would have, and which the first and the last one are",
		describe: documents[backfillRequest](s, jsonType),
	}, s.previewBackfill)
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/backfills", may: auth.RunsView, tag: "backfills",
		summary: "List the backfills of a pipeline, newest first", describe: listed[runs.Backfill](s),
	}, s.listPipelineBackfills)
	register(s, call{
		method: http.MethodGet, path: "/api/backfills", may: auth.RunsView, tag: "backfills",
		summary: "List all backfills, newest first", describe: listed[runs.Backfill](s),
	}, s.listBackfills)
	register(s, call{
		method: http.MethodGet, path: "/api/backfills/{backfill}", may: auth.RunsView, tag: "backfills",
		summary: "Read a backfill, how far it is, and which of its runs have failed",
	}, s.getBackfill)
	register(s, call{
		method: http.MethodPost, path: "/api/backfills/{backfill}/pause", may: auth.PipelinesRun, tag: "backfills",
		summary: "Have a backfill start no more runs; those that it has started go on",
	}, s.moveBackfill(runs.BackfillPaused))
	register(s, call{
		method: http.MethodPost, path: "/api/backfills/{backfill}/continue", may: auth.PipelinesRun, tag: "backfills",
		summary: "Let a paused backfill go on with the next interval",
	}, s.moveBackfill(runs.BackfillRunning))
	register(s, call{
		method: http.MethodPost, path: "/api/backfills/{backfill}/cancel", may: auth.PipelinesRun, tag: "backfills",
		summary: "End a backfill, with those of its runs that have not ended",
	}, s.moveBackfill(runs.BackfillCancelled))
}

// backfillRequest is what people say of a backfill. Brokoli's start_date and end_date
// are days, both in the range.
type backfillRequest struct {
	Start       string         `json:"start,omitempty" doc:"First moment of the range: RFC 3339, or a day by the clock of the time zone"`
	End         string         `json:"end,omitempty" doc:"First moment behind the range; intervals that begin before it are in it"`
	StartDate   string         `json:"start_date,omitempty" doc:"Instead of start: first day"`
	EndDate     string         `json:"end_date,omitempty" doc:"Instead of end: last day"`
	Interval    string         `json:"interval,omitempty" doc:"hour, day, week, month or a schedule; without it the pipeline's first schedule, else day"`
	Timezone    string         `json:"timezone,omitempty" doc:"IANA name of the zone by whose clock intervals begin; that of the pipeline's schedule when absent, else UTC"`
	Concurrency int            `json:"concurrency,omitempty" minimum:"0" maximum:"100" doc:"Runs that have not ended at once; 1 when absent"`
	Order       string         `json:"order,omitempty" enum:"oldest,newest" doc:"Which intervals come first; oldest when absent"`
	Force       bool           `json:"force,omitempty" doc:"Run intervals again that have a run which has succeeded"`
	OnFailure   string         `json:"on_failure,omitempty" enum:"continue,pause" doc:"What a run that fails means for the others; continue when absent"`
	Params      map[string]any `json:"params,omitempty" doc:"Values of parameters. ${interval.start}, .end, .start_date, .end_date and .day in them stand for the interval"`
	Priority    *int           `json:"priority,omitempty" minimum:"-1000" maximum:"1000" doc:"Of the runs; -100 when absent"`
}

// readBackfill reads what people say of a backfill.
func readBackfill(text []byte) (runs.BackfillRequest, error) {
	var r backfillRequest
	if err := strictjson.Decode(text, &r); err != nil {
		return runs.BackfillRequest{}, err
	}
	params, err := textParams(r.Params)
	if r.Start == "" {
		r.Start = r.StartDate
	}
	return runs.BackfillRequest{
		Start: r.Start, End: r.End, LastDay: r.EndDate, Interval: r.Interval, Timezone: r.Timezone, Concurrency: r.Concurrency,
		Order: r.Order, Again: r.Force, OnFailure: r.OnFailure, Params: params, Priority: r.Priority,
	}, err
}

// BackfillInput is a request about a backfill that is to be.
type BackfillInput struct {
	ByID
	RawInput
}

func (s *server) startBackfill(ctx context.Context, in *BackfillInput) (*body[runs.Backfill], error) {
	r, err := readBackfill(in.RawBody)
	if err != nil {
		return nil, err
	}
	b, _, err := s.Runs.StartBackfill(ctx, in.ID, r)
	if err != nil {
		return nil, err
	}
	return &body[runs.Backfill]{b}, nil
}

func (s *server) previewBackfill(ctx context.Context, in *BackfillInput) (*body[runs.BackfillPlan], error) {
	r, err := readBackfill(in.RawBody)
	if err != nil {
		return nil, err
	}
	p, err := s.Runs.PlanBackfill(ctx, in.ID, r)
	if err != nil {
		return nil, err
	}
	return &body[runs.BackfillPlan]{p}, nil
}

// startedBackfill is the answer of Brokoli's call.
type startedBackfill struct {
	Backfill runs.BackfillID `json:"backfill_id"`
	Runs     []runs.ID       `json:"runs" doc:"Those that are on record by now"`
	Count    int             `json:"count" doc:"How many there will be, if none is skipped"`
	runs.BackfillPlan
}

func (s *server) startOldBackfill(ctx context.Context, in *BackfillInput) (*body[startedBackfill], error) {
	r, err := readBackfill(in.RawBody)
	if err != nil {
		return nil, err
	}
	d, err := s.Pipelines.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if _, given := r.Params["date"]; !given && d.Takes("date") {
		r.Params["date"] = "${interval.day}"
	}
	b, plan, err := s.Runs.StartBackfill(ctx, in.ID, r)
	if err != nil {
		return nil, err
	}
	begun, err := s.Runs.BackfillRuns(ctx, b.ID)
	if err != nil {
		return nil, err
	}
	return &body[startedBackfill]{startedBackfill{Backfill: b.ID, Runs: begun, Count: plan.Intervals, BackfillPlan: plan}}, nil
}

func (s *server) listPipelineBackfills(ctx context.Context, in *struct {
	ByID
	Paging
},
) (*listing, error) {
	d, err := s.Pipelines.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.backfillsBy(ctx, in.Paging, runs.BackfillFilter{Pipeline: d.ID}, "/api/pipelines/"+string(d.ID)+"/backfills")
}

func (s *server) listBackfills(ctx context.Context, in *struct{ Paging }) (*listing, error) {
	return s.backfillsBy(ctx, in.Paging, runs.BackfillFilter{}, "/api/backfills")
}

func (s *server) backfillsBy(ctx context.Context, p Paging, f runs.BackfillFilter, path string) (*listing, error) {
	return list(ctx, p, source[runs.Backfill]{
		path: path, bare: runsShown,
		key: func(b runs.Backfill) string { return string(b.ID) },
		fetch: func(ctx context.Context, page pipelines.Page) ([]runs.Backfill, error) {
			f.Page = page
			return s.Runs.Backfills(ctx, f)
		},
		count: func(ctx context.Context) (int, error) { return s.Runs.CountBackfills(ctx, f) },
	})
}

// ByBackfill is the path of one backfill.
type ByBackfill struct {
	Backfill runs.BackfillID `path:"backfill" maxLength:"128" doc:"Id of the backfill"`
}

func (s *server) getBackfill(ctx context.Context, in *ByBackfill) (*body[runs.Backfill], error) {
	b, err := s.Runs.Backfill(ctx, in.Backfill)
	if err != nil {
		return nil, err
	}
	return &body[runs.Backfill]{b}, nil
}

// moveBackfill returns the handler that gives backfills a status.
func (s *server) moveBackfill(to runs.BackfillStatus) func(context.Context, *ByBackfill) (*body[runs.Backfill], error) {
	return func(ctx context.Context, in *ByBackfill) (*body[runs.Backfill], error) {
		b, err := s.Runs.MoveBackfill(ctx, in.Backfill, to)
		if err != nil {
			return nil, err
		}
		return &body[runs.Backfill]{b}, nil
	}
}
