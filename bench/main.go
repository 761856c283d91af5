// Command bench runs the same work through a running server and as one
// hand-written DuckDB statement in a fresh process, in turn, and prints the
// ratios. It also measures what the server itself costs. Run it by make bench.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"text/tabwriter"
	"time"
)

// rounds is how often each side of a comparison runs; the median counts.
const rounds = 7

// task is work that both sides do.
type task struct {
	name string
	// nodes are what stands between the source and the sink, in JSON; each takes the
	// rows of the one before it, and those that are called join also the other input.
	nodes []string
	sql   string // of the reference, over what reads the input and the other input
	out   string // name of the file that is written; "" is out.csv
	form  string // of the reference's file, as COPY takes it; "" is HEADER
}

var tasks = []task{
	{
		name: "CSV -> filter + derive -> CSV",
		nodes: []string{`{"id":"work","type":"transform","config":{"rules":[{"type":"filter_rows","condition":"amount > 500 and status = 'paid'"},` +
			`{"type":"add_column","name":"gross","expression":"amount * 1.19"}]}}`},
		sql: `SELECT *, amount * 1.19 AS gross FROM %[1]s WHERE amount > 500 AND status = 'paid'`,
	},
	{
		name: "CSV -> aggregate -> CSV",
		nodes: []string{`{"id":"work","type":"aggregate","config":{"group_by":["country","status"],"aggregations":[{"column":"amount","function":"sum"},` +
			`{"column":"amount","function":"avg"},{"column":"id","function":"count","alias":"n"}]}}`},
		sql: `SELECT country, status, sum(amount) AS amount_sum, avg(amount) AS amount_avg, count(*) AS n FROM %[1]s GROUP BY country, status`,
	},
	{
		name:  "CSV, CSV -> join -> CSV",
		nodes: []string{`{"id":"join","type":"join","config":{"join_type":"left","left_key":"id","right_key":"customer"}}`},
		sql:   `SELECT l.*, r.* FROM %[1]s l LEFT JOIN %[2]s r ON l.id = r.customer`,
	},
	{
		name: "CSV -> deduplicate -> sort -> CSV",
		nodes: []string{
			`{"id":"first","type":"deduplicate","config":{"columns":["email","country"]}}`,
			`{"id":"sort","type":"sort","config":{"columns":["amount"],"ascending":false}}`,
		},
		sql: `SELECT * FROM %[1]s QUALIFY row_number() OVER (PARTITION BY email, country ORDER BY id) = 1 ORDER BY amount DESC`,
	},
	{
		name: "CSV -> quality checks -> NDJSON",
		nodes: []string{`{"id":"check","type":"quality_check","config":{"rules":[{"rule":"not_null","column":"email"},{"rule":"unique","column":"id"},` +
			`{"rule":"range","column":"amount","params":{"min":0,"max":1000}},{"rule":"regex","column":"email","params":{"pattern":"@"}}]}}`},
		sql: `SELECT *, error('broken') FROM (SELECT count(*) FILTER (email IS NULL) + count(*) FILTER (amount NOT BETWEEN 0 AND 1000) + ` +
			`count(*) FILTER (NOT regexp_matches(email, '@')) + count(*) - count(DISTINCT id) AS bad FROM %[1]s) WHERE bad > 0 UNION ALL BY NAME SELECT * FROM %[1]s`,
		out: "out.ndjson", form: "FORMAT json",
	},
	{
		name:  "CSV -> Python adds a column -> CSV",
		nodes: []string{`{"id":"work","type":"code","config":{"script":"for row in rows: row['x'] = 1"}}`},
		sql:   `SELECT *, 1 AS x FROM %[1]s`,
	},
}

