package runs

import (
	"context"
	"time"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/pipelines"
)

// WaitsKey is the news key that is posted when a run begins to wait.
const WaitsKey = "waits"

// Waiter is a waiting run with what it executes. Those of its nodes wait that are
// running.
type Waiter struct {
	Run      Run
	Document pipelines.Document
	Began    *time.Time // as of Before
	LookAt   int64      // when it was due, in the record's own form
}

// Look is what a look at a waiting run has found.
type Look struct {
	At     time.Time
	Events []Event // of its nodes
	// Failure fails the run; else Next is when to look again, and nil lets the run go on.
	Failure *job.Failure
	Next    *time.Time
	// LookAt is that of the Waiter: a run that has been woken since stays due.
	LookAt int64
}

// looked is how many runs are looked at for one that has started.
const looked = 20

// SucceededSince reports whether the newest run of a pipeline that started after an
// instant was a success.
func (s *Service) SucceededSince(ctx context.Context, pipeline string, after time.Time) (bool, error) {
	d, err := s.pipelines.Get(ctx, pipeline)
	if err != nil {
		return false, err
	}
	newest, err := s.store.Runs(ctx, Filter{Pipeline: d.ID, Page: pipelines.Page{Limit: looked}})
	if err != nil {
		return false, err
	}
	for _, r := range newest {
		if r.StartedAt != nil && r.StartedAt.After(after) {
			return r.Status == Success, nil
		}
	}
	return false, nil
}
