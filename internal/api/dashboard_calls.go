package api

import (
	"context"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// Bounds of the dashboard. They are Brokoli's.
const (
	dashboardRuns    = 50
	dashboardDays    = 7
	dashboardFailing = 5
	dashboardRunning = 500
)

// dashboard is Brokoli's overview of a workspace. Its days are those of UTC.
type dashboard struct {
	Pipelines   []fared        `json:"pipelines" nullable:"false" doc:"None when the caller may not see pipelines"`
	Recent      []recentRun    `json:"recent_runs" nullable:"false" doc:"The newest 50 runs"`
	Trends      []trend        `json:"trends" nullable:"false" doc:"The last seven days, today included"`
	TopFailing  []failingCount `json:"top_failing" nullable:"false" doc:"The five pipelines with the most failed runs in these days"`
	Today       int            `json:"runs_today"`
	Yesterday   int            `json:"runs_yesterday"`
	Running     int            `json:"runs_running"`
	RunningIDs  []runs.ID      `json:"running_run_ids" nullable:"false" doc:"At most 500"`
	DayTotal    int            `json:"runs_24h_total"`
	DaySuccess  int            `json:"runs_24h_success"`
	DayFailed   int            `json:"runs_24h_failed"`
	SuccessRate int            `json:"success_rate_24h" doc:"Of the runs of 24 hours that have succeeded or failed, in percent; 100 when there are none"`
}

type recentRun struct {
	Pipeline     pipelines.ID `json:"pipeline_id"`
	PipelineName string       `json:"pipeline_name"`
	Run          runs.ID      `json:"run_id"`
	Status       runs.Status  `json:"status"`
	Error        string       `json:"error,omitempty"`
	StartedAt    *time.Time   `json:"started_at,omitempty"`
	FinishedAt   *time.Time   `json:"finished_at,omitempty"`
}

type trend struct {
	Date    string `json:"date"`
	Success int    `json:"success"`
	Failed  int    `json:"failed"`
	Total   int    `json:"total"`
}

type failingCount struct {
	Pipeline pipelines.ID `json:"pipeline_id"`
	Name     string       `json:"name"`
	Failed   int          `json:"fail_count"`
}

func (s *server) dashboard(ctx context.Context, _ *struct{}) (*body[dashboard], error) {
	now := time.Now().UTC()
	d := dashboard{Pipelines: []fared{}, Recent: []recentRun{}, Trends: []trend{}, TopFailing: []failingCount{}, RunningIDs: []runs.ID{}}
	for _, part := range []func(context.Context, time.Time, *dashboard) error{
		s.dashboardPipelines, s.dashboardRuns, s.dashboardRunning, s.dashboardTrends, s.dashboardDay, s.dashboardFailing,
	} {
		if err := part(ctx, now, &d); err != nil {
			return nil, err
		}
	}
	return &body[dashboard]{d}, nil
}

func (s *server) dashboardPipelines(ctx context.Context, _ time.Time, d *dashboard) error {
	a, _ := auth.ActorFrom(ctx)
	if may := a.May(auth.PipelinesView) == nil; !may {
		return nil
	}
	all, err := s.summary(ctx, nil)
	if err != nil {
		return err
	}
	d.Pipelines = all.Body
	return nil
}

func (s *server) dashboardRuns(ctx context.Context, _ time.Time, d *dashboard) error {
	newest, err := s.Runs.List(ctx, runs.Filter{Page: pipelines.Page{Limit: dashboardRuns}})
	for _, r := range newest {
		d.Recent = append(d.Recent, recentRun{r.Pipeline, r.PipelineName, r.ID, r.Status, r.Error, r.StartedAt, r.FinishedAt})
	}
	return err
}

func (s *server) dashboardRunning(ctx context.Context, _ time.Time, d *dashboard) error {
	under := runs.Filter{Status: runs.Running, Page: pipelines.Page{Limit: dashboardRunning}}
	running, err := s.Runs.List(ctx, under)
	if err != nil {
		return err
	}
	for _, r := range running {
		d.RunningIDs = append(d.RunningIDs, r.ID)
	}
	d.Running, err = s.Runs.Count(ctx, under)
	return err
}

func (s *server) dashboardTrends(ctx context.Context, now time.Time, d *dashboard) error {
	days, err := s.Runs.Days(ctx, "", now.AddDate(0, 0, 1-dashboardDays), now, time.UTC)
	for _, one := range days {
		d.Trends = append(d.Trends, trend{one.Date, one.Success, one.Failed, one.Total})
		d.Yesterday, d.Today = d.Today, one.Total
	}
	return err
}

func (s *server) dashboardDay(ctx context.Context, now time.Time, d *dashboard) error {
	counts, err := s.Runs.Counted(ctx, now.Add(-24*time.Hour), now.Add(time.Minute)) // the clocks of servers differ
	d.DayTotal, d.DaySuccess, d.DayFailed, d.SuccessRate = counts.Total, counts.Success, counts.Failed, 100
	if ended := counts.Success + counts.Failed; ended > 0 {
		d.SuccessRate = 100 * counts.Success / ended
	}
	return err
}

func (s *server) dashboardFailing(ctx context.Context, now time.Time, d *dashboard) error {
	worst, err := s.Runs.MostFailing(ctx, now.Truncate(24*time.Hour).AddDate(0, 0, 1-dashboardDays), dashboardFailing)
	if err != nil {
		return err
	}
	for _, w := range worst {
		of, err := s.Runs.List(ctx, runs.Filter{Pipeline: w.Pipeline, Page: pipelines.Page{Limit: 1}})
		if err != nil {
			return err
		}
		f := failingCount{Pipeline: w.Pipeline, Failed: w.Runs}
		for _, r := range of {
			f.Name = r.PipelineName
		}
		d.TopFailing = append(d.TopFailing, f)
	}
	return nil
}
