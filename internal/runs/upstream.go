package runs

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/pipelines"
)

// ByDependency is the trigger of runs that the end of a run of another pipeline has
// started.
const ByDependency = "dependency"

// CodeDependencies is the error code of a run that has waited in vain for runs of other
// pipelines.
const CodeDependencies = "dependencies_not_satisfied"

// Upstream is a pipeline that another one depends on, and how its last run fared. Runs
// that are a part of other runs, and those that were blocked, do not count.
type Upstream struct {
	Pipeline   pipelines.ID
	Slug       string
	Name       string
	State      pipelines.DependencyState
	Mode       pipelines.DependencyMode
	Within     time.Duration // 0 is however long
	Paused     bool
	LastRun    ID // empty when there is none
	LastStatus Status
	LastEnd    *time.Time // nil when it has not ended
}

// wanted says how runs must have ended for a state.
var wanted = map[pipelines.DependencyState][]Status{
	pipelines.Succeeded: {Success},
	pipelines.FailedRun: {Failed},
	pipelines.Completed: {Success, Failed, Cancelled},
}

// Met reports whether a run that has ended in a status is what a state asks for.
func Met(state pipelines.DependencyState, ended Status) bool {
	return slices.Contains(wanted[state], ended)
}

// Unmet says why the last run of u is not what is asked for; "" when it is.
func (u Upstream) Unmet(now time.Time) string {
	switch {
	case u.LastRun == "":
		return fmt.Sprintf("upstream %s has not run", u.Name)
	case u.LastEnd == nil || !u.LastStatus.Final():
		return fmt.Sprintf("upstream %s not finished", u.Name)
	case !Met(u.State, u.LastStatus):
		return fmt.Sprintf("the last run of upstream %s is %s, not %s", u.Name, u.LastStatus, u.State)
	case u.Within > 0 && now.Sub(*u.LastEnd) > u.Within:
		return fmt.Sprintf("the last run of upstream %s has ended more than %s ago", u.Name, u.Within)
	}
	return ""
}

// Closed returns why gates among all are closed, in their order; none when runs may pass.
func Closed(all []Upstream, now time.Time) []string {
	var why []string
	for _, u := range all {
		if u.Mode != pipelines.Gate || u.Paused {
			continue
		}
		if unmet := u.Unmet(now); unmet != "" {
			why = append(why, unmet)
		}
	}
	return why
}

// UpstreamState is what a pipeline depends on, and whether that is there.
type UpstreamState struct {
	Pipeline  string                    `json:"pipeline_id"`
	Slug      string                    `json:"slug,omitempty" doc:"Its pipeline_id"`
	Name      string                    `json:"name,omitempty"`
	State     pipelines.DependencyState `json:"state" enum:"succeeded,completed,failed"`
	Mode      pipelines.DependencyMode  `json:"mode" enum:"gate,trigger"`
	Within    int64                     `json:"within_seconds,omitempty"`
	Paused    bool                      `json:"paused,omitempty"`
	Satisfied bool                      `json:"satisfied" doc:"The last run of the other pipeline is what is asked for"`
	Reason    string                    `json:"reason" doc:"Why it is not"`
	Missing   bool                      `json:"missing" doc:"There is no such pipeline"`
	LastRun   ID                        `json:"last_run_id,omitempty"`
	Status    Status                    `json:"last_status,omitempty"`
	LastAt    *time.Time                `json:"last_run_at,omitempty" doc:"When it ended"`
}

// Dependencies returns what a pipeline depends on.
func (s *Service) Dependencies(ctx context.Context, pipeline string) ([]UpstreamState, error) {
	d, err := s.pipelines.Get(ctx, pipeline)
	if err != nil {
		return nil, err
	}
	ups, err := s.store.Upstreams(ctx, d.ID)
	if err != nil {
		return nil, err
	}
	now, all := time.Now(), []UpstreamState{}
	for _, u := range ups {
		unmet := u.Unmet(now)
		all = append(all, UpstreamState{
			Pipeline: string(u.Pipeline), Slug: u.Slug, Name: u.Name, State: u.State, Mode: u.Mode, Within: int64(u.Within / time.Second), Paused: u.Paused,
			Satisfied: unmet == "", Reason: unmet, LastRun: u.LastRun, Status: u.LastStatus, LastAt: u.LastEnd,
		})
	}
	for _, rule := range d.Dependencies() {
		known := func(u Upstream) bool { return rule.Pipeline == string(u.Pipeline) || rule.Pipeline == u.Slug }
		if !slices.ContainsFunc(ups, known) {
			all = append(all, UpstreamState{
				Pipeline: rule.Pipeline, State: rule.State, Mode: rule.Mode, Within: rule.Within, Paused: rule.Paused,
				Missing: true, Reason: "there is no pipeline " + rule.Pipeline,
			})
		}
	}
	return all, nil
}

// Gates ends runs that have waited too long for runs of other pipelines. Package store
// implements it.
type Gates interface {
	// CloseGates blocks the runs that should have passed their gates by now, and returns
	// them.
	CloseGates(ctx context.Context, now time.Time) ([]ID, error)
}

// Gatekeeper blocks runs whose time at a gate is over.
type Gatekeeper struct {
	Store Gates
	News  *news.Board
	Log   *slog.Logger
}

// Run looks every second until ctx ends. What fails is logged and tried again.
func (g *Gatekeeper) Run(ctx context.Context) error {
	for {
		closed, err := g.Store.CloseGates(ctx, time.Now().UTC())
		if err != nil && ctx.Err() == nil {
			g.Log.ErrorContext(ctx, "gates cannot be closed", "error", err)
		}
		for _, run := range closed {
			g.News.Post(string(run))
		}
		if len(closed) > 0 {
			g.News.Post(Changed)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(longestSleep):
		}
	}
}
