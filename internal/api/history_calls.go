package api

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

func (s *server) historyCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/runs/calendar", may: auth.RunsView, tag: "runs", class: classList,
		summary: "Count the runs of each day",
	}, s.calendar)
	register(s, call{
		method: http.MethodGet, path: "/api/pipelines/{id}/grid", may: auth.RunsView, tag: "runs", class: classList,
		summary: "Read how the nodes of a pipeline fared in its newest runs",
	}, s.grid)
	register(s, call{
		method: http.MethodGet, path: "/api/runs/{run}/milestones", may: auth.RunsView, tag: "runs",
		summary: "List when a run and its nodes began, were tried again, waited and ended, in order",
	}, s.milestones)
	register(s, call{
		method: http.MethodGet, path: "/api/runs/{run}/columns", may: auth.RunsView, tag: "runs",
		summary: "Read the columns of what came out of the nodes of a run",
	}, s.columns)
	register(s, call{
		method: http.MethodGet, path: "/api/dashboard", may: auth.RunsView, tag: "runs", class: classList,
		summary: "Read how everything fares: the newest runs, the last seven days, and what fails most",
	}, s.dashboard)
}

// DayRange is the days that are asked for, in a zone.
type DayRange struct {
	From     string `query:"from" maxLength:"10" doc:"The first day, as in 2026-03-01; without it the 90 days up to the last one"`
	To       string `query:"to" maxLength:"10" doc:"The last day; today when absent"`
	Timezone string `query:"timezone" maxLength:"64" doc:"Where days begin: an IANA name; UTC when absent"`
}

// daysShown is how many days a calendar has unless told otherwise.
const daysShown = 90

// days is a DayRange as it is meant.
type days struct {
	from, to time.Time
	zone     *time.Location
}

func (r DayRange) read(now time.Time) (days, error) {
	d := days{zone: time.UTC}
	var err error
	if r.Timezone != "" {
		if d.zone, err = time.LoadLocation(r.Timezone); err != nil || r.Timezone == "Local" {
			return d, fault.New(fault.Invalid, "there is no time zone %q: use a name such as Europe/Berlin", r.Timezone).With("bad_timezone")
		}
	}
	if d.to, err = day(r.To, now.In(d.zone)); err != nil {
		return d, err
	}
	d.from, err = day(r.From, d.to.AddDate(0, 0, 1-daysShown))
	return d, err
}

// day reads a date in the zone of what it is when absent.
func day(text string, absent time.Time) (time.Time, error) {
	if text == "" {
		return absent, nil
	}
	at, err := time.ParseInLocation(time.DateOnly, text, absent.Location())
	if err != nil {
		return at, fault.New(fault.Invalid, "%q is not a date such as 2026-03-01", text).With("bad_date")
	}
	return at, nil
}

// calendar is the days that were asked for.
type calendar struct {
	Timezone string     `json:"timezone"`
	Days     []runs.Day `json:"days" nullable:"false" doc:"Every day of the range, in order"`
}

func (s *server) calendar(ctx context.Context, in *struct {
	DayRange
	Pipeline pipelines.ID `query:"pipeline_id" maxLength:"128"`
},
) (*body[calendar], error) {
	d, err := in.read(time.Now())
	if err != nil {
		return nil, err
	}
	all, err := s.Runs.Days(ctx, in.Pipeline, d.from, d.to, d.zone)
	return &body[calendar]{calendar{Timezone: d.zone.String(), Days: all}}, err
}

// grid is the newest runs of a pipeline beside the nodes that took part in them.
type grid struct {
	Nodes []gridNode `json:"nodes" nullable:"false" doc:"In the order of the newest document; those that it has no more come last"`
	Runs  []gridRun  `json:"runs" nullable:"false" doc:"Newest first"`
}

type gridNode struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type,omitempty" doc:"Absent when the newest document has no such node"`
}

