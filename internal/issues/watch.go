package issues

import (
	"context"
	"log/slog"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/news"
)

// Watch looks for what is wrong without a run having ended: runs that do not get
// on, pipelines that miss their deadline, a disk that fills up, and workers that are
// gone. Every member is required.
type Watch struct {
	Store      Store
	News       *news.Board
	Log        *slog.Logger
	StuckAfter time.Duration         // how long a run may give no sign
	Disk       func() (Space, error) // of the data folder

	disk Severity // of what the disk showed at the last look
}

// watchEvery is how often Watch looks.
const watchEvery = time.Minute

// Run looks at once and then every minute, until ctx ends. What cannot be looked
// at is logged and looked at again the next time.
func (w *Watch) Run(ctx context.Context) error {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		w.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (w *Watch) look(ctx context.Context) {
	w.part(ctx, "runs", w.runs)
	w.part(ctx, "deadlines", w.deadlines)
	w.part(ctx, "disk", w.space)
	w.part(ctx, "workers", w.workers)
}

func (w *Watch) part(ctx context.Context, name string, look func(context.Context, time.Time) ([]auth.WorkspaceID, error)) {
	changed, err := look(ctx, now())
	if err != nil && ctx.Err() == nil {
		w.Log.ErrorContext(ctx, "watch for issues", "part", name, "error", err)
	}
	for _, in := range changed {
		w.News.Post(ChangedIn(in))
	}
}

func (w *Watch) runs(ctx context.Context, now time.Time) ([]auth.WorkspaceID, error) {
	quiet, err := w.Store.QuietRuns(ctx, now.Add(-w.StuckAfter))
	if err != nil {
		return nil, err
	}
	return w.Store.SettleIssues(ctx, RunStuck, OfQuiet(quiet), now)
}

func (w *Watch) deadlines(ctx context.Context, now time.Time) ([]auth.WorkspaceID, error) {
	all, err := w.Store.Promises(ctx)
	if err != nil {
		return nil, err
	}
	return w.Store.SettleIssues(ctx, DeadlineMissed, OfPromises(all, now), now)
}

func (w *Watch) space(ctx context.Context, now time.Time) ([]auth.WorkspaceID, error) {
	d, err := w.Disk()
	if err != nil {
		return nil, err
	}
	var found []Sighting
	s, low := OfSpace(d, w.disk)
	if low {
		found = append(found, s)
	}
	w.disk = s.Severity
	return w.Store.SettleIssues(ctx, DiskLow, found, now)
}

func (w *Watch) workers(ctx context.Context, now time.Time) ([]auth.WorkspaceID, error) {
	lost, err := w.Store.LostProcesses(ctx)
	if err != nil {
		return nil, err
	}
	return w.Store.SettleIssues(ctx, WorkerLost, OfLost(lost), now)
}
