package runs

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/pipelines"
)

// Filter chooses runs. Zero members do not restrict.
type Filter struct {
	Pipeline pipelines.ID
	Status   Status
	Parent   ID // the run that has others do a part of its work; these are chosen
	Trigger  string
	// Since and Until choose by when runs were put on record: from the one, and before
	// the other, to the millisecond. The ids of runs say that.
	Since, Until time.Time
	pipelines.Page
}

// LogFilter chooses log lines of a run. Zero members do not restrict.
type LogFilter struct {
	Node  string
	Level string
	After int64 // seq of the last line that the caller has
	Limit int   // at least 1
}

// Store remembers runs for Service. Package store implements it; every method
// is one transaction. A run is in the workspace of its pipeline. In a context
// that is confined to another one Run and RunStatus do not find it; lists and counts are of
// auth.HomeFrom the context. The other methods go by the id of a run that was
// found.
type Store interface {
	ChildStore
	BackfillStore
	HistoryStore
	// InsertRun stores a pending run together with its place in the queue: both or
	// neither. While another run that resumes the same one has not ended, or the
	// pipeline skips runs that overlap and one has not ended, the fault is a Conflict.
	// When the pipeline cancels them, they are, or marked to be. Its pool is the
	// pipeline's.
	InsertRun(ctx context.Context, r Run) error
	// InsertRunOnce is InsertRun for a request that may come again: when it has started a
	// run before, it returns that and stores nothing. Another request with its key is a
	// Conflict fault. A zero Once is for a request that starts a run each time.
	InsertRunOnce(ctx context.Context, o Once, r Run) (before ID, err error)
	// Line returns what decides whether pending runs of a place may start.
	Line(ctx context.Context, of Place) (Line, error)
	// Upstreams returns what a pipeline depends on, by name.
	Upstreams(ctx context.Context, of pipelines.ID) ([]Upstream, error)
	// Pools returns every pool by name, with how much of it is used.
	Pools(ctx context.Context) ([]Pool, error)
	// InsertPool stores a new pool. A name that is taken is a Conflict fault.
	InsertPool(ctx context.Context, p Pool) error
	// ChangePool gives the pool of p's name its slots and description, queues the runs
	// that may start then, and returns it.
	ChangePool(ctx context.Context, p Pool) (Pool, error)
	// DeletePool removes a pool. One that a pipeline names is a Conflict fault.
	DeletePool(ctx context.Context, name string) error
	// Run returns a run with its nodes.
	Run(ctx context.Context, id ID) (Run, error)
	// RunInput returns the Input of a run or of the one that it resumes; nil is none.
	RunInput(ctx context.Context, id ID) ([]byte, error)
	// RunStatus returns the status of a run, and costs little however many nodes it has.
	RunStatus(ctx context.Context, id ID) (Status, error)
	// Runs returns a page of runs without their nodes, newest first.
	Runs(ctx context.Context, f Filter) ([]Run, error)
	// CountRuns returns how many runs f chooses, its page left aside.
	CountRuns(ctx context.Context, f Filter) (int, error)
	// EventsAfter returns the events numbered above seq in order, at most limit.
	EventsAfter(ctx context.Context, run ID, seq int64, limit int) ([]Event, error)
	// LogLines returns log events in order.
	LogLines(ctx context.Context, run ID, f LogFilter) ([]Event, error)
	// NodePreview returns the first rows of a node's output, or a NotFound fault.
	NodePreview(ctx context.Context, run ID, node string) (Preview, error)
	// CancelRun ends a pending run at once, with its final event, and marks a running
	// one to be ended by its executor. It returns the status after that. A run that
	// had ended already is a Conflict fault.
	CancelRun(ctx context.Context, id ID, now time.Time) (Status, error)
	// NodeStates returns what the nodes of a pipeline keep, by node.
	NodeStates(ctx context.Context, pipeline pipelines.ID) ([]NodeState, error)
	// ForgetNodeState removes what a node of a pipeline keeps. When there is nothing,
	// the fault is NotFound.
	ForgetNodeState(ctx context.Context, pipeline pipelines.ID, node string) error
	// NextRuns returns when the pipelines of the context's workspace start next by
	// themselves; those without a schedule, or whose schedule is off, are not in it.
	NextRuns(ctx context.Context) (map[pipelines.ID]time.Time, error)
	// ScheduleTimes returns when the schedules of a pipeline fire next, by their names;
	// those that do not are not in it.
	ScheduleTimes(ctx context.Context, pipeline pipelines.ID) (map[string]time.Time, error)
	// RecentRuns returns, for every pipeline, its newest runs, at most each of them,
	// and the number of its runs by status.
	RecentRuns(ctx context.Context, each int) (map[pipelines.ID]Recent, error)
}

// Recent is how a pipeline fared lately.
type Recent struct {
	Runs   []Run // newest first, without nodes
	Counts map[Status]int
}

// Claim is an executor's right to work on a run. It is worthless once the run
// has a higher fence.
type Claim struct {
	Run      Run
	Fence    int64
	Document pipelines.Document // the version to execute
	// States is what nodes kept at the end of the pipeline's last run that succeeded,
	// by their ids.
	States map[string]json.RawMessage
	// Kept is a node whose rows are to be kept, because a run that has started this one
	// takes them; empty when there is none.
	Kept string
	// Before is what the run has left itself before it waited, else what the run that
	// it resumes has left; nil when it begins anew.
	Before *Before
}

// Before is what an earlier run of a document has left.
type Before struct {
	Run       ID
	StartedAt *time.Time         // of the first run, when that was resumed as well; nil when none began
	Nodes     map[string]NodeRun // by node
	// Artifacts are the files with the rows of nodes. They may be gone.
	Artifacts map[string]Artifact
	// States is what its nodes wanted to keep, by their ids.
	States map[string]KeptState
}

// Artifact is a file with the rows of a node.
type Artifact struct {
	File   string // as its engine named it; empty when there is none
	Rows   int64
	Stored Stored
}

// Stored is where a file is that other machines can read, too. The zero Stored is for
// one that lies in the folder of its run alone.
type Stored struct {
	Place  string // in the store of artifacts
	Bytes  int64
	SHA256 string // in hexadecimal
}

// KeptState is what a node wants to keep for the pipeline's next run, and what it had
// begun with. It counts when the run succeeds; until then it is for whoever resumes the
// run, who does not compute that node again.
type KeptState struct {
	Begun json.RawMessage // nil: nothing was kept then
	Kept  json.RawMessage
}

// Still reports whether now, what the pipeline keeps of the node, is what the node had
// begun with: no other run has gone on from there meanwhile.
func (k KeptState) Still(now json.RawMessage) bool { return bytes.Equal(k.Begun, now) }

// Outcome is how a run ended.
type Outcome struct {
	Status  Status
	Failure *job.Failure // of a failed run
	At      time.Time
	// States replaces what nodes kept, by their ids, when the run succeeded.
	States map[string]json.RawMessage
}
