package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// runsCmd starts, follows and ends the runs of a server.
type runsCmd struct {
	List   runsListCmd   `cmd:"" help:"List runs, newest first."`
	Show   runsShowCmd   `cmd:"" help:"Print a run with its nodes."`
	Start  runsStartCmd  `cmd:"" help:"Start a run of a pipeline and print its id."`
	Logs   runsLogsCmd   `cmd:"" help:"Print the log of a run."`
	Cancel runsCancelCmd `cmd:"" help:"End a pending or running run."`
	Resume runsResumeCmd `cmd:"" help:"Start a run that does what a failed, cancelled or blocked one has left undone, and print its id."`
	Rerun  runsRerunCmd  `cmd:"" help:"Start a run of the newest version with the parameters of an earlier run, and print its id."`
}

const runsPath = "/api/runs"

func runPath(run runs.ID) string { return runsPath + "/" + url.PathEscape(string(run)) }

func pipelinePath(pipeline string) string { return "/api/pipelines/" + url.PathEscape(pipeline) }

type runsListCmd struct {
	Pipeline string      `help:"Of this pipeline only: its id or slug." placeholder:"PIPELINE"`
	Status   runs.Status `help:"With this status only." placeholder:"STATUS"`
	Limit    int         `help:"How many runs." default:"50" placeholder:"N"`
	onServer
}

// Validate implements kong's check of flags.
func (c *runsListCmd) Validate() error {
	if c.Limit < 1 {
		return errors.New("--limit must be at least 1")
	}
	return nil
}

// Run prints runs.
func (c *runsListCmd) Run(ctx context.Context, w world) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	query := url.Values{}
	if c.Status != "" {
		query.Set("status", string(c.Status))
	}
	if c.Pipeline != "" {
		d, err := ask[struct{ ID pipelines.ID }](ctx, server, http.MethodGet, pipelinePath(c.Pipeline), nil)
		if err != nil {
			return err
		}
		query.Set("pipeline_id", string(d.ID))
	}
	all, err := pages[runs.Run](ctx, server, runsPath, query, c.Limit)
	if err != nil {
		return err
	}
	return c.print(w, all, func(table io.Writer) {
		fmt.Fprintln(table, "ID\tPIPELINE\tSTATUS\tTRIGGER\tMADE\tTOOK\tERROR")
		for _, r := range all {
			fmt.Fprintf(table, "%s\t%q\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.PipelineName, r.Status, plain(r.Trigger), r.CreatedAt.Format(time.RFC3339), took(r), plain(r.Error))
		}
	})
}

// pages returns at most limit items of a list of the API, which has it in parts.
func pages[T any](ctx context.Context, c *client, path string, query url.Values, limit int) ([]T, error) {
	const most = 500 // that one answer has
	all := []T{}
	for {
		query.Set("limit", strconv.Itoa(min(limit-len(all), most)))
		page, err := ask[struct {
			Items  []T
			Cursor string
		}](ctx, c, http.MethodGet, path+"?"+query.Encode(), nil)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Cursor == "" || len(all) >= limit {
			return all, nil
		}
		query.Set("after", page.Cursor)
	}
}

// took is how long a run has taken; "" unless it has begun and ended.
func took(r runs.Run) string {
	if r.StartedAt == nil || r.FinishedAt == nil {
		return ""
	}
	return r.FinishedAt.Sub(*r.StartedAt).Round(time.Millisecond).String()
}

// theRun is the run that a command is about.
type theRun struct {
	ID runs.ID `arg:"" help:"Id of the run."`
}

type runsShowCmd struct {
	theRun
	onServer
}

// Run prints a run.
func (c *runsShowCmd) Run(ctx context.Context, w world) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	text, err := ask[json.RawMessage](ctx, server, http.MethodGet, runPath(c.ID), nil)
	if err != nil {
		return err
	}
	var r runs.Run
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	return c.print(w, text, func(table io.Writer) { showRun(table, r) })
}

