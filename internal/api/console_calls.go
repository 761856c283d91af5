package api

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/console"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/strictjson"
)

func (s *server) consoleCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/runs/{run}/tables", may: auth.RunsView, tag: "console",
		summary: "List what can be queried of a run: the rows of its nodes, as tables",
	}, s.listTables)
	register(s, call{
		method: http.MethodPost, path: "/api/runs/{run}/query", may: auth.RunsQuery, tag: "console",
		summary:  "Answer a SELECT over the rows that a run has kept; it changes nothing and reaches nothing else",
		describe: documents[queryRequest](s, jsonType),
	}, s.query)
	register(s, call{
		method: http.MethodPost, path: "/api/runs/{run}/query/export", may: auth.RunsQuery, tag: "console",
		summary:  "Answer a SELECT by a file: CSV, NDJSON or Parquet, of at most 1,000,000 rows",
		describe: documents[exportRequest](s, jsonType),
	}, s.exportQuery)
	register(s, call{
		method: http.MethodGet, path: "/api/runs/{run}/nodes/{node}/profile", may: auth.RunsQuery, tag: "console", class: classWrite,
		summary: "Read what the rows of a node look like, column by column: what is missing, how many different values, and how they are spread",
	}, s.profile)
}

type queryRequest struct {
	SQL  string             `json:"sql" doc:"One SELECT in DuckDB's SQL. A table is called like the id of its node"`
	Rows int64              `json:"rows,omitempty" doc:"How many rows are answered at most: 1 to 10,000; 1,000 when absent"`
	With []console.OtherRun `json:"with,omitempty" doc:"Other runs whose tables may be used as well, to compare"`
}

type exportRequest struct {
	SQL         string             `json:"sql" doc:"As of a query"`
	With        []console.OtherRun `json:"with,omitempty" doc:"As of a query"`
	Format      string             `json:"format" doc:"csv, ndjson or parquet"`
	Spreadsheet bool               `json:"spreadsheet,omitempty" doc:"Of CSV: put a ' before texts that a spreadsheet would take for a formula"`
}

func (s *server) listTables(ctx context.Context, in *ByRun) (*body[[]console.Table], error) {
	all, err := s.Console.Tables(ctx, in.Run)
	return &body[[]console.Table]{all}, err
}

func (s *server) profile(ctx context.Context, in *struct {
	ByRun
	Node string `path:"node" maxLength:"128"`
},
) (*body[console.Profile], error) {
	p, err := s.Console.Profile(ctx, in.Run, in.Node)
	return &body[console.Profile]{p}, err
}

// QueryInput is a question about the run in the path.
type QueryInput struct {
	ByRun
	RawInput
}

func (s *server) query(ctx context.Context, in *QueryInput) (*body[console.Answer], error) {
	var request queryRequest
	if err := strictjson.Decode(in.RawBody, &request); err != nil {
		return nil, err
	}
	result, err := s.Console.Run(ctx, console.Query{Run: in.Run, SQL: request.SQL, Rows: request.Rows, With: request.With})
	s.noteQuery(ctx, in.Run, request.SQL, err)
	return &body[console.Answer]{result}, err
}

func (s *server) exportQuery(ctx context.Context, in *QueryInput) (*huma.StreamResponse, error) {
	var request exportRequest
	if err := strictjson.Decode(in.RawBody, &request); err != nil {
		return nil, err
	}
	contentType, known := console.Formats[request.Format]
	if !known {
		return nil, fault.Rejected("the query cannot be run", []fault.Problem{{Path: "format", Message: "must be csv, ndjson or parquet"}})
	}
	q := console.Query{Run: in.Run, SQL: request.SQL, With: request.With}
	f, cut, err := s.Console.Export(ctx, q, request.Format, request.Spreadsheet)
	s.noteQuery(ctx, in.Run, request.SQL, err)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) { sendFile(c, f, contentType, "query."+request.Format, cut) }}, nil
}

// sendFile answers by a file that browsers are to keep, and closes it.
func sendFile(c huma.Context, f *os.File, contentType, name string, cut bool) {
	defer func() { _ = f.Close() }()
	r, w := humachi.Unwrap(c)
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	if cut {
		h.Set("X-Truncated", "true")
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportTime)) // else that of the server holds
	http.ServeContent(w, r, "", time.Time{}, f)
}

// noteEvery is how often the audit log is told that somebody asks the same again.
const noteEvery = time.Minute

// noteQuery tells the audit log who asked what of a run.
func (s *server) noteQuery(ctx context.Context, run runs.ID, sql string, err error) {
	const most = 500 // bytes of the statement
	n := auth.Notice{Event: "run_queried", About: string(run) + "\n" + sql, Every: noteEvery, Outcome: auth.Success}
	if err != nil {
		n.Outcome = auth.Failure
	}
	n.Details = map[string]any{"run_id": run, "sql": strings.ToValidUTF8(sql[:min(len(sql), most)], "")}
	s.Auth.Notice(ctx, n)
}
