package api

import (
	"context"
	"net/http"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/issues"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// alertCalls are issues as Brokoli's clients know them.
func (s *server) alertCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/alerts", may: auth.IssuesView, tag: "alerts",
		summary: "List issues as alerts, newest first, with how many the caller has not read",
	}, s.listAlerts)
	register(s, call{
		method: http.MethodPost, path: "/api/alerts/read-all", may: auth.IssuesView, tag: "alerts", status: http.StatusNoContent,
		summary: "Mark every alert as read by the caller",
	}, s.readAlerts)
	register(s, call{
		method: http.MethodPost, path: "/api/alerts/{id}/read", may: auth.IssuesView, tag: "alerts", status: http.StatusNoContent,
		summary: "Mark an alert as read by the caller",
	}, s.readAlert)
	register(s, call{
		method: http.MethodDelete, path: "/api/alerts/{id}", may: auth.IssuesView, tag: "alerts", status: http.StatusNoContent,
		summary: "Take an alert off the caller's own list",
	}, s.dismissAlert)
	register(s, call{
		method: http.MethodPost, path: "/api/alerts/{id}/assign", may: auth.IssuesEdit, tag: "alerts", status: http.StatusNoContent,
		summary: "Give an alert to an account, or to nobody",
	}, s.assignAlert)
	register(s, call{
		method: http.MethodPost, path: "/api/alerts/{id}/acknowledge", may: auth.IssuesEdit, tag: "alerts", status: http.StatusNoContent,
		summary: "Say that you have seen an alert and care for it",
	}, s.acknowledgeAlert)
	register(s, call{
		method: http.MethodPost, path: "/api/alerts/{id}/resolve", may: auth.IssuesEdit, tag: "alerts", status: http.StatusNoContent,
		summary: "Close an alert",
	}, s.resolveAlert)
}

// alert is an issue in the shape of Brokoli's API.
type alert struct {
	ID             issues.ID        `json:"id"`
	Org            auth.WorkspaceID `json:"org_id"`
	Kind           string           `json:"kind" doc:"run_failure, check_failed, run_stuck, deadline_missed, disk_low or worker_lost"`
	Severity       issues.Severity  `json:"severity" enum:"info,warning,critical"`
	Title          string           `json:"title"`
	Body           string           `json:"body,omitempty"`
	Pipeline       pipelines.ID     `json:"pipeline_id,omitempty"`
	PipelineName   string           `json:"pipeline_name,omitempty"`
	Run            runs.ID          `json:"run_id,omitempty"`
	CreatedAt      time.Time        `json:"created_at"`
	ReadAt         *time.Time       `json:"read_at,omitempty" doc:"When the caller read it"`
	Assignee       auth.UserID      `json:"assignee_user_id,omitempty"`
	AcknowledgedAt *time.Time       `json:"acknowledged_at,omitempty"`
	AcknowledgedBy string           `json:"acknowledged_by,omitempty"`
	ResolvedAt     *time.Time       `json:"resolved_at,omitempty"`
	ResolvedBy     string           `json:"resolved_by,omitempty"`
}

func alertOf(i issues.Issue) alert {
	kind := string(i.Kind)
	if i.Kind == issues.RunFailed || i.Kind == issues.RunInterrupted {
		kind = "run_failure"
	}
	return alert{
		ID: i.ID, Org: i.Workspace, Kind: kind, Severity: i.Severity, Title: i.Title, Body: i.Body,
		Pipeline: i.Pipeline, PipelineName: i.PipelineName, Run: i.LastRun, CreatedAt: i.OpenedAt, ReadAt: i.ReadAt,
		Assignee: i.Assignee, AcknowledgedAt: i.AcknowledgedAt, AcknowledgedBy: i.AcknowledgedBy,
		ResolvedAt: i.ResolvedAt, ResolvedBy: i.ResolvedBy,
	}
}

type alertList struct {
	Alerts []alert `json:"alerts" nullable:"false"`
	Unread int     `json:"unread_count" doc:"Unresolved ones, not muted, that the caller has not read"`
}

func (s *server) listAlerts(ctx context.Context, in *struct {
	Whose
	Limit  int          `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Unread bool         `query:"unread" doc:"Only those that unread_count counts"`
	State  issues.State `query:"state" enum:"open,acknowledged,resolved"`
},
) (*body[alertList], error) {
	f := in.filter(issues.Filter{State: in.State, Unread: in.Unread, Listed: true, Page: pipelines.Page{Limit: in.Limit}})
	all, err := s.Issues.List(ctx, f)
	if err != nil {
		return nil, err
	}
	out := alertList{Alerts: make([]alert, 0, len(all))}
	for _, i := range all {
		out.Alerts = append(out.Alerts, alertOf(i))
	}
	out.Unread, err = s.Issues.Count(ctx, issues.Filter{Unread: true, Listed: true})
	return &body[alertList]{out}, err
}

func (s *server) readAlerts(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, s.Issues.ReadAll(ctx)
}

func (s *server) readAlert(ctx context.Context, in *ByIssue) (*struct{}, error) {
	return nil, s.Issues.Read(ctx, in.Issue)
}

func (s *server) dismissAlert(ctx context.Context, in *ByIssue) (*struct{}, error) {
	return nil, s.Issues.Dismiss(ctx, in.Issue)
}

func (s *server) assignAlert(ctx context.Context, in *AssignInput) (*struct{}, error) {
	_, err := s.Issues.Assign(ctx, in.Issue, in.user())
	return nil, err
}

func (s *server) acknowledgeAlert(ctx context.Context, in *ByIssue) (*struct{}, error) {
	_, err := s.Issues.Acknowledge(ctx, in.Issue)
	return nil, err
}

func (s *server) resolveAlert(ctx context.Context, in *ByIssue) (*struct{}, error) {
	_, err := s.Issues.Resolve(ctx, in.Issue)
	return nil, err
}
