// Package runs is the life of one execution of a pipeline: its states, what
// happened in it, starting, cancelling and following it.
package runs

import (
	"slices"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/pipelines"
)

// ID identifies a run: a UUIDv7.
type ID string

// Status is where a run is in its life. The strings are Brokoli's.
type Status string

// The statuses of runs.
const (
	Pending   Status = "pending"   // on record and queued
	Blocked   Status = "blocked"   // refused, because what it depends on was not there; final
	Waiting   Status = "waiting"   // holds no slot until something happens
	Running   Status = "running"   // some process works on it
	Success   Status = "success"   // final
	Failed    Status = "failed"    // final
	Cancelled Status = "cancelled" // final
)

// Statuses lists every status.
var Statuses = []Status{Pending, Blocked, Waiting, Running, Success, Failed, Cancelled}

// next lists the moves a run may make. What is not listed cannot happen.
var next = map[Status][]Status{
	Pending: {Running, Cancelled, Failed, Blocked},
	Waiting: {Pending, Cancelled, Failed},
	Running: {Success, Failed, Cancelled, Waiting, Pending}, // Pending: its process died
}

// The error codes of runs that were given up, because their server stopped.
const (
	CodeInterrupted = "interrupted"     // the pipeline says on_restart: fail
	CodeQuarantined = "run_quarantined" // its server was killed again and again while it was going
)

// Move returns a Conflict fault unless a run in status s may go to status to.
func (s Status) Move(to Status) error {
	if slices.Contains(next[s], to) {
		return nil
	}
	return fault.New(fault.Conflict, "the run is %s: it cannot become %s", s, to).With("run_" + string(s))
}

// Final reports whether a run in status s has ended for good.
func (s Status) Final() bool { return len(next[s]) == 0 }

// NodeStatus is where a node of a run is. The strings are Brokoli's.
type NodeStatus string

// The statuses of nodes.
const (
	NodePending   NodeStatus = "pending"
	NodeRunning   NodeStatus = "running"
	NodeSuccess   NodeStatus = "success"
	NodeFailed    NodeStatus = "failed"
	NodeSkipped   NodeStatus = "skipped"
	NodeCancelled NodeStatus = "cancelled"
)

// Run is one execution of one version of a pipeline.
type Run struct {
	ID              ID                `json:"id"`
	Pipeline        pipelines.ID      `json:"pipeline_id"`
	PipelineName    string            `json:"pipeline_name"`
	PipelineVersion int               `json:"pipeline_version"`
	Status          Status            `json:"status"`
	Error           string            `json:"error,omitempty"`      // in words for people
	ErrorCode       string            `json:"error_code,omitempty"` // for programs
	Params          map[string]string `json:"params,omitempty"`
	Trigger         string            `json:"trigger"`  // manual, api, resume, scheduled, webhook, pipeline, dependency, file, contacts
	Input           []byte            `json:"-"`        // what came with the request that starts it; stored with it, and not read with it
	Priority        int               `json:"priority"` // higher ones start first
	Pool            string            `json:"pool,omitempty"`
	Label           string            `json:"label,omitempty" doc:"Processes without it do not execute the run"`
	WaitReason      string            `json:"wait_reason,omitempty" doc:"Why a pending run has not started"`
	StartedBy       string            `json:"started_by,omitempty"` // name of an account
	// Of a run that a schedule or a backfill has started: the time from one tick up to the next.
	// Nil in lists.
	IntervalStart *time.Time `json:"data_interval_start,omitempty"`
	IntervalEnd   *time.Time `json:"data_interval_end,omitempty"`
	Schedule      string     `json:"schedule,omitempty" doc:"Name of the schedule that has started it, when it has one; not in lists"`
	Backfill      BackfillID `json:"backfill_id,omitempty" doc:"The backfill that has started it; not in lists"`
	Attempt       int        `json:"attempt"` // how often it was interrupted and put back
	ResumedFrom   ID         `json:"resumed_from_run_id,omitempty" doc:"The run whose results it began with"`
	ResumedAt     string     `json:"resumed_from_node_id,omitempty" doc:"The node that it was told to begin at"`
	ParentRun     ID         `json:"parent_run_id,omitempty" doc:"The run that has started it"`
	ParentNode    string     `json:"parent_node_id,omitempty" doc:"The node of that run"`
	ParentRow     int        `json:"parent_row,omitempty" doc:"The row of that node's input for which it runs, from 0"`
	UpstreamRun   ID         `json:"upstream_run_id,omitempty" doc:"The run of another pipeline whose end has started it"`
	GateUntil     *time.Time `json:"gate_until,omitempty" doc:"While it waits for runs of other pipelines: when it is blocked"`
	CreatedAt     time.Time  `json:"created_at"`
	StartedAt     *time.Time `json:"started_at"`
	FinishedAt    *time.Time `json:"finished_at"`
	Names         []Name     `json:"names,omitempty" doc:"What its settings named besides its parameters, as it was at the start; not in lists"`
	Nodes         []NodeRun  `json:"node_runs"` // nil in lists
}

