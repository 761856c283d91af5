package executor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/files"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/nodes"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// oneWaiter is the record of one run, which waits from the beginning of the test.
type oneWaiter struct {
	run   runs.Waiter
	at    *time.Time
	looks []string
}

func (s *oneWaiter) DueRuns(_ context.Context, now time.Time, _ int) ([]runs.Waiter, *time.Time, error) {
	if s.at == nil || s.at.After(now) {
		return nil, s.at, nil
	}
	return []runs.Waiter{s.run}, nil, nil
}

func (s *oneWaiter) NoteLook(_ context.Context, _ runs.ID, l runs.Look) error {
	what := "goes on"
	switch {
	case l.Failure != nil:
		what = l.Failure.Code
	case l.Next != nil:
		what = "later"
	}
	s.looks = append(s.looks, fmt.Sprintf("%v %s", l.At.Sub(*s.run.Began).Round(time.Second), what))
	s.at = l.Next
	return nil
}

// TestWhenWaitingRunsAreLookedAt lives through hours in no time.
func TestWhenWaitingRunsAreLookedAt(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		settings string
		come     func(after time.Duration) (bool, error)
		want     []string
	}{
		"time that passes":     {`"condition": "interval_elapsed", "offset": "75s"`, nil, []string{"0s later", "30s later", "1m0s later", "1m30s goes on"}},
		"a short wait":         {`"condition": "interval_elapsed", "offset": "2s", "poll_interval": "1s"`, nil, []string{"0s later", "1s later", "2s goes on"}},
		"too long":             {`"condition": "interval_elapsed", "offset": "2h", "poll_interval": "20m", "timeout": "30m"`, nil, []string{"0s later", "20m0s later", "30m0s wait_timeout"}},
		"a pipeline that ends": {`"condition": "pipeline", "pipeline_id": "p"`, func(d time.Duration) (bool, error) { return d > time.Minute, nil }, []string{"0s later", "30s later", "1m0s later", "1m30s goes on"}},
		"a pipeline that is gone": {`"condition": "pipeline", "pipeline_id": "p"`, func(time.Duration) (bool, error) {
			return false, fault.New(fault.NotFound, "no p").With("pipeline_not_found")
		}, []string{"0s pipeline_not_found"}},
		"a fault of ours": {`"condition": "pipeline", "pipeline_id": "p"`, func(d time.Duration) (bool, error) {
			if d == 0 {
				return false, errors.New("disk")
			}
			return true, nil
		}, []string{"0s later", "30s goes on"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				kinds, err := node.NewRegistry(nodes.All()...)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now().UTC()
				s := &oneWaiter{at: &start, run: runs.Waiter{
					Run:      runs.Run{ID: "r", Nodes: []runs.NodeRun{{Run: "r", Node: "w", Status: runs.NodeRunning, StartedAt: &start}}},
					Document: pipelines.Document{Nodes: []pipelines.Node{{ID: "w", Type: "wait", Config: pipelines.RawObject("{" + tc.settings + "}")}}},
					Began:    &start,
				}}
				k := &Keeper{Store: s, Kinds: kinds, News: &news.Board{}, Log: slog.New(slog.DiscardHandler), Around: node.Surroundings{
					Roots: files.Roots{},
					Succeeded: func(_ context.Context, _ string, after time.Time) (bool, error) {
						return tc.come(time.Since(after).Round(time.Second))
					},
				}}
				ctx, stop := context.WithTimeout(t.Context(), 3*time.Hour)
				defer stop()
				if err := k.Run(ctx); err != nil {
					t.Error(err)
				}
				if !slices.Equal(s.looks, tc.want) {
					t.Errorf("looked at %q, want %q", s.looks, tc.want)
				}
			})
		})
	}
}
