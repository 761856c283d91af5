package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/broked/broked/internal/runs"
)

// backfillCmd runs a pipeline of a server for intervals that have passed.
type backfillCmd struct {
	Start    backfillStartCmd    `cmd:"" help:"Start a backfill and print its id."`
	Preview  backfillPreviewCmd  `cmd:"" help:"Say how many intervals a backfill would have, and start nothing."`
	List     backfillListCmd     `cmd:"" help:"List backfills, newest first."`
	Show     backfillShowCmd     `cmd:"" help:"Print how far a backfill is, and which of its runs have failed."`
	Pause    backfillPauseCmd    `cmd:"" help:"Have a backfill start no more runs; those that it has started go on."`
	Continue backfillContinueCmd `cmd:"" help:"Let a paused backfill go on with the next interval."`
	Cancel   backfillCancelCmd   `cmd:"" help:"End a backfill, with those of its runs that have not ended."`
}

const backfillsPath = "/api/backfills"

// backfillOrder is what people say of a backfill.
type backfillOrder struct {
	Pipeline    string            `json:"-" arg:"" help:"Id or slug of the pipeline."`
	From        string            `json:"start" name:"start" help:"First moment of the range: a day such as 2026-01-31, or RFC 3339." required:"" placeholder:"TIME"`
	End         string            `json:"end" help:"First moment behind the range." required:"" placeholder:"TIME"`
	Interval    string            `json:"interval,omitempty" help:"hour, day, week, month or a schedule; the pipeline's own when not given, else day." placeholder:"WORDS"`
	Timezone    string            `json:"timezone,omitempty" help:"IANA name of the zone by whose clock intervals begin; that of the pipeline's schedule when not given, else UTC." placeholder:"NAME"`
	Concurrency int               `json:"concurrency,omitempty" help:"Runs that have not ended at once." default:"1" placeholder:"N"`
	Order       string            `json:"order,omitempty" help:"Which intervals come first: oldest or newest." default:"oldest" enum:"oldest,newest"`
	Force       bool              `json:"force,omitempty" help:"Run intervals again that have a run which has succeeded."`
	OnFailure   string            `json:"on_failure,omitempty" help:"What a run that fails means for the others: continue or pause." default:"continue" enum:"continue,pause"`
	Param       map[string]string `json:"params,omitempty" help:"Value of a parameter, as name=value; may be given several times. $${interval.start_date} and the like stand for the interval." placeholder:"NAME=VALUE" mapsep:"none"`
	Priority    *int              `json:"priority,omitempty" help:"Of the runs; -100 when not given." placeholder:"N"`
}

type backfillStartCmd struct {
	backfillOrder
	onServer
}

// Run starts a backfill.
func (c *backfillStartCmd) Run(ctx context.Context, w world) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	b, err := ask[runs.Backfill](ctx, server, http.MethodPost, pipelinePath(c.Pipeline)+"/backfills", c.backfillOrder)
	if err != nil {
		return err
	}
	return c.print(w, b, func(table io.Writer) { fmt.Fprintln(table, b.ID) })
}

type backfillPreviewCmd struct {
	backfillOrder
	onServer
}

// Run says what a backfill would do.
func (c *backfillPreviewCmd) Run(ctx context.Context, w world) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	p, err := ask[runs.BackfillPlan](ctx, server, http.MethodPost, pipelinePath(c.Pipeline)+"/backfills/preview", c.backfillOrder)
	if err != nil {
		return err
	}
	return c.print(w, p, func(table io.Writer) {
		fmt.Fprintf(table, "%d intervals (%s), %d at once\n", p.Intervals, p.Interval, p.Concurrency)
		fmt.Fprintf(table, "first\t%s up to %s\n", p.First.Start.Format(time.RFC3339), p.First.End.Format(time.RFC3339))
		fmt.Fprintf(table, "last\t%s up to %s\n", p.Last.Start.Format(time.RFC3339), p.Last.End.Format(time.RFC3339))
	})
}

type backfillListCmd struct {
	Pipeline string `help:"Of this pipeline only: its id or slug." placeholder:"PIPELINE"`
	Limit    int    `help:"How many backfills." default:"50" placeholder:"N"`
	onServer
}

// Validate implements kong's check of flags.
func (c *backfillListCmd) Validate() error {
	if c.Limit < 1 {
		return errors.New("--limit must be at least 1")
	}
	return nil
}

// Run prints backfills.
func (c *backfillListCmd) Run(ctx context.Context, w world) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	path := backfillsPath
	if c.Pipeline != "" {
		path = pipelinePath(c.Pipeline) + "/backfills"
	}
	all, err := pages[runs.Backfill](ctx, server, path, url.Values{}, c.Limit)
	if err != nil {
		return err
	}
	return c.print(w, all, func(table io.Writer) {
		fmt.Fprintln(table, "ID\tPIPELINE\tSTATUS\tSTART\tEND\tTOTAL\tDONE\tFAILED\tRUNNING\tSKIPPED")
		for _, b := range all {
			p := b.Progress
			fmt.Fprintf(table, "%s\t%q\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\n", b.ID, b.PipelineName, b.Status,
				b.Start.Format(time.RFC3339), b.End.Format(time.RFC3339), p.Total, p.Done, p.Failed, p.Running, p.Skipped)
		}
	})
}

// theBackfill is the backfill that a command is about.
type theBackfill struct {
	ID runs.BackfillID `arg:"" help:"Id of the backfill."`
	onServer
}

// show makes a call about the backfill and prints how far it is.
func (c *theBackfill) show(ctx context.Context, w world, method, action string) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	b, err := ask[runs.Backfill](ctx, server, method, backfillsPath+"/"+url.PathEscape(string(c.ID))+action, nil)
	if err != nil {
		return err
	}
	return c.print(w, b, func(table io.Writer) {
		p := b.Progress
		fmt.Fprintf(table, "backfill\t%s\npipeline\t%q\nstatus\t%s\n", b.ID, b.PipelineName, b.Status)
		if b.Reason != "" {
			fmt.Fprintf(table, "because\t%s\n", plain(b.Reason))
		}
		fmt.Fprintf(table, "range\t%s up to %s, %s\n", b.Start.Format(time.RFC3339), b.End.Format(time.RFC3339), b.Interval)
		fmt.Fprintf(table, "progress\t%d of %d done, %d failed, %d cancelled, %d running, %d skipped\n", p.Done, p.Total, p.Failed, p.Cancelled, p.Running, p.Skipped)
		for _, f := range b.Failures {
			fmt.Fprintf(table, "failed\t%s for %s\n", f.Run, f.Start.Format(time.RFC3339))
		}
	})
}

type backfillShowCmd struct{ theBackfill }

// Run prints a backfill.
func (c *backfillShowCmd) Run(ctx context.Context, w world) error {
	return c.show(ctx, w, http.MethodGet, "")
}

type backfillPauseCmd struct{ theBackfill }

// Run pauses a backfill.
func (c *backfillPauseCmd) Run(ctx context.Context, w world) error {
	return c.show(ctx, w, http.MethodPost, "/pause")
}

type backfillContinueCmd struct{ theBackfill }

// Run continues a backfill.
func (c *backfillContinueCmd) Run(ctx context.Context, w world) error {
	return c.show(ctx, w, http.MethodPost, "/continue")
}

type backfillCancelCmd struct{ theBackfill }

// Run cancels a backfill.
func (c *backfillCancelCmd) Run(ctx context.Context, w world) error {
	return c.show(ctx, w, http.MethodPost, "/cancel")
}