// Name is what settings of a run have named, such as var.region.
type Name struct {
	Name    string `json:"name"`
	Version int    `json:"version,omitempty" doc:"Of a variable: how often its value had been set"`
}

// NodeRun is how one node fared in a run.
type NodeRun struct {
	ID         string       `json:"id"`
	Run        ID           `json:"run_id"`
	Node       string       `json:"node_id"`
	Status     NodeStatus   `json:"status"`
	Rows       int64        `json:"row_count"`
	StartedAt  *time.Time   `json:"started_at"`
	Millis     int64        `json:"duration_ms"`
	QueueMS    int64        `json:"queue_ms"` // from the start of the run to the start of the node
	RowsPerSec float64      `json:"rows_per_sec"`
	Progress   float64      `json:"progress,omitempty"` // 0 to 1, of a running node
	Error      string       `json:"error,omitempty"`
	Failure    *job.Failure `json:"failure,omitempty"` // the error with its code and places
	Attempt    int          `json:"attempt"`           // 0 is the first
	Restored   bool         `json:"restored,omitempty" doc:"It was not computed: its rows are those of the run that was resumed"`
	Pushed     string       `json:"pushed,omitempty" doc:"The statement with which a database has computed its rows and those of its neighbours"`
}

// Preview is the first rows of a node's output.
type Preview struct {
	Sample job.Sample
	Total  *int64 // rows of the whole output, when known
}

// EventType names a kind of event: the messages of an engine, and these.
type EventType = job.Type

// The events that the server itself tells.
const (
	Named          EventType = "run.named" // Names: what settings have named, as it was then; no event of the log
	RunStarted     EventType = "run.started"
	RunInterrupted EventType = "run.interrupted" // its process died; it is pending again
	RunWaiting     EventType = "run.waiting"     // it holds no slot; its waiting nodes are running
	RunFinished    EventType = "run.finished"    // Status, Error; the last event of a run
)

// Event is one thing that happened in a run, in the order of Seq.
type Event struct {
	Seq      int64        `json:"seq"`
	Run      ID           `json:"run_id"`
	Type     EventType    `json:"type"`
	At       time.Time    `json:"at"`
	Node     string       `json:"node_id,omitempty"`
	Level    string       `json:"level,omitempty"`
	Message  string       `json:"message,omitempty"`
	Status   string       `json:"status,omitempty"`
	Progress *float64     `json:"progress,omitempty"`
	Rows     *int64       `json:"rows,omitempty"`
	Millis   int64        `json:"duration_ms,omitempty"`
	Error    string       `json:"error,omitempty"`
	Failure  *job.Failure `json:"failure,omitempty"`
	Preview  *job.Sample  `json:"-"` // of a preview event; stored apart
	Restored bool         `json:"-"` // of a finished node; it is on record with the node
	Pushed   string       `json:"-"` // as Restored
	Stored   Stored       `json:"-"` // of an artifact; stored apart
	Names    []Name       `json:"-"` // of a Named event, which is on record with the run alone
	Kept     *KeptState   `json:"-"` // of a Kept event, which is on record with the run alone
}

// Ends reports whether nothing follows e.
func (e Event) Ends() bool { return e.Type == RunFinished }
