package executor

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// flushAfter is how long an event may wait for others to be written with it.
const flushAfter = 25 * time.Millisecond

// recorder writes what an engine says to the record, several messages at a time,
// because every write waits for the disk.
type recorder struct {
	x     *Executor
	run   runs.ID
	fence int64
	names map[string]string // of nodes, for people

	states map[string]json.RawMessage // what nodes keep for the next run
	begun  map[string]json.RawMessage // what they had begun with

	waits   map[string]bool // nodes whose waiting begins when the engine has done with them
	anew    map[string]bool // nodes that are done again because somebody has asked for it
	joined  map[string]bool // settled nodes whose rows get columns
	settled map[string]bool // nodes of which everything has been told before the run waited

	given map[string]runs.Artifact // rows that nodes were given and have not computed
	kept  map[string]runs.Stored   // files that were kept in the store of artifacts

	mu      sync.Mutex
	waiting []runs.Event
	failed  map[string]bool // nodes whose rows could not be kept
	wake    chan struct{}   // one: there is something waiting

	cancel  context.CancelFunc
	ended   chan struct{}
	failure error // of the writing; to be read after ended
}

func newRecorder(x *Executor, c runs.Claim) *recorder {
	names := make(map[string]string, len(c.Document.Nodes))
	for _, n := range c.Document.Nodes {
		names[n.ID] = fmt.Sprintf("%s (%s)", cmp.Or(n.Name, n.ID), n.Type)
	}
	return &recorder{
		x: x, run: c.Run.ID, fence: c.Fence, names: names, wake: make(chan struct{}, 1),
		states: make(map[string]json.RawMessage), settled: make(map[string]bool), joined: make(map[string]bool), anew: wanted(c), begun: c.States,
		given: make(map[string]runs.Artifact), kept: make(map[string]runs.Stored), failed: make(map[string]bool),
	}
}

// begin starts the writing and returns a context that ends when writing fails,
// as it does once the run has been given to another executor.
func (r *recorder) begin(ctx context.Context) context.Context {
	recording, cancel := context.WithCancel(ctx)
	r.cancel, r.ended = cancel, make(chan struct{})
	go func() {
		defer close(r.ended)
		for {
			select {
			case <-recording.Done():
				return
			case <-r.wake:
			}
			select { // gather what comes meanwhile
			case <-recording.Done():
				return
			case <-time.After(flushAfter):
			}
			// The write must not be torn by the run's end, which stops this loop.
			if err := r.flush(recording, ctx); err != nil {
				r.failure = err
				cancel()
				return
			}
		}
	}()
	return recording
}

// end stops the writing. What still waits is written with the run's end. The
// error is that of the writing, if it failed.
func (r *recorder) end() error {
	r.cancel()
	<-r.ended
	return r.failure
}

// flush writes down what waits. What could not be written before the run's end is
// for the end to write. Rows are kept for as long as the run is to go on.
func (r *recorder) flush(ctx, keeping context.Context) error {
	events, unsafe := r.safe(keeping, r.without(r.take()))
	if unsafe != nil && keeping.Err() != nil { // its node has not finished, then
		r.giveBack(events)
		return unsafe
	}
	if len(events) == 0 {
		return nil
	}
	err := patiently(ctx, func() error {
		return r.x.Store.RecordEvents(context.WithoutCancel(ctx), r.run, r.fence, events)
	})
	if fault.KindOf(err) == fault.Unavailable {
		r.giveBack(events)
		return unsafe
	}
	if err != nil {
		return err
	}
	r.x.tell(r.run)
	return unsafe
}

func (r *recorder) take() []runs.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := r.waiting
	r.waiting = nil
	return events
}

// left returns what waits when the run has ended, however often it is asked.
func (r *recorder) left() []runs.Event {
	r.mu.Lock()
	events := slices.Clone(r.waiting)
	r.mu.Unlock()
	return r.without(events)
}

// Hear implements Ear: it notes a message of the engine.
func (r *recorder) Hear(m job.Message) error {
	if m.Type == job.Kept {
		r.states[m.Node] = m.State
		r.add(runs.Event{Run: r.run, Type: job.Kept, At: m.At, Node: m.Node, Kept: &runs.KeptState{Begun: r.begun[m.Node], Kept: m.State}})
		return nil
	}
	anew := m.Type == job.Preview || m.Type == job.Artifact
	if r.settled[m.Node] && (!anew || !r.joined[m.Node]) {
		return nil
	}
	if r.waits[m.Node] && m.Type == job.NodeFinished && m.Status == job.Success {
		r.add(
			runs.Event{Run: r.run, Type: job.NodeProgress, At: m.At, Node: m.Node, Rows: m.Rows},
			runs.Event{Run: r.run, Type: job.Log, At: m.At, Node: m.Node, Level: string(node.Info), Message: "Waiting, without a slot"},
		)
		return nil
	}
	events := []runs.Event{event(r.run, m)}
	events[0].Stored = r.alreadyKept(m)
	if line := r.line(m); line.Message != "" {
		events = append(events, line)
	}
	r.add(events...)
	return nil
}

// uses notes what names the settings of the run have, as they are when it starts.
func (r *recorder) uses(known *pipelines.Known) {
	if known == nil || len(known.Named) == 0 {
		return
	}
	e := runs.Event{Run: r.run, Type: runs.Named, At: time.Now().UTC()}
	for _, name := range slices.Sorted(maps.Keys(known.Named)) {
		e.Names = append(e.Names, runs.Name{Name: name, Version: known.Named[name].Version})
	}
	r.add(e)
}

// decided adds a line of the server itself to the log, unless the run only goes on.
func (r *recorder) decided(goesOn bool, of, what string) {
	if !goesOn {
		r.add(runs.Event{Run: r.run, Type: job.Log, At: time.Now().UTC(), Node: of, Level: string(node.Info), Message: what})
	}
}

func (r *recorder) add(events ...runs.Event) {
	r.mu.Lock()
	r.waiting = append(r.waiting, events...)
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// line returns the log line that goes with a message, without text when there is
// none: a log should read as a story by itself.
func (r *recorder) line(m job.Message) runs.Event {
	line := runs.Event{Run: r.run, Type: job.Log, At: m.At, Node: m.Node, Level: string(node.Info)}
	switch {
	case m.Restored: // why has been told before
	case m.Type == job.NodeStarted:
		line.Message = "Starting node: " + r.names[m.Node]
	case m.Type == job.NodeFinished && m.Error != nil:
		line.Level, line.Message = string(node.Error), m.Error.Message
	case m.Type == job.NodeFinished && m.Status == job.Success && m.Rows != nil:
		line.Message = fmt.Sprintf("Node completed: %d rows in %d ms", *m.Rows, m.Millis)
	}
	return line
}

// finish writes the run's end with all that still waits.
func (r *recorder) finish(ctx context.Context, o runs.Outcome) error {
	return r.x.Store.FinishRun(ctx, r.run, r.fence, o, r.left())
}

func event(run runs.ID, m job.Message) runs.Event {
	e := runs.Event{
		Run: run, Type: m.Type, At: m.At, Node: m.Node, Level: string(m.Level), Message: m.Message,
		Status: string(m.Status), Progress: m.Progress, Rows: m.Rows, Millis: m.Millis, Failure: m.Error, Preview: m.Table, Restored: m.Restored, Pushed: m.Pushed,
	}
	if m.Error != nil {
		e.Error = m.Error.Message
	}
	if m.Type == job.Artifact {
		e.Message = m.Path
	}
	return e
}
