package api

import (
	"context"
	"net/http"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/issues"
	"github.com/broked/broked/internal/pipelines"
)

func (s *server) issueCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/issues", may: auth.IssuesView, tag: "issues",
		summary: "List what somebody should look at, newest first", describe: listed[issues.Issue](s),
	}, s.listIssues)
	register(s, call{
		method: http.MethodGet, path: "/api/issues/{id}", may: auth.IssuesView, tag: "issues",
		summary: "Read an issue with its history",
	}, s.getIssue)
	register(s, call{
		method: http.MethodPost, path: "/api/issues/{id}/acknowledge", may: auth.IssuesEdit, tag: "issues",
		summary: "Say that you have seen an issue and care for it",
	}, s.acknowledgeIssue)
	register(s, call{
		method: http.MethodPost, path: "/api/issues/{id}/assign", may: auth.IssuesEdit, tag: "issues",
		summary: "Give an issue to an account, or to nobody",
	}, s.assignIssue)
	register(s, call{
		method: http.MethodPost, path: "/api/issues/{id}/resolve", may: auth.IssuesEdit, tag: "issues",
		summary: "Close an issue; when its cause shows again, that is a new one",
	}, s.resolveIssue)
	register(s, call{
		method: http.MethodPost, path: "/api/issues/{id}/mute", may: auth.IssuesEdit, tag: "issues",
		summary: "Keep an issue from counting as unread until a time",
	}, s.muteIssue)
	register(s, call{
		method: http.MethodPost, path: "/api/issues/{id}/unmute", may: auth.IssuesEdit, tag: "issues",
		summary: "Let an issue count as unread again",
	}, s.unmuteIssue)
}

// Whose is whose issues a caller asks for.
type Whose struct {
	Assignee auth.UserID `query:"assignee" maxLength:"128" doc:"Id of the account that it is assigned to; me for the caller's own"`
}

// filter returns f restricted to whose issues were asked for.
func (in Whose) filter(f issues.Filter) issues.Filter {
	if in.Assignee == "me" {
		f.Mine = true
	} else {
		f.Assignee = in.Assignee
	}
	return f
}

func (s *server) listIssues(ctx context.Context, in *struct {
	Paging
	Whose
	State    issues.State `query:"state" enum:"open,acknowledged,resolved,unresolved" doc:"unresolved: open or acknowledged"`
	Kind     issues.Kind  `query:"kind" enum:"run_failed,check_failed,run_interrupted,run_stuck,deadline_missed,disk_low,worker_lost"`
	Pipeline pipelines.ID `query:"pipeline_id" maxLength:"128"`
},
) (*listing, error) {
	f := in.filter(issues.Filter{State: in.State, Kind: in.Kind, Pipeline: in.Pipeline})
	return list(ctx, in.Paging, source[issues.Issue]{
		path: "/api/issues", bare: bareMost,
		key: func(i issues.Issue) string { return string(i.ID) },
		fetch: func(ctx context.Context, page pipelines.Page) ([]issues.Issue, error) {
			f.Page = page
			return s.Issues.List(ctx, f)
		},
		count: func(ctx context.Context) (int, error) { return s.Issues.Count(ctx, f) },
	})
}

// ByIssue is an input that names an issue in its path.
type ByIssue struct {
	Issue issues.ID `path:"id" maxLength:"128"`
}

func theIssue(i issues.Issue, err error) (*body[issues.Issue], error) {
	return &body[issues.Issue]{i}, err
}

func (s *server) getIssue(ctx context.Context, in *ByIssue) (*body[issues.Issue], error) {
	return theIssue(s.Issues.Get(ctx, in.Issue))
}

func (s *server) acknowledgeIssue(ctx context.Context, in *ByIssue) (*body[issues.Issue], error) {
	return theIssue(s.Issues.Acknowledge(ctx, in.Issue))
}

// AssignInput says whom an issue is for.
type AssignInput struct {
	ByIssue
	Body struct {
		User *auth.UserID `json:"user_id" maxLength:"128" doc:"Id of an account; null for nobody"`
	}
}

func (in *AssignInput) user() auth.UserID {
	if in.Body.User == nil {
		return ""
	}
	return *in.Body.User
}

func (s *server) assignIssue(ctx context.Context, in *AssignInput) (*body[issues.Issue], error) {
	return theIssue(s.Issues.Assign(ctx, in.Issue, in.user()))
}

func (s *server) resolveIssue(ctx context.Context, in *ByIssue) (*body[issues.Issue], error) {
	return theIssue(s.Issues.Resolve(ctx, in.Issue))
}

func (s *server) muteIssue(ctx context.Context, in *struct {
	ByIssue
	Body struct {
		Until time.Time `json:"until" doc:"At most 90 days ahead"`
	}
},
) (*body[issues.Issue], error) {
	return theIssue(s.Issues.Mute(ctx, in.Issue, in.Body.Until))
}

func (s *server) unmuteIssue(ctx context.Context, in *ByIssue) (*body[issues.Issue], error) {
	return theIssue(s.Issues.Unmute(ctx, in.Issue))
}
