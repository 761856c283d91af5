package issues

import (
	"context"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// Viewer is who looks at issues, and when.
type Viewer struct {
	Workspace auth.WorkspaceID
	Reader    string // whose marks count: the id of an account or a key, "" in open mode
	Now       time.Time
}

// Filter chooses issues. Zero members do not restrict.
type Filter struct {
	Viewer
	State    State // Unresolved, too
	Kind     Kind
	Pipeline pipelines.ID
	Assignee auth.UserID
	Mine     bool // Assignee is the account of the context's actor; keys have none
	Unread   bool // by the reader; resolved and muted issues are not unread
	Listed   bool // leave out what the reader dismissed
	pipelines.Page
}

// Store remembers issues for Service and Watch. Package store implements it;
// every method is one transaction. Issues of runs are opened and closed by the
// store itself, in the transaction in which a run ends. An issue in another
// workspace than the viewer's is not there.
type Store interface {
	// Issues returns a page of issues without their history, newest first.
	Issues(ctx context.Context, f Filter) ([]Issue, error)
	// CountIssues returns how many issues f chooses, its page left aside.
	CountIssues(ctx context.Context, f Filter) (int, error)
	// Issue returns an issue with its history, or a NotFound fault.
	Issue(ctx context.Context, v Viewer, id ID) (Issue, error)
	// ChangeIssue changes an issue by do, appends the events that do returns to its
	// history and to the audit log, and returns it as Issue does. When do returns an
	// error, nothing is changed.
	ChangeIssue(ctx context.Context, v Viewer, id ID, do func(*Issue) ([]Event, error)) (Issue, error)
	// MarkIssue notes that the viewer has read an issue, or dismissed it.
	MarkIssue(ctx context.Context, v Viewer, id ID, dismiss bool) error
	// MarkAllIssues notes that the viewer has read every issue.
	MarkAllIssues(ctx context.Context, v Viewer) error
	// SettleIssues makes the unresolved issues of a kind those that were found:
	// found ones are opened or updated, the others resolved. It returns the
	// workspaces in which an issue was opened, closed or rated anew.
	SettleIssues(ctx context.Context, kind Kind, found []Sighting, now time.Time) ([]auth.WorkspaceID, error)
	// Promises returns the enabled pipelines that have a deadline.
	Promises(ctx context.Context) ([]Promise, error)
	// QuietRuns returns the runs of all workspaces that are pending or running and
	// gave no sign after since.
	QuietRuns(ctx context.Context, since time.Time) ([]QuietRun, error)
	// LostProcesses returns those that were taken for dead while they had runs, until they
	// are back, or all of these have succeeded, been cancelled, or been followed by a
	// success of their pipeline.
	LostProcesses(ctx context.Context) ([]runs.LostProcess, error)
	// User returns an account, or a NotFound fault.
	User(ctx context.Context, id auth.UserID) (auth.User, error)
}
