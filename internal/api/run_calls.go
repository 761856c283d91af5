package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/strictjson"
)

// runsShown is how many runs a bare array of one pipeline's runs has.
const runsShown = 50

func (s *server) runCalls() {
	register(s, call{
		method: http.MethodPost, path: "/api/pipelines/{id}/run", may: auth.PipelinesRun, tag: "runs", status: http.StatusAccepted,
		summary:  "Start a run; the answer does not wait for it",
		describe: documents[runRequest](s, jsonType), bodyOptional: true,
	}, s.startRun)
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/runs", may: auth.RunsView, tag: "runs",
		summary: "List the runs of a pipeline, newest first", describe: listed[runs.Run](s),
	}, s.listPipelineRuns)
	register(s, call{
		method: http.MethodGet, path: "/api/runs", may: auth.RunsView, tag: "runs",
		summary: "List all runs, newest first", describe: listed[runs.Run](s),
	}, s.listRuns)
	register(s, call{
		method: http.MethodGet, path: "/api/runs/{run}", may: auth.RunsView, tag: "runs",
		summary: "Read a run with its nodes and the graph that it executes",
	}, s.getRun)
	register(s, call{
		method: http.MethodPost, path: "/api/runs/{run}/cancel", may: auth.RunsCancel, tag: "runs",
		summary: "End a pending or running run",
	}, s.cancelRun)
	register(s, call{
		method: http.MethodPost, path: "/api/runs/{run}/resume", may: auth.RunsResume, tag: "runs", status: http.StatusAccepted,
		summary:  "Start a run that does what a failed, cancelled or blocked one has left undone; the answer does not wait for it",
		describe: documents[resumeRequest](s, jsonType), bodyOptional: true,
	}, s.resumeRun)
	register(s, call{
		method: http.MethodGet, path: "/api/runs/{run}/logs", may: auth.RunsView, tag: "runs",
		summary: "List log lines of a run in order",
	}, s.listLogs)
	register(s, call{
		method: http.MethodGet, path: "/api/runs/{run}/logs/export", may: auth.RunsView, tag: "runs", class: classReport,
		summary: "Read the whole log of a run as text",
		describe: func(op *huma.Operation) {
			op.Responses = map[string]*huma.Response{"200": {
				Description: http.StatusText(http.StatusOK), Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}},
			}}
		},
	}, s.exportLogs)
	register(s, call{
		method: http.MethodGet, path: "/api/runs/{run}/nodes/{node}/preview", may: auth.RunsView, tag: "runs",
		summary: "Read the first rows of a node's output",
	}, s.getPreview)
}

type runRequest struct {
	Params   map[string]any `json:"params,omitempty" doc:"Values of parameters, over the pipeline's own; text, numbers and true or false"`
	Priority *int           `json:"priority,omitempty" minimum:"-1000" maximum:"1000" doc:"Instead of the pipeline's: higher ones start first"`
}

type startedRun struct {
	ID       runs.ID      `json:"id"`
	RunID    runs.ID      `json:"run_id"`
	Pipeline pipelines.ID `json:"pipeline_id"`
	Status   runs.Status  `json:"status"`
}

// startInput is a request to run. Only browsers send the header, and then a
// person pressed a button.
type startInput struct {
	ByID
	RawInput
	OnceHeader
	FetchSite string `header:"Sec-Fetch-Site" hidden:"true"`
}

// OnceHeader makes a request safe to send again.
type OnceHeader struct {
	Key string `header:"Idempotency-Key" maxLength:"255" doc:"A text of your own for this request: when it comes again within 24 hours, the answer is the run that it has started, with Idempotency-Replayed"`
}

// onceAnswer is the answer to a request that may come again.
type onceAnswer[T any] struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true when the run was started by an earlier request with the same key"`
	Body     T
}

func onceAnswered[T any](of T, replayed bool) *onceAnswer[T] {
	a := &onceAnswer[T]{Body: of}
	if replayed {
		a.Replayed = "true"
	}
	return a
}

func (in *startInput) cause() string {
	if in.FetchSite != "" {
		return "manual"
	}
	return "api"
}

func (s *server) startRun(ctx context.Context, in *startInput) (*onceAnswer[startedRun], error) {
	start, err := runStart(in.RawBody)
	if err != nil {
		return nil, err
	}
	start.Cause, start.Key = in.cause(), in.Key
	r, replayed, err := s.Runs.Trigger(ctx, in.ID, start)
	if err != nil {
		return nil, err
	}
	return onceAnswered(startedRun{ID: r.ID, RunID: r.ID, Pipeline: r.Pipeline, Status: r.Status}, replayed), nil
}