func showRun(table io.Writer, r runs.Run) {
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(table, "%s\t%s\n", name, plain(value))
		}
	}
	line("run", string(r.ID))
	line("pipeline", fmt.Sprintf("%q, version %d", r.PipelineName, r.PipelineVersion))
	line("status", string(r.Status))
	line("waits for", r.WaitReason)
	line("error", r.Error)
	line("trigger", r.Trigger)
	line("started by", r.StartedBy)
	if r.IntervalStart != nil && r.IntervalEnd != nil {
		line("interval", r.IntervalStart.Format(time.RFC3339)+" up to "+r.IntervalEnd.Format(time.RFC3339))
	}
	for name, value := range r.Params {
		line("param "+name, value)
	}
	line("resumes", string(r.ResumedFrom))
	line("made", r.CreatedAt.Format(time.RFC3339))
	line("took", took(r))
	if len(r.Nodes) == 0 {
		return
	}
	fmt.Fprintln(table, "\nNODE\tSTATUS\tROWS\tTOOK\tERROR")
	for _, n := range r.Nodes {
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\n", plain(n.Node), n.Status, n.Rows, time.Duration(n.Millis)*time.Millisecond, plain(n.Error))
	}
}

// startFlags are those of commands that start a run.
type startFlags struct {
	Wait bool `help:"Wait until the run has ended, with its log on standard error, and exit as it did: 0, 3 when it failed or was blocked, 4 when it was cancelled."`
	onServer
}

// start asks for a run, prints its id and, when that is wanted, waits for its end.
func (f *startFlags) start(ctx context.Context, w world, server *client, path string, in any) error {
	text, err := ask[json.RawMessage](ctx, server, http.MethodPost, path, in)
	if err != nil {
		return err
	}
	var made struct {
		ID runs.ID `json:"id"`
	}
	if err := json.Unmarshal(text, &made); err != nil {
		return err
	}
	if err := f.print(w, text, func(table io.Writer) { fmt.Fprintln(table, made.ID) }); err != nil || !f.Wait {
		return err
	}
	return server.wait(ctx, made.ID, func(l logLine) error {
		_, err := fmt.Fprintln(w.err, l)
		return err
	})
}

type runsStartCmd struct {
	Pipeline string            `arg:"" help:"Id or slug of the pipeline."`
	Param    map[string]string `help:"Value of a parameter, as name=value; may be given several times." placeholder:"NAME=VALUE" mapsep:"none"`
	Priority *int              `help:"Instead of the pipeline's; higher ones start first." placeholder:"N"`
	startFlags
}

// runOrder is the body of a request to run.
type runOrder struct {
	Params   map[string]string `json:"params,omitempty"`
	Priority *int              `json:"priority,omitempty"`
}

// Run starts a run.
func (c *runsStartCmd) Run(ctx context.Context, w world) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	return c.start(ctx, w, server, pipelinePath(c.Pipeline)+"/run", runOrder{c.Param, c.Priority})
}

type runsRerunCmd struct {
	theRun
	startFlags
}

// Run starts a run with the parameters and the priority of another.
func (c *runsRerunCmd) Run(ctx context.Context, w world) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	old, err := ask[runs.Run](ctx, server, http.MethodGet, runPath(c.ID), nil)
	if err != nil {
		return err
	}
	return c.start(ctx, w, server, pipelinePath(string(old.Pipeline))+"/run", runOrder{old.Params, &old.Priority})
}

type runsResumeCmd struct {
	theRun
	From string `help:"Do this node again, and all that follow it." placeholder:"NODE"`
	startFlags
}

// Run resumes a run.
func (c *runsResumeCmd) Run(ctx context.Context, w world) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	order := map[string]string{}
	if c.From != "" {
		order["from"] = c.From
	}
	return c.start(ctx, w, server, runPath(c.ID)+"/resume", order)
}

type runsCancelCmd struct {
	theRun
	onServer
}

// Run ends a run.
func (c *runsCancelCmd) Run(ctx context.Context, _ world) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	return server.call(ctx, http.MethodPost, runPath(c.ID)+"/cancel", struct{}{}, nil)
}

type runsLogsCmd struct {
	theRun
	Follow bool `short:"f" help:"Print lines as they are written until the run has ended, and exit as it did: 0, 3 when it failed or was blocked, 4 when it was cancelled."`
	onServer
}

// Run prints the log of a run.
func (c *runsLogsCmd) Run(ctx context.Context, w world) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	show := func(l logLine) error {
		if c.Output == "json" {
			return json.NewEncoder(w.out).Encode(l)
		}
		_, err := fmt.Fprintln(w.out, l)
		return err
	}
	if c.Follow {
		return server.wait(ctx, c.ID, show)
	}
	const most = 10_000 // that one answer has
	for after := int64(0); ; {
		lines, err := ask[[]logLine](ctx, server, http.MethodGet, runPath(c.ID)+"/logs?limit="+strconv.Itoa(most)+"&after="+strconv.FormatInt(after, 10), nil)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if err := show(l); err != nil {
				return err
			}
			after = l.Seq
		}
		if len(lines) < most {
			return nil
		}
	}
}
