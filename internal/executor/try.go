package executor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/trials"
)

// trialPrefix begins the names of trials' folders.
const trialPrefix = "trial-"

// mostTrials is how many trials are under way at once. They take no slots of runs,
// because people wait for them.
const mostTrials = 2

// Job implements trials.Engine.
func (x *Executor) Job(ctx context.Context, d pipelines.Document, params map[string]string) (job.Job, error) {
	known, err := known(ctx, x.Names, d)
	if err != nil {
		return job.Job{}, err
	}
	return NewJob(d, x.Kinds, runs.Run{ID: runs.ID(id.New()), Params: params}, known)
}

// Try implements trials.Engine. A trial beyond the number that may be under way at
// once waits for a moment and is then an Exhausted fault; one that takes longer
// than trials.Timeout is an Invalid fault.
func (x *Executor) Try(ctx context.Context, d pipelines.Document, j job.Job, files map[string][]byte, hear func(job.Message)) (job.Message, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, trials.Timeout, errLong)
	defer cancel()
	select {
	case x.trials <- struct{}{}:
		defer func() { <-x.trials }()
	case <-ctx.Done():
		return job.Message{}, fault.New(fault.Exhausted, "other trials are under way: try again in a moment").With("too_many_trials")
	}
	j.Dir = filepath.Join(x.Dir, trialPrefix+id.New())
	if err := os.MkdirAll(j.Dir, 0o700); err != nil {
		return job.Message{}, fmt.Errorf("make trial folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(j.Dir) }()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(j.Dir, name), text, 0o600); err != nil {
			return job.Message{}, fmt.Errorf("write trial folder: %w", err)
		}
	}
	for _, s := range j.Nodes {
		if s.Pinned != nil {
			s.Pinned.Path = filepath.Join(j.Dir, s.Pinned.Path)
		}
	}
	asked := j.Limits
	j.Roots, j.Limits, j.Out = x.Roots, x.Limits, x.Out
	j.Limits.PreviewRows, j.Limits.PreviewBytes = asked.PreviewRows, asked.PreviewBytes
	if err := x.connect(ctx, d, &j); err != nil {
		return job.Message{}, err
	}
	talk, err := x.converse(newRecorder(x, runs.Claim{Document: d}), d, j)
	if err != nil {
		return job.Message{}, err
	}
	last, err := x.Engines.Do(ctx, "", j, masked{&trialEar{conversation: talk, hear: hear}, talk.hidden})
	last = talk.hidden.message(last)
	if err != nil && context.Cause(ctx) == errLong { //nolint:errorlint // it is that very value
		return job.Message{}, errLong
	}
	return last, err
}

var errLong = fault.New(fault.Invalid, "the trial took longer than %s: try fewer rows, or fewer nodes", trials.Timeout).With("trial_too_long")

// trialEar answers questions as a run's does, and hands messages to whoever tries.
type trialEar struct {
	*conversation
	hear func(job.Message)
}

// Hear implements Ear.
func (e *trialEar) Hear(m job.Message) error {
	if m.Type != job.Kept {
		e.hear(m)
	}
	return nil
}

// isTrial reports whether a folder is that of a trial, of which nothing is kept.
func isTrial(name string) bool { return strings.HasPrefix(name, trialPrefix) }
