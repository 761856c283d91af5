package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// flightsFile is a table of three million flights in the United States, January to
// June 2001, Bureau of Transportation Statistics. The Makefile gets it from the npm
// package vega-datasets.
const flightsFile = "bench/data/flights-3m.parquet"

// byOrigin groups the flights by airport and month, from Parquet and into Parquet.
var byOrigin = task{
	name: "3,000,000 flights, Parquet -> by origin and month -> CSV",
	nodes: []string{
		`{"id":"month","type":"transform","config":{"rules":[{"type":"add_column","name":"month","expression":"date_trunc('month', date)"}]}}`,
		`{"id":"work","type":"aggregate","config":{"group_by":["origin","month"],"aggregations":[{"column":"delay","function":"avg"},` +
			`{"column":"distance","function":"max"},{"column":"delay","function":"count","alias":"n"}]}}`,
	},
	sql: `SELECT origin, date_trunc('month', date) AS month, avg(delay) AS delay_avg, max(distance) AS distance_max, count(delay) AS n FROM %[1]s GROUP BY ALL`,
}

// flights compares work on a real table, when it is there.
func (s *server) flights(ctx context.Context, w io.Writer) error {
	table, err := os.ReadFile(flightsFile)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(w, "flights\tleft out: %s is not there\n", flightsFile)
		return nil
	}
	if err != nil {
		return err
	}
	input := filepath.Join(s.dir, "flights.parquet")
	if err := os.WriteFile(input, table, 0o600); err != nil { //nolint:gosec // a file in a folder of ours
		return err
	}
	return s.compare(ctx, w, byOrigin, input, rounds)
}