type gridRun struct {
	ID         runs.ID             `json:"id"`
	Status     runs.Status         `json:"status"`
	Trigger    string              `json:"trigger"`
	Version    int                 `json:"pipeline_version"`
	CreatedAt  time.Time           `json:"created_at"`
	StartedAt  *time.Time          `json:"started_at"`
	FinishedAt *time.Time          `json:"finished_at"`
	Nodes      map[string]gridCell `json:"nodes" doc:"By node; a node that the run did not come to is not in it"`
}

type gridCell struct {
	Status runs.NodeStatus `json:"status"`
	Rows   int64           `json:"row_count"`
	Millis int64           `json:"duration_ms"`
	Again  bool            `json:"restored,omitempty" doc:"It was not computed: its rows are those of the run that was resumed"`
}

func (s *server) grid(ctx context.Context, in *struct {
	ByID
	Limit int `query:"limit" minimum:"1" maximum:"50" default:"25" doc:"How many runs"`
},
) (*body[grid], error) {
	d, err := s.Pipelines.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	all, err := s.Runs.Grid(ctx, d.ID, in.Limit)
	if err != nil {
		return nil, err
	}
	g := grid{Nodes: []gridNode{}, Runs: make([]gridRun, len(all))}
	known := make(map[string]bool)
	for _, n := range d.Nodes {
		g.Nodes, known[n.ID] = append(g.Nodes, gridNode{ID: n.ID, Name: n.Name, Type: n.Type}), true
	}
	for i, r := range all {
		g.Runs[i] = gridRun{r.ID, r.Status, r.Trigger, r.PipelineVersion, r.CreatedAt, r.StartedAt, r.FinishedAt, make(map[string]gridCell)}
		for _, n := range r.Nodes {
			if !known[n.Node] {
				g.Nodes, known[n.Node] = append(g.Nodes, gridNode{ID: n.Node, Name: n.Node}), true
			}
			g.Runs[i].Nodes[n.Node] = gridCell{n.Status, n.Rows, n.Millis, n.Restored}
		}
	}
	return &body[grid]{g}, nil
}

// milestone is an event that says when something began or ended.
type milestone struct {
	Seq     int64          `json:"seq"`
	Run     runs.ID        `json:"run_id"`
	Type    runs.EventType `json:"type" doc:"run.started, run.interrupted, run.waiting, run.finished, node.started, node.retrying or node.finished"`
	At      time.Time      `json:"at"`
	Node    string         `json:"node_id,omitempty"`
	Message string         `json:"message,omitempty" doc:"Of node.retrying: which attempt begins"`
	Status  string         `json:"status,omitempty" doc:"How it ended"`
	Rows    *int64         `json:"rows,omitempty"`
	Millis  int64          `json:"duration_ms,omitempty"`
	Error   string         `json:"error,omitempty"`
}

func (s *server) milestones(ctx context.Context, in *ByRun) (*body[[]milestone], error) {
	all, err := s.Runs.Milestones(ctx, in.Run)
	out := make([]milestone, len(all))
	for i, e := range all {
		out[i] = milestone{e.Seq, e.Run, e.Type, e.At, e.Node, e.Message, e.Status, e.Rows, e.Millis, e.Error}
	}
	return &body[[]milestone]{out}, err
}

// nodeColumns is the columns of one node's output.
type nodeColumns struct {
	Node    string        `json:"node_id"`
	Columns []node.Column `json:"columns" nullable:"false"`
}

func (s *server) columns(ctx context.Context, in *ByRun) (*body[[]nodeColumns], error) {
	all, err := s.Runs.Columns(ctx, in.Run)
	if err != nil {
		return nil, err
	}
	out := []nodeColumns{}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		columns := all[id]
		if columns == nil {
			columns = []node.Column{}
		}
		out = append(out, nodeColumns{Node: id, Columns: columns})
	}
	return &body[[]nodeColumns]{out}, nil
}
