package executor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/broked/broked/internal/artifacts"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/runs"
)

// Children starts the runs that nodes have other pipelines do. Package runs implements
// it.
type Children interface {
	PlanChildren(ctx context.Context, p runs.Plan) error
	CallChildren(ctx context.Context, c runs.Call) (runs.Tally, error)
	Children(ctx context.Context, parent runs.ID, node string) ([]runs.Child, error)
	Artifact(ctx context.Context, run runs.ID, node string) (runs.Artifact, error)
	Preview(ctx context.Context, run runs.ID, node string) (runs.Preview, error)
}

// Planning returns the Answer to runs.AskPlan. Which pipeline is run is said by the
// settings of the node and not by its engine.
func Planning(kinds *node.Registry, children Children) Answer {
	return func(ctx context.Context, from Asker, body json.RawMessage) (any, error) {
		var q runs.PlanRequest
		if err := json.Unmarshal(body, &q); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the question is not readable")
		}
		made, err := patientOf(kinds, from.Step)
		if err != nil {
			return nil, err
		}
		caller, is := made.(node.Caller)
		if !is || caller.Calls().Params != nil || from.Run == "" {
			return nil, fault.New(fault.Denied, "node %q plans no runs", from.Step.ID)
		}
		p := planOf(from.Run, from.Step.ID, caller.Calls())
		p.Fence, p.Anew, p.First, p.Params = from.Fence, from.Anew, q.First, q.Params
		return struct{}{}, children.PlanChildren(ctx, p)
	}
}

func planOf(run runs.ID, of string, c node.Calls) runs.Plan {
	return runs.Plan{Parent: run, Node: of, Pipeline: c.Pipeline, Output: c.Output, Detached: c.Detached, Params: []map[string]string{c.Params}}
}

// call is a look at the runs that a waiting node has other pipelines do.
type call struct {
	*Keeper
	node.Calls
	*asked
	now  time.Time
	look *runs.Look
}

// come starts runs, and reports whether all have ended.
func (c *call) come(ctx context.Context) (bool, error) {
	t, err := c.begin(ctx)
	if err != nil {
		return false, err
	}
	c.more = t.More
	for _, child := range t.Began {
		if c.Params != nil {
			c.say("Run %s of %q has been started", child.Run, child.Pipeline)
		}
	}
	switch {
	case t.Blamed != nil && !c.GoOn && !c.Detached:
		return false, blamed(*t.Blamed, c.Params == nil)
	case c.Detached && t.Planned == 0:
		return true, nil
	case t.Planned+t.Started > 0:
		done := float64(t.Succeeded+t.Failed) / float64(t.Total())
		c.look.Events = append(c.look.Events, runs.Event{Run: c.of.Run, Type: job.NodeProgress, At: c.now, Node: c.of.Node, Progress: &done})
		return false, nil
	case c.Params == nil:
		c.say("%d runs have ended: %d succeeded, %d did not", t.Total(), t.Succeeded, t.Failed)
		return true, c.note(ctx)
	}
	return true, c.take(ctx)
}

// begin starts runs. The one of which the settings say everything is planned first.
func (c *call) begin(ctx context.Context) (runs.Tally, error) {
	which := runs.Call{Parent: c.of.Run, Node: c.of.Node, AtOnce: c.AtOnce, GoOn: c.GoOn}
	t, err := c.Children.CallChildren(ctx, which)
	if err != nil || t.Total() > 0 || c.Params == nil {
		return t, err
	}
	p := planOf(c.of.Run, c.of.Node, c.Calls)
	p.Anew = c.anew
	if err := c.Children.PlanChildren(ctx, p); err != nil {
		return t, err
	}
	return c.Children.CallChildren(ctx, which)
}

func (c *call) say(format string, args ...any) {
	c.look.Events = append(c.look.Events, runs.Event{
		Run: c.of.Run, Type: job.Log, At: c.now, Node: c.of.Node, Level: string(node.Info), Message: fmt.Sprintf(format, args...),
	})
}

