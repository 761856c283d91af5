package api

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/connections"
	"github.com/broked/broked/internal/issues"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/variables"
)

// hit is something that was found.
type hit struct {
	Type        string            `json:"type" enum:"pipeline,connection,variable,run,issue"`
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Meta        map[string]string `json:"meta,omitempty"`
}

// SearchInput is what is looked for.
type SearchInput struct {
	Q     string `query:"q" maxLength:"200" doc:"A part of a name, an id, a description, a tag, or the title of an unresolved issue; or the first or last characters of the id of a run. Upper and lower case are alike"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"30"`
}

// searched is how many pipelines are read at once while something is looked for.
const searched = 500

func (s *server) search(ctx context.Context, in *SearchInput) (*body[[]hit], error) {
	words := strings.ToLower(strings.TrimSpace(in.Q))
	found := []hit{}
	for after := ""; words != "" && len(found) < in.Limit; {
		page, err := s.Pipelines.List(ctx, pipelines.Page{After: after, Limit: searched})
		if err != nil {
			return nil, err
		}
		for _, p := range page {
			if len(found) < in.Limit && has(words, append([]string{p.Name, p.Slug, p.Description}, p.Tags...)) {
				found = append(found, hit{Type: "pipeline", ID: string(p.ID), Name: p.Name, Description: p.Description, Meta: map[string]string{"pipeline_id": p.Slug}})
			}
		}
		if len(page) < searched {
			break
		}
		after = string(page[len(page)-1].ID)
	}
	if words == "" {
		return &body[[]hit]{found}, nil
	}
	for _, more := range []func(context.Context, string) ([]hit, error){s.foundConnections, s.foundVariables, s.foundRuns, s.foundIssues} {
		hits, err := more(ctx, words)
		if err != nil {
			return nil, err
		}
		found = append(found, hits[:min(len(hits), in.Limit-len(found))]...)
	}
	return &body[[]hit]{found}, nil
}

// foundConnections returns the connections that have words in them, to those who may see
// connections.
func (s *server) foundConnections(ctx context.Context, words string) ([]hit, error) {
	return foundIn(ctx, auth.ConnectionsView, s.Connections.List, func(c connections.Connection) (string, *hit) {
		if !has(words, []string{c.Name, c.Description, c.Type}) {
			return c.Name, nil
		}
		return c.Name, &hit{Type: "connection", ID: c.Name, Name: c.Name, Description: c.Description, Meta: map[string]string{"type": c.Type}}
	})
}

// foundVariables returns the variables that have words in their key or description, to those
// who may see variables.
func (s *server) foundVariables(ctx context.Context, words string) ([]hit, error) {
	return foundIn(ctx, auth.VariablesView, s.Variables.List, func(v variables.Variable) (string, *hit) {
		if !has(words, []string{v.Key, v.Description}) {
			return v.Key, nil
		}
		return v.Key, &hit{Type: "variable", ID: v.Key, Name: v.Key, Description: v.Description, Meta: map[string]string{"type": string(v.Type)}}
	})
}

// Ends of ids of runs. The shorter ones that are searched for by the last characters would
// fit too many.
var (
	startOfRun = regexp.MustCompile(`^[0-9a-f]{4,8}$|^[0-9a-f]{8}-[0-9a-f-]{0,27}$`)
	endOfRun   = regexp.MustCompile(`^[0-9a-f]{6,12}$`)
)

// hidden reports whether the caller lacks a permission, so that nothing is found.
func hidden(ctx context.Context, may auth.Permission) bool {
	actor, is := auth.ActorFrom(ctx)
	return is && actor.May(may) != nil
}

// foundRuns returns the newest runs whose ids begin with words and, of the newest ones of
// all, those whose ids end with it, as the interface shows them, to those who may see runs.
func (s *server) foundRuns(ctx context.Context, words string) ([]hit, error) {
	const most = 10
	if hidden(ctx, auth.RunsView) {
		return nil, nil
	}
	var found []hit
	look := func(page pipelines.Page, fits func(id string) bool) error {
		all, err := s.Runs.List(ctx, runs.Filter{Page: page})
		for _, r := range all {
			if len(found) < most && fits(string(r.ID)) {
				found = append(found, hit{Type: "run", ID: string(r.ID), Name: r.PipelineName, Meta: map[string]string{"pipeline_id": string(r.Pipeline), "status": string(r.Status)}})
			}
		}
		return err
	}
	if startOfRun.MatchString(words) {
		// Ids are hexadecimal: "g" is above all that begin with words, and these come first.
		err := look(pipelines.Page{After: words + "g", Limit: most}, func(id string) bool { return strings.HasPrefix(id, words) })
		if err != nil || len(found) > 0 {
			return found, err
		}
	}
	if endOfRun.MatchString(words) {
		err := look(pipelines.Page{Limit: searched}, func(id string) bool { return strings.HasSuffix(id, words) })
		return found, err
	}
	return found, nil
}

// foundIssues returns those of the newest unresolved issues that have words in their title, to
// those who may see issues.
func (s *server) foundIssues(ctx context.Context, words string) ([]hit, error) {
	if hidden(ctx, auth.IssuesView) {
		return nil, nil
	}
	all, err := s.Issues.List(ctx, issues.Filter{State: issues.Unresolved, Page: pipelines.Page{Limit: searched}})
	var found []hit
	for _, i := range all {
		if has(words, []string{i.Title}) {
			found = append(found, hit{Type: "issue", ID: string(i.ID), Name: i.Title, Description: i.PipelineName, Meta: map[string]string{"severity": string(i.Severity), "state": string(i.State)}})
		}
	}
	return found, err
}

// foundIn looks through all pages of a list, unless the actor lacks a permission. Look returns
// the key of one, and what it is as a hit or nil.
func foundIn[T any](ctx context.Context, may auth.Permission, list func(context.Context, pipelines.Page) ([]T, error), look func(T) (string, *hit)) ([]hit, error) {
	if hidden(ctx, may) {
		return nil, nil
	}
	var found []hit
	for after := ""; ; {
		page, err := list(ctx, pipelines.Page{After: after, Limit: searched})
		if err != nil {
			return nil, err
		}
		for _, one := range page {
			key, h := look(one)
			if after = key; h != nil {
				found = append(found, *h)
			}
		}
		if len(page) < searched {
			return found, nil
		}
	}
}

// has reports whether one of texts has words in it, which are in lower case.
func has(words string, texts []string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(strings.ToLower(text), words) })
}
