package main

import (
	"context"
	"log/slog"

	"github.com/broked/broked/internal/engine"
)

type engineCmd struct {
	Memory int64 `default:"1024" help:"Memory that the run may use before it spills to disk, in MB."`
	programFlags
}

// ceiling is the hard bound on an engine's memory: what its run may use, twice,
// because the database's own limit is not exact, and what the program itself
// takes. Beyond it the engine dies, and the server does not.
func (c *engineCmd) ceiling() uint64 { return uint64(max(c.Memory, 0))<<21 + 2<<30 }

// Run executes the one run that comes on standard input.
func (c *engineCmd) Run(ctx context.Context, w world) error {
	if err := engine.LimitProcess(c.ceiling()); err != nil {
		return err
	}
	kinds, _, err := c.kinds(nil) // who has started the engine has told what is wrong
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(w.err, nil))
	return engine.Engine{Kinds: kinds, Log: log, Confine: engine.Confine}.Run(ctx, w.in, w.out)
}
