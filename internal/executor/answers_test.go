package executor //nolint:testpackage // an engine that asks what it may not is not to be had

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// TestAnswers sees that an engine gets answers to the questions of its own nodes
// alone, for its own workspace, and learns no more of a failure than people do.
func TestAnswers(t *testing.T) {
	t.Parallel()
	kinds, err := node.NewRegistry(node.Spec{Kind: "asks", Asks: []string{"where", "break", "unknown"}}, node.Spec{Kind: "silent"})
	if err != nil {
		t.Fatal(err)
	}
	x := New(Deps{Kinds: kinds, Log: slog.New(slog.DiscardHandler), Answers: map[string]Answer{
		"where": Answering(func(ctx context.Context, suffix string) (string, error) {
			a, _ := auth.ActorFrom(ctx)
			return string(auth.WorkspaceFrom(ctx)) + " " + a.Name + suffix, nil
		}),
		"break": Answering(func(context.Context, string) (string, error) { return "", errors.New("disk at /secret/path") }),
		"other": Answering(func(context.Context, string) (string, error) { return "told", nil }),
	}})
	for _, c := range []struct {
		name, kind, what, body string
		want, code             string
	}{
		{name: "its own", kind: "asks", what: "where", body: `"!"`, want: `"lab pipeline P!"`},
		{name: "of another kind", kind: "asks", what: "other", body: `""`, code: "denied"},
		{name: "of a kind that asks nothing", kind: "silent", what: "where", body: `""`, code: "denied"},
		{name: "that nobody answers", kind: "asks", what: "unknown", body: `""`, code: "denied"},
		{name: "unreadable", kind: "asks", what: "where", body: `{}`, code: "invalid"},
		{name: "that fails", kind: "asks", what: "break", body: `""`, code: "internal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := pipelines.Document{Name: "P", Workspace: "lab", Nodes: []pipelines.Node{{ID: "a", Type: c.kind}}}
			talk, err := x.converse(newRecorder(x, runs.Claim{Document: d}), d, job.Job{Nodes: []job.Step{{ID: "a", Kind: c.kind}}})
			if err != nil {
				t.Fatal(err)
			}
			r := talk.Answer(t.Context(), job.Question{Node: "a", ID: 7, What: c.what, Body: json.RawMessage(c.body)})
			if r.ID != 7 || string(r.Body) != c.want {
				t.Errorf("the reply is %d %s, want 7 %s", r.ID, r.Body, c.want)
			}
			if c.code == "" {
				return
			}
			if r.Error == nil || r.Error.Code != fault.CodeOf(fault.New(kindOf(c.code), "")) || len(r.Error.Message) > 200 {
				t.Errorf("the failure is %+v, want %s", r.Error, c.code)
			}
		})
	}
}

func kindOf(code string) fault.Kind {
	return map[string]fault.Kind{"denied": fault.Denied, "invalid": fault.Invalid, "internal": fault.Internal}[code]
}