// runStart reads the body of a run request, which may be empty.
func runStart(text []byte) (runs.Start, error) {
	var request runRequest
	if err := decodeOptional(text, &request); err != nil {
		return runs.Start{}, err
	}
	params, err := textParams(request.Params)
	return runs.Start{Params: params, Priority: request.Priority}, err
}

// decodeOptional reads a JSON body, which may be empty: then nothing is set.
func decodeOptional(text []byte, into any) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	return strictjson.Decode(text, into)
}

// textParams returns the values of parameters as text.
func textParams(given map[string]any) (map[string]string, error) {
	params := make(map[string]string, len(given))
	for name, value := range given {
		switch v := value.(type) {
		case string:
			params[name] = v
		case bool:
			params[name] = strconv.FormatBool(v)
		case float64:
			params[name] = strconv.FormatFloat(v, 'f', -1, 64)
		default:
			return nil, fault.Rejected("the run cannot be started", []fault.Problem{{Path: "params." + name, Message: "must be text, a number, or true or false"}})
		}
	}
	return params, nil
}

func (s *server) listPipelineRuns(ctx context.Context, in *struct {
	ByID
	Paging
},
) (*listing, error) {
	d, err := s.Pipelines.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.runsBy(ctx, in.Paging, runs.Filter{Pipeline: d.ID}, "/api/pipelines/"+string(d.ID)+"/runs")
}

func (s *server) listRuns(ctx context.Context, in *struct {
	Paging
	Status   runs.Status  `query:"status" enum:"pending,blocked,waiting,running,success,failed,cancelled"`
	Pipeline pipelines.ID `query:"pipeline_id" maxLength:"128"`
	Parent   runs.ID      `query:"parent" maxLength:"128" doc:"Runs that this run has started by its subpipeline and map nodes"`
	Trigger  string       `query:"trigger" maxLength:"32" doc:"What has started them: manual, api, resume, scheduled, webhook, pipeline, dependency, file or contacts"`
	Since    time.Time    `query:"since" doc:"Those that were put on record from then on"`
	Until    time.Time    `query:"until" doc:"Those that were put on record before then"`
},
) (*listing, error) {
	return s.runsBy(ctx, in.Paging, runs.Filter{
		Pipeline: in.Pipeline, Status: in.Status, Parent: in.Parent, Trigger: in.Trigger, Since: in.Since, Until: in.Until,
	}, "/api/runs")
}

func (s *server) runsBy(ctx context.Context, p Paging, f runs.Filter, path string) (*listing, error) {
	return list(ctx, p, source[runs.Run]{
		path: path, bare: runsShown,
		key: func(r runs.Run) string { return string(r.ID) },
		fetch: func(ctx context.Context, page pipelines.Page) ([]runs.Run, error) {
			f.Page = page
			return s.Runs.List(ctx, f)
		},
		count: func(ctx context.Context) (int, error) { return s.Runs.Count(ctx, f) },
	})
}

// ByRun is the path of everything below one run.
type ByRun struct {
	Run runs.ID `path:"run" maxLength:"128" doc:"Id of the run"`
}

// runDetail is a run with the graph that it executes.
type runDetail struct {
	runs.Run
	Document graph `json:"document" doc:"The nodes and edges of the version that runs"`
}

type graph struct {
	Nodes []pipelines.Node `json:"nodes"`
	Edges []pipelines.Edge `json:"edges"`
}

func (s *server) getRun(ctx context.Context, in *ByRun) (*body[runDetail], error) {
	r, err := s.Runs.Get(ctx, in.Run)
	if err != nil {
		return nil, err
	}
	d, err := s.Runs.Document(ctx, r)
	if err != nil {
		return nil, err
	}
	if r.Nodes == nil {
		r.Nodes = []runs.NodeRun{}
	}
	return &body[runDetail]{runDetail{Run: r, Document: graph{Nodes: d.Nodes, Edges: d.Edges}}}, nil
}

func (s *server) cancelRun(ctx context.Context, in *ByRun) (*body[statusAnswer], error) {
	if _, err := s.Runs.Cancel(ctx, in.Run); err != nil {
		return nil, err
	}
	return &body[statusAnswer]{statusAnswer{string(runs.Cancelled)}}, nil
}

type resumeRequest struct {
	From string `json:"from,omitempty" doc:"A node that is done again, with all that follow it, though it may have finished"`
}

// resumedRun is a run that has just been put on record.
type resumedRun struct {
	runs.Run
	RunID runs.ID `json:"run_id"`
}