func main() {
	ctx := context.Background() //nolint:forbidigo // this is main
	if len(os.Args) == 3 && os.Args[1] == "reference" {
		exit(reference(ctx, os.Args[2]))
	}
	exit(measure(ctx, os.Stdout, os.Args[1:]))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// measure prints the figures of the cases that are named, or of all: trivial, chains,
// contacts, tasks (the comparisons with DuckDB), large, flights, databases, together,
// queue, schedules, workers and http.
func measure(ctx context.Context, out io.Writer, names []string) (err error) {
	dir, err := os.MkdirTemp("", "broked-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program, err := filepath.Abs("bin/broked")
	if err != nil {
		return err
	}
	s, cold, err := startServer(ctx, program, dir)
	if err != nil {
		return err
	}
	defer s.stop()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer func() { err = errors.Join(err, w.Flush()) }()
	idle, err := s.memory("VmRSS")
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "cores\t%d\n", runtime.NumCPU())
	fmt.Fprintf(w, "cold start to /health\t%.0f ms\n", cold.Seconds()*1000)
	fmt.Fprintf(w, "idle server\t%d MB\n", idle>>20)
	input := sync.OnceValues(func() (string, error) {
		path := filepath.Join(dir, "in.csv")
		return path, errors.Join(generate(path, 1_000_000), generateOther(otherInput(path), 200_000))
	})
	for _, c := range []struct {
		name string
		run  func() error
	}{
		{"trivial", func() error { return s.trivial(ctx, w, dir) }},
		{"chains", func() error { return s.chains(ctx, w, dir) }},
		{"contacts", func() error { return s.contacts(ctx, w) }},
		{"tasks", func() error { return s.tasks(ctx, w, input) }},
		{"large", func() error { return s.large(ctx, w, dir) }},
		{"flights", func() error { return s.flights(ctx, w) }},
		{"databases", func() error {
			made, err := input()
			if err != nil {
				return err
			}
			return measureDatabases(ctx, w, program, dir, made)
		}},
		{"together", func() error { return s.together(ctx, w, dir) }},
		{"queue", func() error { return s.queue(ctx, w, dir) }},
		{"schedules", func() error { return measureSchedules(ctx, w, program, dir) }},
		{"workers", func() error { return measureWorkers(ctx, w, program, dir, os.Getenv("BROKED_BENCH_POSTGRES")) }},
		{"http", func() error { return measureHTTP(ctx, w, program, dir) }},
	} {
		if len(names) > 0 && !slices.Contains(names, c.name) {
			continue
		}
		if err := c.run(); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	peak, err := s.memory("VmHWM")
	fmt.Fprintf(w, "\nserver at its peak\t%d MB\n", peak>>20)
	return err
}

// tasks compares all tasks over a million rows.
func (s *server) tasks(ctx context.Context, w io.Writer, made func() (string, error)) error {
	input, err := made()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\n1,000,000 rows, medians of %d\tbroked\tDuckDB\tratio\tbest ratio\n", rounds)
	for _, t := range tasks {
		if err := s.compare(ctx, w, t, input, rounds); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}

// compare runs t on both sides in turn, so many times, and prints the medians and
// their ratios.
func (s *server) compare(ctx context.Context, w io.Writer, t task, input string, rounds int) error {
	id, err := s.create(ctx, t, input)
	if err != nil {
		return err
	}
	var ours, theirs []cost
	for range rounds + 1 {
		one, err := s.run(ctx, id)
		if err != nil {
			return err
		}
		other, err := runReference(ctx, t, input)
		if err != nil {
			return err
		}
		ours, theirs = append(ours, one), append(theirs, other)
	}
	ours, theirs = ours[1:], theirs[1:] // the first round warms the page cache
	fmt.Fprintf(w, "%s\t\t\t\n", t.name)
	for _, figure := range []struct {
		name, unit string
		of         func(cost) float64
	}{
		{"  wall", "s", func(c cost) float64 { return c.wall.Seconds() }},
		{"  CPU", "s", func(c cost) float64 { return c.cpu.Seconds() }},
		{"  peak memory", "MB", func(c cost) float64 { return float64(c.memory >> 20) }},
	} {
		a, b := median(ours, figure.of), median(theirs, figure.of)
		fmt.Fprintf(w, "%s\t%.3f %s\t%.3f %s\t%.2f\t%.2f\n", figure.name, a, figure.unit, b, figure.unit, a/b, least(ours, figure.of)/least(theirs, figure.of))
	}
	return nil
}

// cost is what one run took.
type cost struct {
	wall, cpu time.Duration
	memory    int64 // bytes, of the process that did the work
}

func median(costs []cost, of func(cost) float64) float64 {
	values := make([]float64, len(costs))
	for i, c := range costs {
		values[i] = of(c)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func least(costs []cost, of func(cost) float64) float64 {
	smallest := of(costs[0])
	for _, c := range costs[1:] {
		smallest = min(smallest, of(c))
	}
	return smallest
}