// blamed is the fault of a node because of a run that it has started.
func blamed(c runs.Child, one bool) error {
	what := fmt.Sprintf("run %s of %q", c.Run, c.Pipeline)
	if one {
		what += fmt.Sprintf(", for row %d,", c.Position+1)
	}
	switch c.Status {
	case runs.ChildStatus(runs.Failed):
		what += " has failed: " + c.Error
	default:
		what += " was " + string(c.Status)
	}
	return fault.New(fault.Invalid, "%s", what).With("child_" + string(c.Status))
}

// calledFile is the file in a run's folder with what has become of the runs of a node.
func calledFile(node string) string { return "called." + node + ".ndjson" }

// note writes that file: a line for each row of the node.
func (c *call) note(ctx context.Context) error {
	all, err := c.Children.Children(ctx, c.of.Run, c.of.Node)
	if err != nil {
		return err
	}
	return noteCalled(filepath.Join(c.Dir, string(c.of.Run), calledFile(c.of.Node)), all)
}

func noteCalled(path string, all []runs.Child) error {
	var text bytes.Buffer
	lines := json.NewEncoder(&text)
	for _, child := range all {
		line := map[string]any{"run_id": child.Run, "status": child.Status}
		if child.Error != "" {
			line["error"] = child.Error
		}
		if err := lines.Encode(line); err != nil {
			return fmt.Errorf("note runs: %w", err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("note runs: %w", err)
	}
	if err := os.WriteFile(path+".new", text.Bytes(), 0o600); err != nil {
		return fmt.Errorf("note runs: %w", err)
	}
	return os.Rename(path+".new", path)
}

// take makes the rows of a node of the run that has ended those of the waiting node.
func (c *call) take(ctx context.Context) error {
	if c.Output == "" {
		return nil
	}
	all, err := c.Children.Children(ctx, c.of.Run, c.of.Node)
	if err != nil {
		return err
	}
	child := all[0].Run
	artifact, err := c.Children.Artifact(ctx, child, c.Output)
	if err != nil {
		return err
	}
	rows := artifact.Rows
	// The names of its files are those of nodes, which this run may have as well.
	path := filepath.Join(c.Dir, string(c.of.Run), "from."+string(child)+".parquet")
	if artifact, err = c.bring(ctx, child, artifact, path); err != nil {
		return err
	}
	c.rows = &rows
	if p, err := c.Children.Preview(ctx, child, c.Output); err == nil {
		c.look.Events = append(c.look.Events, runs.Event{Run: c.of.Run, Type: job.Preview, At: c.now, Node: c.of.Node, Preview: &p.Sample})
	}
	c.look.Events = append(c.look.Events, runs.Event{Run: c.of.Run, Type: job.Artifact, At: c.now, Node: c.of.Node, Message: path, Rows: &rows, Stored: artifact.Stored})
	return nil
}

// bring makes the rows of a run that has ended be in the file path, too, or sees that they
// are in the store of artifacts, where whoever goes on with this run finds them.
func (c *call) bring(ctx context.Context, child runs.ID, a runs.Artifact, path string) (runs.Artifact, error) {
	file := filepath.Join(c.Dir, string(child), filepath.Base(a.File))
	switch {
	case a.File == "":
	case isWhole(file, a.Stored):
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return a, fmt.Errorf("take rows: %w", err)
		}
		err := linked(file, path)
		if err == nil && a.Stored.Place == "" {
			a.Stored, err = c.Artifacts.Keep(ctx, c.of.Run, path)
		}
		return a, err
	case a.Stored.Place != "":
		err := c.Artifacts.Has(ctx, a.Stored)
		if code := fault.CodeOf(err); code != artifacts.CodeMissing && code != artifacts.CodeDamaged {
			return a, err
		}
	}
	return a, fault.New(fault.Invalid, "run %s has no rows of its node %q: it was skipped, they have been removed since, or another machine has them", child, c.Output).With("no_output")
}
