package pipelines

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/broked/broked/internal/fault"
)

// Overlap says what becomes of a run that is started while as many runs of its
// pipeline as there may be have not ended.
type Overlap string

// What becomes of runs that overlap.
const (
	OverlapQueue  Overlap = "queue"           // it waits; the default
	OverlapSkip   Overlap = "skip"            // it does not start, and says so
	OverlapCancel Overlap = "cancel_previous" // the oldest is cancelled, and it waits until that has ended
)

// OnRestart says what becomes of a run whose server stops while it is going.
type OnRestart string

// What becomes of runs that are interrupted.
const (
	RestartResumes OnRestart = "resume"  // it goes on, and what was done stays done; the default
	RestartBegins  OnRestart = "restart" // it begins anew
	RestartFails   OnRestart = "fail"    // it fails: no node is done twice
)

// Bounds of what decides when runs start.
const (
	MaxActive   = 1000
	MaxPriority = 1000
)

// MostRuns returns how many runs of the pipeline may be under way at once; 0 is any
// number. Runs that must not overlap are at most one, unless the document allows more.
func (d Document) MostRuns() int {
	if d.MaxActiveRuns == 0 && (d.Overlap == OverlapSkip || d.Overlap == OverlapCancel) {
		return 1
	}
	return d.MaxActiveRuns
}

func (d Document) checkLimits(f *Findings) {
	if d.MaxActiveRuns < 0 || d.MaxActiveRuns > MaxActive {
		f.add("max_active_runs", "must be between 0, which is any number, and %d", MaxActive)
	}
	if !slices.Contains([]Overlap{"", OverlapQueue, OverlapSkip, OverlapCancel}, d.Overlap) {
		f.add("overlap", "must be queue, skip or cancel_previous, not %q", d.Overlap)
	}
	if !slices.Contains([]OnRestart{"", RestartResumes, RestartBegins, RestartFails}, d.OnRestart) {
		f.add("on_restart", "must be resume, restart or fail, not %q", d.OnRestart)
	}
	if d.Label != "" {
		if err := CheckLabel(d.Label); err != nil {
			f.add("label", "%s", err)
		}
	}
	if err := CheckPriority(d.Priority); err != nil {
		f.Problems = append(f.Problems, fault.ProblemsOf(err)...)
	}
}

var label = regexp.MustCompile(`^[a-z0-9]+([_-][a-z0-9]+)*$`)

const maxLabel = 32

// CheckLabel returns an error unless a text may be a label of processes and runs.
func CheckLabel(text string) error {
	if len(text) <= maxLabel && label.MatchString(text) {
		return nil
	}
	return fmt.Errorf("must be lower-case letters and digits with single '-' or '_' between them, at most %d of them, not %q", maxLabel, text)
}

// CheckPriority returns an Invalid fault unless a run may have the priority.
func CheckPriority(priority int) error {
	if priority >= -MaxPriority && priority <= MaxPriority {
		return nil
	}
	return fault.Rejected("the run cannot be started", []fault.Problem{{
		Path: "priority", Message: fmt.Sprintf("must be between -%d and %d", MaxPriority, MaxPriority),
	}})
}
