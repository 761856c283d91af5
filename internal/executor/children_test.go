package executor

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/broked/broked/internal/artifacts"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/nodes"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// fewChildren answers one look after the other; the last answer stays.
type fewChildren struct {
	tallies []runs.Tally
	planned []runs.Plan
}

func (c *fewChildren) PlanChildren(_ context.Context, p runs.Plan) error {
	c.planned = append(c.planned, p)
	return nil
}

func (c *fewChildren) CallChildren(context.Context, runs.Call) (runs.Tally, error) {
	t := c.tallies[0]
	if len(c.tallies) > 1 {
		c.tallies = c.tallies[1:]
	}
	return t, nil
}

func (*fewChildren) Children(context.Context, runs.ID, string) ([]runs.Child, error) {
	return []runs.Child{{Run: "c", Status: "success"}, {Position: 1, Run: "d", Status: "failed", Error: "it broke"}}, nil
}

func (*fewChildren) Artifact(context.Context, runs.ID, string) (runs.Artifact, error) {
	return runs.Artifact{}, nil
}

func (*fewChildren) Preview(context.Context, runs.ID, string) (runs.Preview, error) {
	return runs.Preview{}, fault.New(fault.NotFound, "none")
}

// TestHowRunsThatWereStartedAreWaitedFor lives through hours in no time.
func TestHowRunsThatWereStartedAreWaitedFor(t *testing.T) {
	t.Parallel()
	blamed := &runs.Child{Run: "d", Pipeline: "p", Status: "failed", Error: "it broke"}
	for name, tc := range map[string]struct {
		kind, settings string
		tallies        []runs.Tally
		plans          int
		want           []string
	}{
		"planned by the server":   {"subpipeline", ``, []runs.Tally{{}, {Started: 1}, {Succeeded: 1}}, 1, []string{"0s later", "5s goes on"}},
		"not waited for":          {"subpipeline", `,"wait":false`, []runs.Tally{{}, {Started: 1}}, 1, []string{"0s goes on"}},
		"failed":                  {"subpipeline", ``, []runs.Tally{{Started: 1}, {Failed: 1, Blamed: blamed}}, 0, []string{"0s later", "5s child_failed"}},
		"rows that are not there": {"subpipeline", `,"outputs":"x"`, []runs.Tally{{Succeeded: 1}}, 0, []string{"0s no_output"}},
		"too long":                {"subpipeline", `,"timeout":"7s"`, []runs.Tally{{Started: 1}}, 0, []string{"0s later", "5s later", "7s wait_timeout"}},
		"more at once":            {"map", ``, []runs.Tally{{Planned: 1, Started: 1, More: true}, {Succeeded: 2}}, 0, []string{"0s later", "0s goes on"}},
		"the first failure":       {"map", ``, []runs.Tally{{Planned: 9, Started: 3, Failed: 1, Blamed: blamed}}, 0, []string{"0s child_failed"}},
		"in spite of a failure":   {"map", `,"on_error":"continue"`, []runs.Tally{{Started: 1, Failed: 1, Blamed: blamed}, {Succeeded: 1, Failed: 1, Blamed: blamed}}, 0, []string{"0s later", "5s goes on"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				kinds, err := node.NewRegistry(nodes.All()...)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now().UTC()
				s := &oneWaiter{at: &start, run: runs.Waiter{
					Run:      runs.Run{ID: "r", Nodes: []runs.NodeRun{{Run: "r", Node: "w", Status: runs.NodeRunning, StartedAt: &start}}},
					Document: pipelines.Document{Nodes: []pipelines.Node{{ID: "w", Type: tc.kind, Config: pipelines.RawObject(`{"pipeline":"p"` + tc.settings + "}")}}},
					Began:    &start,
				}}
				below := &fewChildren{tallies: tc.tallies}
				k := &Keeper{Store: s, Kinds: kinds, News: &news.Board{}, Log: slog.New(slog.DiscardHandler), Children: below, Dir: dir, Artifacts: artifacts.None{}}
				ctx, stop := context.WithTimeout(t.Context(), time.Hour)
				defer stop()
				if err := k.Run(ctx); err != nil {
					t.Error(err)
				}
				if !slices.Equal(s.looks, tc.want) || len(below.planned) != tc.plans {
					t.Errorf("looked at %q, want %q; planned %+v", s.looks, tc.want, below.planned)
				}
			})
			text, err := os.ReadFile(filepath.Join(dir, "r", calledFile("w")))
			if tc.kind == "map" && len(tc.want) > 1 {
				want := "{\"run_id\":\"c\",\"status\":\"success\"}\n{\"error\":\"it broke\",\"run_id\":\"d\",\"status\":\"failed\"}\n"
				if string(text) != want {
					t.Errorf("the file has %q, %v", text, err)
				}
			}
		})
	}
}
