package main

import (
	"context"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/pipelines"
)

// trialEngine is the executor of a server, which is made when the server listens:
// until then nobody can ask it to try anything.
type trialEngine struct{ server *assembled }

// Job implements trials.Engine.
func (e trialEngine) Job(d pipelines.Document, params map[string]string) (job.Job, error) {
	return e.server.executor.Job(d, params)
}

// Try implements trials.Engine.
func (e trialEngine) Try(ctx context.Context, d pipelines.Document, j job.Job, files map[string][]byte, hear func(job.Message)) (job.Message, error) {
	return e.server.executor.Try(ctx, d, j, files, hear)
}
