package executor

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/runs"
)

// safe has the rows of which events tell kept where other machines find them, before the
// events are on record: a node has finished when its rows are safe. When they cannot be
// kept the error says why, and the events that are returned say that their node failed.
func (r *recorder) safe(ctx context.Context, events []runs.Event) ([]runs.Event, error) {
	for i, e := range events {
		if e.Type != job.Artifact || e.Stored.Place != "" {
			continue
		}
		kept, known := r.kept[e.Message] // two nodes may have one file
		if !known {
			var err error
			if kept, err = r.x.Artifacts.Keep(ctx, r.run, e.Message); err != nil {
				return r.unsafe(ctx, events, e, err), err
			}
			r.kept[e.Message] = kept
		}
		events[i].Stored = kept
	}
	return events, nil
}

// unsafe returns events without what they tell of the node of e from there on, and with
// its failure instead. When ctx has ended there is none.
func (r *recorder) unsafe(ctx context.Context, events []runs.Event, e runs.Event, err error) []runs.Event {
	if ctx.Err() != nil {
		return events
	}
	why := job.FailureOf(err)
	r.mu.Lock()
	r.failed[e.Node] = true
	r.mu.Unlock()
	return append(r.without(events),
		runs.Event{Run: r.run, Type: job.NodeFinished, At: e.At, Node: e.Node, Status: string(job.Failed), Error: why.Message, Failure: why},
		runs.Event{Run: r.run, Type: job.Log, At: e.At, Node: e.Node, Level: string(node.Error), Message: why.Message},
	)
}

// without returns events without the ends of nodes whose rows could not be kept.
func (r *recorder) without(events []runs.Event) []runs.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(events, func(e runs.Event) bool {
		return r.failed[e.Node] && (e.Type == job.Artifact || e.Type == job.NodeFinished)
	})
}

// rest does safe for what has not been written before the run's end.
func (r *recorder) rest(ctx context.Context) error {
	events, err := r.safe(ctx, r.without(r.take()))
	r.giveBack(events)
	return err
}

func (r *recorder) giveBack(events []runs.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append(events, r.waiting...)
}

// alreadyKept returns where the file is that an engine tells of, when it is one that the
// run was given.
func (r *recorder) alreadyKept(m job.Message) runs.Stored {
	if given := r.given[m.Node]; m.Type == job.Artifact && filepath.Base(given.File) == filepath.Base(m.Path) {
		return given.Stored
	}
	return runs.Stored{}
}
