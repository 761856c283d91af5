package issues

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// Cause is what two sightings must have in common to be one issue.
type Cause struct {
	Kind     Kind
	Pipeline pipelines.ID // "": the server itself
	Node     string
	Code     string
}

// Sighting is something wrong, seen once.
type Sighting struct {
	Cause
	Workspace   auth.WorkspaceID
	Severity    Severity
	Title, Body string
	Run         runs.ID // the newest that it is about, or ""
	Count       int     // how many things show it at once, at least 1
}

// Seen returns the issue after a sighting, and what happened to it. Before is the
// newest issue of the same cause, or nil. When there is none, or it has been
// resolved, the issue is a new one. Who acknowledged, was assigned or muted an
// issue stays so, however often it shows.
func Seen(before *Issue, s Sighting, now time.Time) (Issue, []Event) {
	if before == nil || before.State == Resolved {
		i := Issue{
			ID: ID(id.New()), Workspace: s.Workspace, Kind: s.Kind, Severity: s.Severity, State: Open, Title: s.Title, Body: s.Body,
			Pipeline: s.Pipeline, Node: s.Node, Code: s.Code, FirstRun: s.Run, LastRun: s.Run, Count: s.Count, OpenedAt: now, LastSeenAt: now,
		}
		if before != nil {
			i.Previous = before.ID
		}
		return i, []Event{{Type: WasOpened, At: now, Run: s.Run}}
	}
	i := *before
	var events []Event
	if i.Severity != s.Severity {
		events = append(events, Event{Type: WasRated, At: now, Detail: string(s.Severity)})
	}
	i.Severity, i.Title, i.Body, i.LastSeenAt = s.Severity, s.Title, s.Body, now
	i.LastRun = cmp.Or(s.Run, i.LastRun)
	if slices.Contains(lasting, i.Kind) {
		i.Count = s.Count
	} else {
		i.Count += s.Count
	}
	return i, events
}

// Blamed returns the node at which a failed run failed, or "" when the run failed
// as a whole. A node that was merely cut short is not to blame.
func Blamed(r runs.Run) string {
	for _, n := range r.Nodes {
		if n.Status == runs.NodeFailed && n.Error != "" {
			return n.Node
		}
	}
	return ""
}

// OfFailure returns what a failed run shows. Name is what people call the node
// that Blamed returns.
func OfFailure(workspace auth.WorkspaceID, r runs.Run, name string) Sighting {
	s := Sighting{
		Cause:     Cause{Kind: RunFailed, Pipeline: r.Pipeline, Node: Blamed(r), Code: r.ErrorCode},
		Workspace: workspace, Severity: Critical, Title: r.PipelineName + " fails", Body: r.Error, Run: r.ID, Count: 1,
	}
	if s.Node != "" {
		s.Title += " at " + cmp.Or(name, s.Node)
	}
	switch r.ErrorCode {
	case runs.CodeInterrupted:
		s.Kind, s.Title = RunInterrupted, r.PipelineName+" was interrupted"
	case runs.CodeQuarantined:
		s.Kind, s.Title = RunInterrupted, r.PipelineName+" was interrupted too often"
	case runs.CodeDependencies:
		s.Title = r.PipelineName + " did not start, because of what it depends on"
	case node.CodeChecks:
		s.Kind, s.Title = CheckFailed, r.PipelineName+" does not pass "+cmp.Or(name, s.Node)
	}
	return s
}

// QuietRun is a run that has not ended and of which nothing was heard for long.
type QuietRun struct {
	Run          runs.ID
	Pipeline     pipelines.ID
	PipelineName string
	Workspace    auth.WorkspaceID
	Status       runs.Status
	Since        time.Time // its last sign: an event, or that it was made
}

// OfQuiet returns what quiet runs show: one sighting for each pipeline, about its
// run that has been quiet for longest.
func OfQuiet(quiet []QuietRun) []Sighting {
	quiet = slices.SortedStableFunc(slices.Values(quiet), func(a, b QuietRun) int { return a.Since.Compare(b.Since) })
	of := map[pipelines.ID]int{} // place in all
	var all []Sighting
	for _, q := range quiet {
		if at, known := of[q.Pipeline]; known {
			all[at].Count++
			continue
		}
		of[q.Pipeline] = len(all)
		s := Sighting{
			Cause:     Cause{Kind: RunStuck, Pipeline: q.Pipeline},
			Workspace: q.Workspace, Severity: Warning, Title: q.PipelineName + " is stuck", Run: q.Run, Count: 1,
		}
		since := q.Since.UTC().Format(time.RFC3339)
		if q.Status == runs.Running {
			s.Body = fmt.Sprintf("A run is under way, but has told nothing since %s. Look at its log; if it hangs, cancel it and start it again.", since)
		} else {
			s.Body = fmt.Sprintf("A run has waited in the queue since %s. Look which runs hold the slots; --local-runs says how many there are.", since)
		}
		all = append(all, s)
	}
	return all
}

// Space is how much room a disk has, in bytes.
type Space struct {
	Free  uint64 // for this process
	Total uint64
}

// level is a watermark: the smaller of a share of the disk and a size.
type level struct {
	severity Severity
	share    uint64 // hundredths of the disk
	most     uint64 // bytes
}

const gib = 1 << 30

// levels are from the worst.
var levels = []level{
	{severity: Critical, share: 2, most: gib},
	{severity: Warning, share: 5, most: 5 * gib},
}

// OfSpace returns what a disk with so much room shows, if anything; the server's
// own issues are in the default workspace. Was is the
// severity of what it showed at the last look, or "": a level that was reached is
// left only with a quarter more room than it takes to reach it, so that an issue
// does not come and go.
func OfSpace(d Space, was Severity) (Sighting, bool) {
	for _, l := range levels {
		mark := min(d.Total/100*l.share, l.most)
		if was == Critical || was == l.severity {
			mark += mark / 4
		}
		if d.Free < mark {
			return Sighting{
				Cause: Cause{Kind: DiskLow}, Workspace: auth.DefaultWorkspace, Severity: l.severity, Count: 1,
				Title: "The disk of the data folder is nearly full",
				Body: fmt.Sprintf("%.1f of %.1f GiB are free. Free some space: when the disk is full, no run can start and nothing can be saved.",
					float64(d.Free)/gib, float64(d.Total)/gib),
			}, true
		}
	}
	return Sighting{}, false
}

// OfLost returns what processes show that are gone: one sighting for each machine, in
// the default workspace, as they have runs of all. It names none of these.
func OfLost(lost []runs.LostProcess) []Sighting {
	of := map[string]int{} // place in all
	var all []Sighting
	for _, p := range lost {
		if at, known := of[p.Host]; known {
			all[at].Count += p.Left
			continue
		}
		of[p.Host] = len(all)
		all = append(all, Sighting{
			Cause: Cause{Kind: WorkerLost, Code: p.Host}, Workspace: auth.DefaultWorkspace, Severity: Warning, Count: p.Left,
			Title: fmt.Sprintf("The %s on %s is gone", p.Kind, p.Host),
			Body: fmt.Sprintf("It was last seen before %s and had %s, which went to others. Look at its log; this is over when it is back, or when its runs have succeeded.",
				p.LostAt.UTC().Format(time.RFC3339), many(p.Runs, "run")),
		})
	}
	return all
}

func many(n int, of string) string {
	if n == 1 {
		return "one " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}
