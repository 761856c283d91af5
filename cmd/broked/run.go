package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/broked/broked/internal/executor"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/nodes"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/plugins"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/trials"
)

type runCmd struct {
	File     string            `arg:"" help:"The pipeline: a YAML or JSON file, - for standard input." type:"path"`
	Param    map[string]string `help:"Value of a parameter, as name=value; may be given several times." placeholder:"NAME=VALUE" mapsep:"none"`
	JSON     bool              `help:"Print what happens as JSON lines."`
	DryRun   bool              `help:"Write nothing anywhere: read the first rows of every source and show how many come out of each node."`
	Rows     int64             `help:"Rows of every source that a dry run reads." default:"100" placeholder:"N"`
	Until    string            `help:"A dry run up to this node." placeholder:"NODE"`
	DataDirs []string          `help:"More folders that file nodes may touch." env:"BROKOLI_DATA_DIRS" sep:":" placeholder:"DIR"`
	programFlags
	limitFlags
	outboundFlags
}

// programFlags say which programs runs may execute.
type programFlags struct {
	AllowBash bool   `help:"Runs may execute commands by bash nodes." env:"BROKOLI_ALLOW_BASH"`
	AllowDBT  string `name:"allow-dbt" help:"Runs may execute this dbt, with the machine's network, by dbt nodes: its absolute path, or dbt." env:"BROKOLI_ALLOW_DBT" placeholder:"PROGRAM"`
	pluginFlags
}

// kinds returns the registry of what is offered, and the plugins that are. What is wrong
// with others is told.
func (p programFlags) kinds(tell func(error)) (*node.Registry, []plugins.Plugin, error) {
	return p.join(nodes.Offered(nodes.Programs{Bash: p.AllowBash, DBT: p.AllowDBT}), tell)
}

// engineFlags tells an engine the same.
func (p programFlags) engineFlags() []string {
	return []string{fmt.Sprintf("--allow-bash=%t", p.AllowBash), "--allow-dbt=" + p.AllowDBT, "--plugins=" + p.folder()}
}

// limitFlags bound what a run may use.
type limitFlags struct {
	RunMemory  int64 `help:"Memory that a run may use before it spills to disk, in MB; 0 means 60 % of the machine's, divided by the runs at once." env:"BROKOLI_RUN_MEMORY" default:"0" placeholder:"MB"`
	RunThreads int   `help:"Threads of a run; 0 means one for each core." env:"BROKOLI_RUN_THREADS" default:"0" placeholder:"N"`
}

