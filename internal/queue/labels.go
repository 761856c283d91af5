package queue

import (
	"context"
	"sync"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
)

// named returns the name that River has for the line of a label: every label has one of
// its own, so that no entry is taken by a process which may not do its run.
func named(label string) string {
	if label == "" {
		return river.QueueDefault
	}
	return "on-" + label
}

// lines returns the names of all lines that a process with these labels reads.
func lines(labels []string) []string {
	all := []string{river.QueueDefault}
	for _, l := range labels {
		all = append(all, named(l))
	}
	return all
}

// places are those of a process, for what it takes of all its lines: River counts for
// each line by itself.
type places struct {
	mu   sync.Mutex
	free int
}

// take returns at most want places, which are taken then.
func (p *places) take(want int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	got := min(want, p.free)
	p.free -= got
	return got
}

func (p *places) leave(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free += n
}

// bounded is a driver that fetches no more entries than there are places.
type bounded[T any] struct {
	riverdriver.Driver[T]
	places *places
}

// GetExecutor implements riverdriver.Driver.
func (b bounded[T]) GetExecutor() riverdriver.Executor { //nolint:ireturn // River's interface says so
	return boundedExecutor{b.Driver.GetExecutor(), b.places}
}

type boundedExecutor struct {
	riverdriver.Executor
	places *places
}

// JobGetAvailable implements riverdriver.Executor.
func (b boundedExecutor) JobGetAvailable(ctx context.Context, params *riverdriver.JobGetAvailableParams) ([]*rivertype.JobRow, error) {
	got := b.places.take(params.MaxToLock)
	if got == 0 {
		return nil, nil
	}
	fewer := *params
	fewer.MaxToLock = got
	jobs, err := b.Executor.JobGetAvailable(ctx, &fewer)
	b.places.leave(got - len(jobs))
	return jobs, err
}
