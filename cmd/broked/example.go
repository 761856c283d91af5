package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// shownRows is how much of an example's result is printed.
const shownRows = 6

// example returns the part of the server that imports and runs the example of
// --example and prints what came out. It does nothing when none was asked for.
func (c *serveCmd) example(out io.Writer, s *assembled, address string) func(context.Context) error {
	return func(ctx context.Context) error {
		if c.Example == "" {
			return nil
		}
		run, err := s.runExample(ctx, c.Example)
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("example %s: %w", c.Example, err)
		}
		if err == nil {
			s.printResult(ctx, out, run)
		}
		fmt.Fprintf(out, "\nbroked is at %s\n", address)
		return nil
	}
}

// runExample runs the pipeline of an example, making it first when it is not
// there, and returns the ended run.
func (s *assembled) runExample(ctx context.Context, name string) (runs.Run, error) {
	d, err := s.pipelines.Get(ctx, name)
	if fault.KindOf(err) == fault.NotFound {
		d, err = s.importExample(ctx, name)
	}
	if err != nil {
		return runs.Run{}, err
	}
	r, _, err := s.runs.Trigger(ctx, string(d.ID), runs.Start{Cause: "example"})
	if err != nil {
		return runs.Run{}, err
	}
	for _, err := range s.runs.Follow(ctx, r.ID, 0) {
		if err != nil {
			return runs.Run{}, err
		}
	}
	return s.runs.Get(ctx, r.ID)
}

func (s *assembled) importExample(ctx context.Context, name string) (pipelines.Document, error) {
	var names []string
	for _, t := range s.templates {
		if t.ID == name {
			return s.pipelines.Create(ctx, documentOf(t))
		}
		names = append(names, t.ID)
	}
	return pipelines.Document{}, fault.New(fault.NotFound, "there is no such example; there are %s", strings.Join(names, ", "))
}

func documentOf(t api.Template) pipelines.Document {
	return pipelines.Document{
		Slug: t.ID, Name: t.Name, Description: t.Description, Nodes: t.Nodes, Edges: t.Edges, Params: t.Params, Tags: t.Tags, Enabled: true,
	}
}

// printResult prints how the run ended, its nodes, and the first rows of the
// last one.
func (s *assembled) printResult(ctx context.Context, out io.Writer, r runs.Run) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer table.Flush() //nolint:errcheck // nobody reads it then
	fmt.Fprintf(table, "\n%s: %s %s\n", r.PipelineName, r.Status, r.Error)
	for _, n := range r.Nodes {
		fmt.Fprintf(table, "  %s\t%s\t%d rows\t%d ms\n", n.Node, n.Status, n.Rows, n.Millis)
	}
	if len(r.Nodes) == 0 {
		return
	}
	p, err := s.runs.Preview(ctx, r.ID, r.Nodes[len(r.Nodes)-1].Node)
	if err != nil {
		return // a failed run has none, and its error is printed above
	}
	var header []string
	for _, c := range p.Sample.Columns {
		header = append(header, c.Name)
	}
	fmt.Fprintf(table, "\n  %s\n", strings.Join(header, "\t"))
	for _, row := range p.Sample.Rows[:min(shownRows, len(p.Sample.Rows))] {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = fmt.Sprint(v)
		}
		fmt.Fprintf(table, "  %s\n", strings.Join(cells, "\t"))
	}
}
