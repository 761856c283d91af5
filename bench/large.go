package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

const (
	largeRows   = 10_000_000
	largeRounds = 3
	// tightMemory is the share in MB in which a join, and deduplicating with sorting,
	// have to spill.
	tightMemory = 1024
)

// large compares the first tasks over ten million rows, once with the share of memory
// that a run gets by default, and those that keep many rows also with little.
func (s *server) large(ctx context.Context, w io.Writer, dir string) error {
	folder := filepath.Join(dir, "large")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	input := filepath.Join(folder, "in.csv")
	if err := errors.Join(generate(input, largeRows), generateOther(otherInput(input), largeRows/5)); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%d rows, medians of %d\tbroked\tDuckDB\tratio\tbest ratio\n", largeRows, largeRounds)
	for _, t := range tasks[:4] {
		if err := s.compare(ctx, w, t, input, largeRounds); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	program, err := filepath.Abs("bin/broked")
	if err != nil {
		return err
	}
	tight, _, err := startServer(ctx, program, folder, "--run-memory", strconv.Itoa(tightMemory))
	if err != nil {
		return err
	}
	defer tight.stop()
	for _, t := range tasks[2:4] {
		id, err := tight.create(ctx, t, input)
		if err != nil {
			return err
		}
		c, err := tight.run(ctx, id)
		if err != nil {
			return fmt.Errorf("%s in %d MB: %w", t.name, tightMemory, err)
		}
		fmt.Fprintf(w, "%s in %d MB\t%.2f s\tCPU %.2f s\tpeak %d MB\n", t.name, tightMemory, c.wall.Seconds(), c.cpu.Seconds(), c.memory>>20)
	}
	return nil
}
