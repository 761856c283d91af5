package main

import (
	"context"

	"github.com/broked/broked/internal/console"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// trialEngine is the executor of a server, which is made when the server listens:
// until then nobody can ask it to try anything.
type trialEngine struct{ server *assembled }

// Has implements console.Engine.
func (e trialEngine) Has(run runs.ID, a runs.Artifact) bool { return e.server.executor.Has(run, a) }

// Ask implements console.Engine.
func (e trialEngine) Ask(ctx context.Context, a console.Ask) (job.Message, error) {
	return e.server.executor.Ask(ctx, a)
}

// Job implements trials.Engine.
func (e trialEngine) Job(ctx context.Context, d pipelines.Document, params map[string]string) (job.Job, error) {
	return e.server.executor.Job(ctx, d, params)
}

// Try implements trials.Engine.
func (e trialEngine) Try(ctx context.Context, d pipelines.Document, j job.Job, files map[string][]byte, hear func(job.Message)) (job.Message, error) {
	return e.server.executor.Try(ctx, d, j, files, hear)
}
