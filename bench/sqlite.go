package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
)

// throughSQLite times rows on their way from a CSV file into a table of SQLite, and
// from there into another CSV file.
func (s *server) throughSQLite(ctx context.Context, w io.Writer, input string) error {
	file := filepath.Join(s.dir, "bench.db")
	into := fmt.Sprintf(`{"name":"into SQLite","nodes":[{"id":"in","type":"source_file","config":{"path":%q}},
		{"id":"out","type":"sink_db","config":{"uri":%q,"table":"rows","mode":"overwrite","create_table":true}}],"edges":[{"from":"in","to":"out"}]}`, input, file)
	from := fmt.Sprintf(`{"name":"from SQLite","nodes":[{"id":"in","type":"source_db","config":{"uri":%q,"query":"SELECT * FROM rows"}},
		{"id":"out","type":"sink_file","config":{"path":%q}}],"edges":[{"from":"in","to":"out"}]}`, file, filepath.Join(s.dir, "out.csv"))
	var both float64
	for _, way := range []struct{ name, document string }{{"CSV -> SQLite", into}, {"SQLite -> CSV", from}} {
		var made struct{ ID string }
		if err := s.call(ctx, http.MethodPost, "/api/pipelines", way.document, &made); err != nil {
			return err
		}
		var costs []cost
		for range rounds {
			c, err := s.run(ctx, made.ID)
			if err != nil {
				return fmt.Errorf("%s: %w", way.name, err)
			}
			costs = append(costs, c)
		}
		wall := median(costs, func(c cost) float64 { return c.wall.Seconds() })
		both += wall
		fmt.Fprintf(w, "%s, 1,000,000 rows\t%.2f s\tCPU %.2f s\tpeak %.0f MB\n", way.name, wall,
			median(costs, func(c cost) float64 { return c.cpu.Seconds() }), median(costs, func(c cost) float64 { return float64(c.memory >> 20) }))
	}
	fmt.Fprintf(w, "CSV -> SQLite -> CSV\t%.2f s\n", both)
	return nil
}