func (s *server) resumeRun(ctx context.Context, in *struct {
	ByRun
	RawInput
	OnceHeader
},
) (*onceAnswer[resumedRun], error) {
	var request resumeRequest
	if err := decodeOptional(in.RawBody, &request); err != nil {
		return nil, err
	}
	r, replayed, err := s.Runs.Resume(ctx, in.Run, request.From, in.Key)
	if err != nil {
		return nil, err
	}
	if r.Nodes == nil {
		r.Nodes = []runs.NodeRun{}
	}
	return onceAnswered(resumedRun{Run: r, RunID: r.ID}, replayed), nil
}

// logLine is a line of a run's log.
type logLine struct {
	Seq     int64     `json:"seq" doc:"Give the last one as after to get what follows"`
	Run     runs.ID   `json:"run_id"`
	Node    string    `json:"node_id"`
	Level   string    `json:"level"`
	Message string    `json:"message"`
	At      time.Time `json:"timestamp"`
	// Failure is what the line is about, such as a broken rule with the first rows.
	Failure *job.Failure `json:"failure,omitempty" doc:"What the line is about: the place in the settings, and the first rows"`
}

// logMost is how many lines are read at once.
const logMost = 10_000

type logQuery struct {
	ByRun
	LogChoice
	Limit int `query:"limit" minimum:"1" maximum:"10000" default:"10000"`
}

func (s *server) logLines(ctx context.Context, in *logQuery) ([]logLine, error) {
	events, err := s.Runs.Logs(ctx, in.Run, runs.LogFilter{Node: in.Node, Level: string(in.Level), After: in.After, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	lines := make([]logLine, 0, len(events))
	for _, e := range events {
		lines = append(lines, logLine{Seq: e.Seq, Run: e.Run, Node: e.Node, Level: e.Level, Message: e.Message, At: e.At, Failure: e.Failure})
	}
	return lines, nil
}

func (s *server) listLogs(ctx context.Context, in *logQuery) (*body[[]logLine], error) {
	lines, err := s.logLines(ctx, in)
	if err != nil {
		return nil, err
	}
	return &body[[]logLine]{lines}, nil
}

// LogChoice narrows a log.
type LogChoice struct {
	Node  string     `query:"node_id" maxLength:"128"`
	Level node.Level `query:"level" enum:"debug,info,warning,error"`
	After int64      `query:"after" minimum:"0" doc:"Lines after this seq only"`
}

// exportLogs writes a log of any length; no more than logMost of its lines are in memory.
func (s *server) exportLogs(ctx context.Context, in *struct {
	ByRun
	LogChoice
},
) (*huma.StreamResponse, error) {
	q := logQuery{ByRun: in.ByRun, LogChoice: in.LogChoice, Limit: logMost}
	lines, err := s.logLines(ctx, &q)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		head := attachment("run-"+string(in.Run), "-logs.txt", "text/plain; charset=utf-8", nil)
		c.SetHeader("Content-Type", head.ContentType)
		c.SetHeader("Content-Disposition", head.ContentDisposition)
		text := bufio.NewWriter(c.BodyWriter())
		for ctx := c.Context(); len(lines) > 0 && err == nil; {
			for _, l := range lines {
				fmt.Fprintf(text, "%s [%s] [%s] %s\n", l.At.UTC().Format(time.RFC3339Nano), l.Level, l.Node, l.Message)
			}
			if len(lines) < logMost {
				break
			}
			q.After = lines[len(lines)-1].Seq
			lines, err = s.logLines(ctx, &q)
		}
		if err = errors.Join(err, text.Flush()); err != nil {
			s.Log.WarnContext(c.Context(), "a log was not exported whole", "run", in.Run, "error", err)
		}
	}}, nil
}

// preview is the first rows of a node's output.
type preview struct {
	Columns   []string         `json:"columns"`
	Types     []node.Column    `json:"types"`
	Rows      []map[string]any `json:"rows"`
	Truncated bool             `json:"truncated" doc:"There are more rows than these"`
	Total     *int64           `json:"total_rows" doc:"Rows of the whole output; null when not known"`
}

func (s *server) getPreview(ctx context.Context, in *struct {
	ByRun
	Node string `path:"node" maxLength:"128"`
},
) (*body[preview], error) {
	p, err := s.Runs.Preview(ctx, in.Run, in.Node)
	if err != nil {
		return nil, err
	}
	columns, rows := p.Sample.Named()
	return &body[preview]{preview{Columns: columns, Types: p.Sample.Columns, Rows: rows, Truncated: p.Sample.Truncated, Total: p.Total}}, nil
}