// Run executes the pipeline in an engine process and shows what happens.
func (c *runCmd) Run(ctx context.Context, w world) error {
	kinds, _, err := c.kinds(func(err error) { tell(w.err, err) })
	if err != nil {
		return err
	}
	d, err := readPipeline(w.in, c.File, kinds)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	dir, err := os.MkdirTemp("", "broked-run-")
	if err != nil {
		return fmt.Errorf("run folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if c.DryRun {
		return c.try(ctx, w, d, kinds, dir)
	}
	if err := alone(d, kinds); err != nil {
		return &exitError{exitUsage, err}
	}
	j, err := executor.NewJob(d, kinds, runs.Run{ID: runs.ID(id.New()), Params: c.Param}, nil)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if j.Roots, err = reach(c.DataDirs, nil); err != nil {
		return err
	}
	if j.Out, err = c.exit(); err != nil {
		return &exitError{exitUsage, err}
	}
	j.Dir = dir
	if j.Limits, err = c.limits(1); err != nil {
		return err
	}
	command, err := executor.Command(j.Limits.Memory, c.engineFlags()...)
	if err != nil {
		return err
	}
	show := c.display(w)
	last, err := executor.NewEngines(command, 0, "", slog.New(slog.DiscardHandler)).Do(ctx, "", j, listener{show})
	return show.end(last, err)
}

// Validate implements kong's check of flags.
func (c *runCmd) Validate() error {
	if !c.DryRun && (c.Until != "" || c.Rows != trials.DefaultRows) {
		return errors.New("--until and --rows are for --dry-run")
	}
	if c.Rows < 1 || c.Rows > trials.MaxRows {
		return fmt.Errorf("--rows must be between 1 and %d", trials.MaxRows)
	}
	return nil
}

// try runs a trial of the pipeline and shows what happens.
func (c *runCmd) try(ctx context.Context, w world, d pipelines.Document, kinds *node.Registry, dir string) error {
	x, err := localTrials(kinds, dir, c.DataDirs, &c.limitFlags, &c.outboundFlags)
	if err != nil {
		return err
	}
	show := watched{Executor: x, display: c.display(w)}
	if _, err = trials.Run(ctx, &show, trials.Trial{Document: d, Params: c.Param, Until: c.Until, Rows: c.Rows, Shown: trials.DefaultRows}); err != nil && show.last.Type == "" {
		return &exitError{exitUsage, err}
	}
	return show.end(show.last, err)
}

// watched shows what is said in a trial while it goes on.
type watched struct {
	*executor.Executor
	display
	last job.Message
}

// Try implements trials.Engine.
func (t *watched) Try(ctx context.Context, d pipelines.Document, j job.Job, files map[string][]byte, hear func(job.Message)) (job.Message, error) {
	last, err := t.Executor.Try(ctx, d, j, files, func(m job.Message) {
		_ = t.message(m) // the terminal is gone: the trial's end tells
		hear(m)
	})
	t.last = last
	return last, err
}

// readPipeline reads and checks the pipeline in a file; - is in.
func readPipeline(in io.Reader, file string, kinds *node.Registry) (pipelines.Document, error) {
	var text []byte
	var err error
	if file == "-" {
		text, err = io.ReadAll(in)
	} else {
		text, err = os.ReadFile(file) //nolint:gosec // the file that the person named
	}
	if err != nil {
		return pipelines.Document{}, err
	}
	d, _, err := pipelines.DecodeFile(text)
	if err != nil {
		return d, err
	}
	if f := d.Check(kinds); len(f.Problems) > 0 {
		return d, fault.Rejected("the pipeline cannot be run", f.Problems)
	}
	return d, nil
}

func (c *runCmd) display(w world) display { //nolint:ireturn // two displays, chosen by a flag
	if c.JSON {
		return &jsonDisplay{out: json.NewEncoder(w.out)}
	}
	file, ok := w.err.(*os.File)
	return &textDisplay{out: w.err, live: ok && isatty.IsTerminal(file.Fd()), began: time.Now()}
}

// display shows a run to the person who started it.
type display interface {
	message(m job.Message) error
	// end shows how the run ended and returns the error to exit with, if any.
	end(last job.Message, err error) error
}

// listener is the ear of a run without a server.
type listener struct{ display }

// Hear implements executor.Ear.
func (l listener) Hear(m job.Message) error {
	if m.Type == job.Kept {
		return nil // there is no next run that could know
	}
	return l.message(m)
}

// Answer implements executor.Ear.
func (listener) Answer(_ context.Context, q job.Question) job.Reply {
	if q.What == runs.AskHeld { // nobody else executes it
		return job.Reply{ID: q.ID, Body: []byte("{}")}
	}
	return job.Reply{ID: q.ID, Error: &job.Failure{
		Code: "no_server", Message: "only a server can answer " + q.What + ": store the pipeline in one (broked serve) and run it there",
	}}
}

type jsonDisplay struct{ out *json.Encoder }

func (d *jsonDisplay) message(m job.Message) error { return d.out.Encode(m) }

func (d *jsonDisplay) end(last job.Message, err error) error {
	if err != nil {
		last = job.Message{Type: job.Finished, At: time.Now().UTC(), Status: job.Failed, Error: job.FailureOf(err)}
	}
	if err := d.out.Encode(last); err != nil {
		return err
	}
	return failed(last, err)
}

// failed returns the error that ends the program after a run that failed.
func failed(last job.Message, err error) error {
	if err != nil || last.Status == job.Success {
		return err
	}
	if last.Error == nil {
		return fault.New(fault.Invalid, "the run failed")
	}
	return fault.New(fault.Invalid, "the run failed: %s", last.Error.Message)
}

// textDisplay prints a line for everything that matters; on a terminal the line
// of a node at work is rewritten with its progress.
type textDisplay struct {
	out   io.Writer
	live  bool
	began time.Time
}

func (d *textDisplay) message(m job.Message) error {
	switch m.Type {
	case job.NodeProgress:
		if d.live && m.Progress != nil {
			d.print("\r\x1b[K… %s %.0f %%", m.Node, *m.Progress*100)
		}
	case job.Log:
		if m.Level != node.Debug {
			d.line("  %s: %s", m.Level, strings.TrimSpace(m.Node+" "+m.Message))
		}
	case job.NodeFinished:
		d.node(m)
	default:
	}
	return nil
}

func (d *textDisplay) node(m job.Message) {
	mark := map[job.Status]string{job.Success: "✓", job.Failed: "✗", job.Skipped: "–"}[m.Status]
	switch {
	case m.Error != nil:
		d.line("%s %s: %s", mark, m.Node, m.Error.Message)
	case m.Rows != nil:
		d.line("%s %s: %d rows in %d ms", mark, m.Node, *m.Rows, m.Millis)
	default:
		d.line("%s %s: %s", mark, m.Node, m.Status)
	}
}

func (d *textDisplay) line(format string, args ...any) {
	if d.live {
		d.print("\r\x1b[K")
	}
	d.print(format+"\n", args...)
}

func (d *textDisplay) print(format string, args ...any) {
	fmt.Fprintf(d.out, format, args...)
}

func (d *textDisplay) end(last job.Message, err error) error {
	err = failed(last, err)
	if err == nil {
		d.line("done in %s", time.Since(d.began).Round(time.Millisecond))
	}
	return err
}

// alone refuses a pipeline that needs a server to run.
func alone(d pipelines.Document, kinds *node.Registry) error {
	for _, n := range d.Nodes {
		spec, err := kinds.Spec(n.Type)
		if err != nil || !spec.Waits {
			continue
		}
		if made, _ := spec.Build(n.Settings()); isCaller(made) {
			return fault.New(fault.Invalid, "%s %q runs another pipeline, and only a server can do that: import both there", n.Type, n.ID)
		}
		return fault.New(fault.Invalid, "%s %q waits, and only a server can do that: import the pipeline there", n.Type, n.ID)
	}
	return nil
}

func isCaller(n node.Node) bool {
	_, is := n.(node.Caller)
	return is
}
