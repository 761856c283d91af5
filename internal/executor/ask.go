package executor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/broked/broked/internal/artifacts"
	"github.com/broked/broked/internal/console"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/runs"
)

const (
	// mostAsked is how many queries are under way at once, besides runs and trials.
	mostAsked = 2
	// mostAnswered is how many bytes of disk the answer to a query may take.
	mostAnswered = 2 << 30
)

var (
	errSlow = fault.New(fault.Invalid, "the query took longer than %s: ask for fewer rows, or join and sort less", console.Timeout).With("query_too_long")
	errVast = fault.New(fault.Invalid, "the answer would take more than %d GB: ask for fewer rows or columns", mostAnswered>>30).With("query_too_large")
)

// Has implements console.Engine.
func (x *Executor) Has(run runs.ID, a runs.Artifact) bool {
	return x.leftIn(x.folder(run), map[string]runs.Artifact{"": a}).files[""] != ""
}

// Ask implements console.Engine. A query beyond the number that may be under way at
// once waits for a moment and is then an Exhausted fault; one that takes longer than
// console.Timeout, or fills the disk, is an Invalid fault.
func (x *Executor) Ask(ctx context.Context, a console.Ask) (job.Message, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ctx, cancel := context.WithTimeoutCause(ctx, console.Timeout, errSlow)
	defer cancel()
	select {
	case x.asks <- struct{}{}:
		defer func() { <-x.asks }()
	case <-ctx.Done():
		return job.Message{}, fault.New(fault.Exhausted, "other queries are under way: try again in a moment").With("too_many_queries")
	}
	a.Job.Dir = filepath.Join(x.Dir, trialPrefix+id.New())
	if err := os.MkdirAll(a.Job.Dir, 0o700); err != nil {
		return job.Message{}, fmt.Errorf("make query folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(a.Job.Dir) }()
	if err := x.lay(ctx, a); err != nil {
		return job.Message{}, err
	}
	shown := a.Job.Limits
	a.Job.Limits = x.Limits
	a.Job.Limits.PreviewRows, a.Job.Limits.PreviewBytes = shown.PreviewRows, shown.PreviewBytes
	a.Job.Limits.Spill = min(x.Limits.Spill, mostAnswered)
	a.Job.Roots = job.Roots{Base: a.Job.Dir, Allow: []string{a.Job.Dir}}
	go watchSize(ctx, a.Job.Dir, func() { stop(errVast) })
	last, err := x.Engines.Do(ctx, "", a.Job, askEar{a.Hear})
	for _, why := range []error{errSlow, errVast} {
		if err != nil && errors.Is(context.Cause(ctx), why) {
			return job.Message{}, why
		}
	}
	if err == nil && last.Status == job.Success && a.Take != nil {
		err = a.Take(a.Job.Dir)
	}
	return last, err
}

// lay puts the rows of a query into its folder.
func (x *Executor) lay(ctx context.Context, a console.Ask) error {
	for name, text := range a.Files {
		if err := os.WriteFile(filepath.Join(a.Job.Dir, name), text, 0o600); err != nil {
			return fmt.Errorf("write query folder: %w", err)
		}
	}
	paths := make(map[string]string, len(a.Sources))
	for i, s := range a.Sources {
		paths[s.Step] = filepath.Join(a.Job.Dir, fmt.Sprintf("%s%d.parquet", laid, i))
		if err := x.bring(ctx, s, paths[s.Step]); err != nil {
			return err
		}
	}
	for i, s := range a.Job.Nodes {
		if s.Restored != nil {
			a.Job.Nodes[i].Restored.Path = paths[s.ID]
		}
		if s.Pinned != nil {
			a.Job.Nodes[i].Pinned.Path = filepath.Join(a.Job.Dir, s.Pinned.Path)
		}
	}
	return nil
}

// laid begins the names of files with rows that a query is about.
const laid = "rows-"

// bring makes the rows of a source be in the file path, too.
func (x *Executor) bring(ctx context.Context, s console.Source, path string) error {
	left := x.leftIn(x.folder(s.Run), map[string]runs.Artifact{"": s.Artifact})
	if file := left.path(""); file != "" {
		return linked(file, path)
	}
	err := error(fault.New(fault.NotFound, "the file is gone"))
	if s.Artifact.Stored.Place != "" {
		err = x.Artifacts.Fetch(ctx, s.Artifact.Stored, path)
	}
	if kind := fault.KindOf(err); kind == fault.NotFound || kind == fault.Invalid {
		return fault.Wrap(fault.Conflict, err, "the rows of %q are gone: ask about a newer run", s.Step).With(artifacts.CodeMissing)
	}
	return err
}

// watchSize calls full when the files of a folder, without those that the query is about,
// take more than an answer may, until ctx ends.
func watchSize(ctx context.Context, dir string, full func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(glance / 4):
		}
		var size int64
		_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), laid) {
				return nil //nolint:nilerr // it has just been removed
			}
			if info, err := d.Info(); err == nil {
				size += info.Size()
			}
			return nil
		})
		if size > mostAnswered {
			full()
			return
		}
	}
}

// askEar hands over what the engine of a query says. Its nodes ask nothing.
type askEar struct{ hear func(job.Message) }

// Hear implements Ear.
func (e askEar) Hear(m job.Message) error {
	e.hear(m)
	return nil
}

// Answer implements Ear.
func (askEar) Answer(_ context.Context, q job.Question) job.Reply {
	return job.Reply{ID: q.ID, Error: job.FailureOf(fault.New(fault.Denied, "a query asks the server nothing"))}
}
