// Package issues is what somebody should look at: runs that fail or do not get
// on, a disk that fills up. One cause is one issue, however often it shows, and
// an issue closes when its cause is gone.
package issues

import (
	"slices"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// ID identifies an issue: a UUIDv7.
type ID string

// Kind says what sort of thing is wrong.
type Kind string

// The kinds of issues.
const (
	RunFailed      Kind = "run_failed"      // runs of a pipeline fail at one node with one code
	CheckFailed    Kind = "check_failed"    // runs of a pipeline are stopped by the checks of one node
	RunInterrupted Kind = "run_interrupted" // a run was given up, because the server stopped while it was going
	RunStuck       Kind = "run_stuck"       // runs of a pipeline show no sign, or wait too long
	DeadlineMissed Kind = "deadline_missed" // a pipeline has not succeeded by its time of day
	DiskLow        Kind = "disk_low"        // the disk of the data folder is nearly full
	WorkerLost     Kind = "worker_lost"     // a process that had runs is not seen any more
)

// closedBySuccess lists the kinds that are over when their pipeline succeeds.
var closedBySuccess = []Kind{RunFailed, CheckFailed, RunInterrupted, DeadlineMissed}

// lasting lists the kinds that are looked for again and again, and over when
// they are not found any more. The others count every time that they happen.
var lasting = []Kind{RunStuck, DeadlineMissed, DiskLow, WorkerLost}

// ClosedBySuccess reports whether an issue of kind k is over when its pipeline
// succeeds.
func (k Kind) ClosedBySuccess() bool { return slices.Contains(closedBySuccess, k) }

// Severity says how bad an issue is. The strings are Brokoli's.
type Severity string

// The severities in use.
const (
	Warning  Severity = "warning"  // somebody should look at it today
	Critical Severity = "critical" // data does not arrive
)

// State is where an issue is in its life.
type State string

// The states of issues.
const (
	Open         State = "open"
	Acknowledged State = "acknowledged" // somebody has seen it and cares for it
	Resolved     State = "resolved"     // final; when the cause shows again, that is a new issue
)

// Unresolved chooses open and acknowledged issues in a Filter.
const Unresolved State = "unresolved"

// Issue is one cause of trouble and what became of it.
type Issue struct {
	ID             ID               `json:"id"`
	Workspace      auth.WorkspaceID `json:"workspace_id"`
	Kind           Kind             `json:"kind" enum:"run_failed,check_failed,run_interrupted,run_stuck,deadline_missed,disk_low,worker_lost"`
	Severity       Severity         `json:"severity" enum:"info,warning,critical"`
	State          State            `json:"state" enum:"open,acknowledged,resolved"`
	Title          string           `json:"title"`
	Body           string           `json:"body" doc:"What was seen last, in words"`
	Pipeline       pipelines.ID     `json:"pipeline_id,omitempty" doc:"Absent when the issue is of the server itself"`
	PipelineName   string           `json:"pipeline_name,omitempty"`
	Node           string           `json:"node_id,omitempty" doc:"Where the runs fail"`
	Code           string           `json:"code,omitempty" doc:"The error_code of the runs; of a lost worker, its machine"`
	FirstRun       runs.ID          `json:"first_run_id,omitempty"`
	LastRun        runs.ID          `json:"last_run_id,omitempty"`
	Count          int              `json:"count" doc:"How often it happened; of stuck runs, how many there are"`
	Assignee       auth.UserID      `json:"assignee_id,omitempty"`
	AssigneeName   string           `json:"assignee,omitempty"`
	MutedUntil     *time.Time       `json:"muted_until,omitempty"`
	OpenedAt       time.Time        `json:"opened_at"`
	LastSeenAt     time.Time        `json:"last_seen_at"`
	AcknowledgedAt *time.Time       `json:"acknowledged_at,omitempty"`
	AcknowledgedBy string           `json:"acknowledged_by,omitempty" doc:"Name, as it was then"`
	ResolvedAt     *time.Time       `json:"resolved_at,omitempty"`
	ResolvedBy     string           `json:"resolved_by,omitempty" doc:"Name, as it was then; absent when the issue closed by itself"`
	Previous       ID               `json:"previous_id,omitempty" doc:"The issue that the same cause had before"`
	ReadAt         *time.Time       `json:"read_at,omitempty" doc:"When the caller read it"`
	History        []Event          `json:"history,omitempty" doc:"Oldest first; not in lists"`
}

// EventType names what happened to an issue.
type EventType string

// What happens to issues.
const (
	WasOpened       EventType = "opened"
	WasAcknowledged EventType = "acknowledged"
	WasAssigned     EventType = "assigned" // Detail: the name; "" to nobody
	WasMuted        EventType = "muted"    // Detail: until when, RFC 3339
	WasUnmuted      EventType = "unmuted"
	WasRated        EventType = "severity" // Detail: the new severity
	WasResolved     EventType = "resolved"
)

// Event is one thing that happened to an issue.
type Event struct {
	Type   EventType `json:"type" enum:"opened,acknowledged,assigned,muted,unmuted,severity,resolved"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor,omitempty" doc:"Name, as it was then; absent when the server did it"`
	Run    runs.ID   `json:"run_id,omitempty" doc:"The run that opened or closed the issue"`
	Detail string    `json:"detail,omitempty" doc:"assigned: to whom; muted: until when; severity: the new one"`
}

// acknowledge notes that somebody cares for i. Doing so again changes nothing.
func (i *Issue) acknowledge(by string, now time.Time) ([]Event, error) {
	if i.State == Acknowledged {
		return nil, nil
	}
	if err := i.unresolved(); err != nil {
		return nil, err
	}
	i.State, i.AcknowledgedAt, i.AcknowledgedBy = Acknowledged, &now, by
	return []Event{{Type: WasAcknowledged, At: now, Actor: by}}, nil
}

// assign gives i to somebody; to nobody by a zero User.
func (i *Issue) assign(to auth.User, by string, now time.Time) ([]Event, error) {
	if err := i.unresolved(); err != nil {
		return nil, err
	}
	if i.Assignee == to.ID {
		return nil, nil
	}
	i.Assignee, i.AssigneeName = to.ID, to.Name
	return []Event{{Type: WasAssigned, At: now, Actor: by, Detail: to.Name}}, nil
}

// mute keeps i from being unread until a time; nil ends that.
func (i *Issue) mute(until *time.Time, by string, now time.Time) ([]Event, error) {
	if err := i.unresolved(); err != nil {
		return nil, err
	}
	if i.MutedUntil == nil && until == nil {
		return nil, nil
	}
	i.MutedUntil = until
	if until == nil {
		return []Event{{Type: WasUnmuted, At: now, Actor: by}}, nil
	}
	return []Event{{Type: WasMuted, At: now, Actor: by, Detail: until.Format(time.RFC3339)}}, nil
}

// Resolve closes i: by somebody, by the success of a run, or by itself when by
// and run are empty. Closing it again changes nothing.
func (i *Issue) Resolve(by string, run runs.ID, now time.Time) []Event {
	if i.State == Resolved {
		return nil
	}
	i.State, i.ResolvedAt, i.ResolvedBy = Resolved, &now, by
	return []Event{{Type: WasResolved, At: now, Actor: by, Run: run}}
}

func (i *Issue) unresolved() error {
	if i.State == Resolved {
		return fault.New(fault.Conflict, "the issue is resolved already").With("issue_resolved")
	}
	return nil
}

// NotFound is the fault of asking for an issue that is not there.
func NotFound(id ID) error {
	return fault.New(fault.NotFound, "there is no issue %q", id).With("issue_not_found")
}
