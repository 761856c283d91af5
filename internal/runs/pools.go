package runs

import (
	"context"
	"regexp"
	"time"

	"github.com/broked/broked/internal/fault"
)

// Pool is a number of slots that runs of several pipelines share. It is of the
// server, so that it can guard what all workspaces use.
type Pool struct {
	Name        string    `json:"name"`
	Slots       int       `json:"slots" doc:"Runs at once; 0 lets none start"`
	Description string    `json:"description"`
	Used        int       `json:"used" doc:"Slots that running runs hold"`
	Pending     int       `json:"pending" doc:"Runs that wait to start"`
	CreatedAt   time.Time `json:"created_at"`
}

// Bounds of pools.
const (
	MaxPoolSlots       = 10_000
	MaxPoolDescription = 500
)

var poolName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// Pools returns every pool by name, with how much of it is used.
func (s *Service) Pools(ctx context.Context) ([]Pool, error) { return s.store.Pools(ctx) }

// CreatePool makes a pool. A name that is taken is a Conflict fault.
func (s *Service) CreatePool(ctx context.Context, p Pool) (Pool, error) {
	if err := p.check(); err != nil {
		return Pool{}, err
	}
	p.CreatedAt = time.Now().UTC().Truncate(time.Millisecond)
	return p, s.store.InsertPool(ctx, p)
}

// ChangePool gives the pool of p's name its slots and description. Runs that more
// slots let in start at once; fewer slots end no run.
func (s *Service) ChangePool(ctx context.Context, p Pool) (Pool, error) {
	if err := p.check(); err != nil {
		return Pool{}, err
	}
	p, err := s.store.ChangePool(ctx, p)
	if err == nil {
		s.news.Post(Changed)
	}
	return p, err
}

// DeletePool removes a pool. One that a pipeline names is a Conflict fault.
func (s *Service) DeletePool(ctx context.Context, name string) error {
	return s.store.DeletePool(ctx, name)
}

// NoPool is the fault of asking for a pool that is not there.
func NoPool(name string) error {
	return fault.New(fault.NotFound, "there is no pool %q", name).With("pool_not_found")
}

func (p Pool) check() error {
	var problems []fault.Problem
	if !poolName.MatchString(p.Name) {
		problems = append(problems, fault.Problem{Path: "name", Message: "must be lower-case letters, digits, '_' and '-', at most 64 of them"})
	}
	if p.Slots < 0 || p.Slots > MaxPoolSlots {
		problems = append(problems, fault.Problem{Path: "slots", Message: "must be between 0 and 10000"})
	}
	if len([]rune(p.Description)) > MaxPoolDescription {
		problems = append(problems, fault.Problem{Path: "description", Message: "must be at most 500 characters long"})
	}
	if len(problems) > 0 {
		return fault.Rejected("the pool cannot be saved", problems)
	}
	return nil
}
