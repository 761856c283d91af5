package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/lineage"
	"github.com/broked/broked/internal/pipelines"
)

func (s *server) overviewCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/lineage", may: auth.PipelinesView, tag: "pipelines",
		summary: "Tell which files, tables and addresses the pipelines read and write",
	}, s.lineage)
	register(s, call{
		method: http.MethodGet, path: "/api/search", may: auth.PipelinesView, tag: "pipelines",
		summary: "Find pipelines, connections, variables, runs and issues by a text",
	}, s.search)
	register(s, call{
		method: http.MethodGet, path: "/api/scheduler/status", may: auth.PipelinesView, tag: "schedules",
		summary: "List the pipelines that start by themselves, the next one first",
	}, s.schedulerStatus)
	register(s, call{
		method: http.MethodPost, path: "/api/system/purge", may: auth.SettingsEdit, tag: "system",
		summary: "Remove old runs with their logs and rows", describe: documents[purgeRequest](s, jsonType), bodyOptional: true,
	}, s.purge)
}

func (s *server) lineage(ctx context.Context, _ *struct{}) (*body[lineage.Lineage], error) {
	g, err := s.Lineage.Graph(ctx)
	return &body[lineage.Lineage]{g}, err
}

// scheduledPipeline is a pipeline that starts by itself.
type scheduledPipeline struct {
	ID       pipelines.ID `json:"pipeline_id"`
	Name     string       `json:"pipeline_name"`
	Schedule string       `json:"schedule" doc:"Of the document's member schedule; empty when it has named schedules alone"`
	Next     time.Time    `json:"next_run"`
	Last     *time.Time   `json:"last_run,omitempty" doc:"When the newest run was made"`
}

func (s *server) schedulerStatus(ctx context.Context, _ *struct{}) (*body[[]scheduledPipeline], error) {
	next, err := s.Runs.Next(ctx)
	if err != nil {
		return nil, err
	}
	recent, err := s.Runs.Recent(ctx, 1)
	if err != nil {
		return nil, err
	}
	all := []scheduledPipeline{}
	for after := ""; len(all) < len(next); {
		page, err := s.Pipelines.List(ctx, pipelines.Page{After: after, Limit: searched})
		if err != nil {
			return nil, err
		}
		for _, p := range page {
			at, fires := next[p.ID]
			if !fires {
				continue
			}
			one := scheduledPipeline{ID: p.ID, Name: p.Name, Schedule: p.Schedule, Next: at}
			if of := recent[p.ID].Runs; len(of) > 0 {
				one.Last = &of[0].CreatedAt
			}
			all = append(all, one)
		}
		if len(page) < searched {
			break
		}
		after = string(page[len(page)-1].ID)
	}
	slices.SortFunc(all, func(a, b scheduledPipeline) int { return cmp.Or(a.Next.Compare(b.Next), cmp.Compare(a.Name, b.Name)) })
	return &body[[]scheduledPipeline]{all}, nil
}

type purgeRequest struct {
	Days *int `json:"days,omitempty" doc:"Runs that ended longer ago go: 1 to 36,500 days; 30 when absent"`
}

type purged struct {
	Deleted int `json:"deleted"`
	Days    int `json:"days"`
}

func (s *server) purge(ctx context.Context, in *RawInput) (*body[purged], error) {
	const usual, most = 30, 36_500
	var request purgeRequest
	if err := decodeOptional(in.RawBody, &request); err != nil {
		return nil, err
	}
	days := usual
	if request.Days != nil {
		days = *request.Days
	}
	if days < 1 || days > most {
		return nil, fault.Rejected("nothing is removed", []fault.Problem{{Path: "days", Message: "must be 1 to 36,500"}})
	}
	n, err := s.Purge(ctx, time.Now().UTC().AddDate(0, 0, -days))
	e := auth.AuditEvent{Event: "runs_purged", Outcome: auth.Success, Details: map[string]any{"days": days, "deleted": n}}
	if err != nil {
		e.Outcome = auth.Failure
	}
	s.Auth.Tell(ctx, e)
	return &body[purged]{purged{n, days}}, err
}
