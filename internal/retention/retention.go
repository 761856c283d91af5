// Package retention removes runs when they are old, and the rows that they have kept
// when those are old or take too much, so that the disk does not fill up with what is
// over. It also tells when there is too little room to start another run.
package retention

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/runs"
)

// Policy says what is kept. Zero members do not limit.
type Policy struct {
	// Runs is for how long a run that has ended stays on record, with its nodes, log and
	// previews. The newest runs of a pipeline, as many as Newest, stay however old.
	Runs   time.Duration
	Newest int
	// Rows is for how long the rows of a run's nodes stay after they were written. Without
	// them a run that resumes it computes them again.
	Rows time.Duration
	// RowsBytes is how much the rows of all runs may take; the oldest go first.
	RowsBytes int64
	// Reserve is how many bytes of the disk must be free for a run to be started.
	Reserve uint64
}

// Store is what a Sweeper asks of the record. Package store implements it; every method
// is one transaction. Workspaces are not told apart.
type Store interface {
	// ForgetRuns removes runs that ended before an instant, the oldest first and at most
	// limit, and returns them. The newest of each pipeline stay, and those that a run
	// which has not ended resumes.
	ForgetRuns(ctx context.Context, before time.Time, newest, limit int) ([]runs.ID, error)
	// OpenRuns returns the runs that have not ended, and those that they resume.
	OpenRuns(ctx context.Context) (map[runs.ID]bool, error)
	// KnownRuns returns those of runs that are on record.
	KnownRuns(ctx context.Context, all []runs.ID) (map[runs.ID]bool, error)
}

// Rows is where the rows of runs are. Package artifacts implements it, too.
type Rows interface {
	// Folders returns what runs have left, in any order.
	Folders(ctx context.Context) ([]Folder, error)
	// Remove removes what a run has left. None is no error.
	Remove(ctx context.Context, run runs.ID) error
}

// Folder is what a run has left.
type Folder struct {
	Run     runs.ID
	Bytes   int64
	Written time.Time // the newest of its files
}

// Usage is what there is, as of the last look.
type Usage struct {
	Folders int
	Bytes   int64
	At      time.Time // zero before the first look
}

// Sweeper removes what Policy does not keep. Every member is required.
type Sweeper struct {
	Policy Policy
	Store  Store
	Log    *slog.Logger
	Rows   Rows                            // of runs
	Space  func() (free uint64, err error) // of the disk with Dir and the database
	usage  atomic.Pointer[Usage]
}

const (
	// sweepEvery is how often a Sweeper looks.
	sweepEvery = 10 * time.Minute
	// atOnce bounds a transaction, which others wait for.
	atOnce = 100
	// leastAge is how old a folder is before it may be one that no run will use: its run
	// is on record before it is made.
	leastAge = time.Hour
)

// Usage returns what the rows of all runs took at the last look.
func (s *Sweeper) Usage() Usage {
	if u := s.usage.Load(); u != nil {
		return *u
	}
	return Usage{}
}

// Room returns a Full fault while the disk has less free space than the policy
// reserves. A disk that cannot be asked counts as having room.
func (s *Sweeper) Room() error {
	free, err := s.Space()
	if err != nil || free >= s.Policy.Reserve {
		return nil //nolint:nilerr // what writes will find out
	}
	return fault.New(fault.Full, "the disk of the data folder has %d MB free, and %d MB are reserved: no run starts until there is more room",
		free>>20, s.Policy.Reserve>>20).With("storage_full")
}

// Run sweeps at once and then every ten minutes, until ctx ends. What fails is logged
// and tried again the next time.
func (s *Sweeper) Run(ctx context.Context) error {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if err := s.Sweep(ctx, time.Now()); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "remove old runs", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Sweep removes once what the policy does not keep at an instant.
func (s *Sweeper) Sweep(ctx context.Context, now time.Time) error {
	if err := s.forget(ctx, now); err != nil {
		return err
	}
	folders, err := s.ofRuns(ctx, now)
	if err != nil {
		return err
	}
	// A run that begins now to resume another is not among them; its rows are older than
	// the policy wants, and it computes what it does not find.
	open, err := s.Store.OpenRuns(ctx)
	if err != nil {
		return fmt.Errorf("open runs: %w", err)
	}
	u := Usage{Folders: len(folders), At: now}
	for _, f := range folders {
		u.Bytes += f.Bytes
	}
	before := u
	for _, f := range folders {
		if open[f.Run] || !s.Policy.drops(now.Sub(f.Written), u.Bytes) {
			continue
		}
		if err := s.Rows.Remove(ctx, f.Run); err != nil {
			return err
		}
		u.Folders, u.Bytes = u.Folders-1, u.Bytes-f.Bytes
	}
	if removed := before.Folders - u.Folders; removed > 0 {
		s.Log.InfoContext(ctx, "rows of runs removed", "runs", removed, "bytes", before.Bytes-u.Bytes)
	}
	s.usage.Store(&u)
	return nil
}

// ofRuns returns the folders of runs that are on record, the oldest first, and removes
// those of others: another process may have forgotten a run whose rows are here.
func (s *Sweeper) ofRuns(ctx context.Context, now time.Time) ([]Folder, error) {
	folders, err := s.Rows.Folders(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(folders, func(a, b Folder) int { return a.Written.Compare(b.Written) })
	all := make([]runs.ID, len(folders))
	for i, f := range folders {
		all[i] = f.Run
	}
	known, err := s.Store.KnownRuns(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("known runs: %w", err)
	}
	var left []Folder
	for _, f := range folders {
		if known[f.Run] || now.Sub(f.Written) < leastAge {
			left = append(left, f)
			continue
		}
		if err := s.Rows.Remove(ctx, f.Run); err != nil {
			return nil, err
		}
	}
	return left, nil
}

// drops reports whether rows of an age go when all together take so many bytes.
func (p Policy) drops(age time.Duration, all int64) bool {
	old, over := p.Rows > 0 && age > p.Rows, p.RowsBytes > 0 && all > p.RowsBytes
	return (old || over) && age >= leastAge
}

// forget removes old runs with their rows.
func (s *Sweeper) forget(ctx context.Context, now time.Time) error {
	if s.Policy.Runs <= 0 {
		return nil
	}
	_, err := s.Purge(ctx, now.Add(-s.Policy.Runs))
	return err
}

// Purge removes the runs that ended before an instant, with their rows, and returns how
// many they were. Those stay that the policy keeps however old they are.
func (s *Sweeper) Purge(ctx context.Context, before time.Time) (total int, err error) {
	for {
		gone, err := s.Store.ForgetRuns(ctx, before, s.Policy.Newest, atOnce)
		if err != nil {
			return total, fmt.Errorf("forget runs: %w", err)
		}
		for _, run := range gone {
			if err := s.Rows.Remove(ctx, run); err != nil {
				return total, err
			}
		}
		if total += len(gone); len(gone) < atOnce {
			if total > 0 {
				s.Log.InfoContext(ctx, "old runs removed", "runs", total)
			}
			return total, nil
		}
	}
}
