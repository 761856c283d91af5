package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/broked/broked/internal/artifacts"
	"github.com/broked/broked/internal/executor"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/nodes"
	"github.com/broked/broked/internal/trials"
)

type testCmd struct {
	Files    []string `arg:"" help:"Pipelines: YAML or JSON files." type:"path" placeholder:"FILE"`
	DataDirs []string `help:"More folders that file nodes may read." env:"BROKOLI_DATA_DIRS" sep:":" placeholder:"DIR"`
	limitFlags
	outboundFlags
}

// errTests is that tests have failed, which has been told already.
var errTests = errors.New("tests have failed")

// Run runs the tests in the documents of all files and prints how each went.
func (c *testCmd) Run(ctx context.Context, w world) error {
	kinds, err := node.NewRegistry(nodes.All()...)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "broked-test-")
	if err != nil {
		return fmt.Errorf("folder of trials: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	x, err := localTrials(kinds, dir, c.DataDirs, &c.limitFlags, &c.outboundFlags)
	if err != nil {
		return err
	}
	failed := false
	for _, file := range c.Files {
		passed, err := testFile(ctx, w, x, kinds, file)
		if err != nil {
			return err
		}
		failed = failed || !passed
	}
	if failed {
		return errTests
	}
	return nil
}

// testFile runs the tests of one document and reports whether all passed.
func testFile(ctx context.Context, w world, x *executor.Executor, kinds *node.Registry, file string) (bool, error) {
	d, err := readPipeline(w.in, file, kinds)
	if err != nil {
		return false, &exitError{exitUsage, fmt.Errorf("%s: %w", file, err)}
	}
	if len(d.Tests) == 0 {
		fmt.Fprintf(w.out, "-  %s: no tests\n", file)
		return true, nil
	}
	all := true
	for _, t := range d.Tests {
		r, err := trials.Check(ctx, x, d, t)
		if err != nil {
			return false, fmt.Errorf("%s: %s: %w", file, t.Name, err)
		}
		if r.Passed {
			fmt.Fprintf(w.out, "✓  %s: %s (%d ms)\n", file, t.Name, r.Millis)
			continue
		}
		all = false
		fmt.Fprintf(w.out, "✗  %s: %s (%d ms)\n", file, t.Name, r.Millis)
		for _, p := range r.Problems {
			fmt.Fprintf(w.out, "     %s: %s\n", p.Path, p.Message)
		}
	}
	return all, nil
}

// localTrials returns what executes trials without a server. Their folders are in
// dir.
func localTrials(kinds *node.Registry, dir string, dataDirs []string, l *limitFlags, o *outboundFlags) (*executor.Executor, error) {
	limits, err := l.limits(1)
	if err != nil {
		return nil, err
	}
	roots, err := reach(dataDirs, nil)
	if err != nil {
		return nil, err
	}
	out, err := o.exit()
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	command, err := executor.Command(limits.Memory, programFlags{AllowBash: true, AllowDBT: "dbt"}.engineFlags()...) // a trial executes no programs
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	return executor.New(executor.Deps{
		Engines: executor.NewEngines(command, 0, "", log), Kinds: kinds, Log: log, Dir: dir, Roots: roots, Limits: limits, Out: out, Artifacts: artifacts.None{},
	}), nil
}
