package executor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/runs"
)

// asBefore returns the run of a claim with the start of the run that it resumes:
// placeholders of times have the values that its finished nodes had.
func asBefore(c runs.Claim) runs.Run {
	if c.Before != nil && c.Before.StartedAt != nil {
		c.Run.StartedAt = c.Before.StartedAt
	}
	return c.Run
}

// goOn has a job begin with what has been done before, and returns which nodes are to be
// done. Of a run that begins anew nothing is left in its folder.
func (x *Executor) goOn(ctx context.Context, c runs.Claim, j *job.Job, r *recorder) (again func(n string) bool, err error) {
	if c.Before != nil {
		return x.restore(ctx, c, j, r)
	}
	if c.Fence > 1 {
		err = emptied(j.Dir)
	}
	return func(string) bool { return true }, err
}

// restore gives the nodes of j what the run before has left of them, and tells which
// run again and why, which it also returns. The files are linked into the run's own
// folder, unless it is that run's.
func (x *Executor) restore(ctx context.Context, c runs.Claim, j *job.Job, r *recorder) (again func(n string) bool, err error) {
	own := c.Before.Run == c.Run.ID
	quiet := own && c.Run.Attempt == 0 // it has only waited
	if own {
		c.Run.ResumedAt = "" // that was done
	}
	left := x.leftIn(x.folder(c.Before.Run), c.Before.Artifacts)
	s, err := left.salvaged(ctx, x, c)
	if err != nil {
		return nil, err
	}
	if own {
		err = tidied(j.Dir, left.files)
	} else {
		err = emptied(j.Dir)
	}
	if err != nil {
		return nil, err
	}
	for i, step := range j.Nodes {
		if why, again := s.again[step.ID]; again {
			r.decided(quiet, step.ID, "Runs again: "+why)
			continue
		}
		restored := &job.Restored{Rows: c.Before.Nodes[step.ID].Rows}
		if restored.Path, err = brought(left.path(step.ID), j.Dir); err == nil {
			restored.Beside, err = x.beside(ctx, c.Before.Run, step, restored.Path, j.Dir)
		}
		j.Nodes[i].Restored, r.joined[step.ID] = restored, restored.Beside != ""
		if err := errors.Join(err, r.keepOn(step.ID, c)); err != nil {
			return nil, err
		}
		r.settled[step.ID] = own
		r.give(left, step.ID, own)
		r.decided(quiet, step.ID, fmt.Sprintf("%s: %d rows%s", whence(c), restored.Rows, left.how(step.ID)))
	}
	return func(n string) bool { _, again := s.again[n]; return again }, nil
}

// keepOn notes what a node that is not done again wanted to keep, unless another run of
// the pipeline has gone on from there meanwhile.
func (r *recorder) keepOn(node string, c runs.Claim) error {
	kept, is := c.Before.States[node]
	if !is || !kept.Still(c.States[node]) {
		return nil
	}
	return r.Hear(job.Message{Type: job.Kept, At: time.Now().UTC(), Node: node, State: kept.Kept})
}

// whence says where the rows of a node come from that is not done again.
func whence(c runs.Claim) string {
	if c.Before.Run == c.Run.ID {
		return "Was done before the run was interrupted"
	}
	return fmt.Sprintf("Restored from run %s", c.Before.Run)
}

// wanted returns the nodes that are done again because somebody has asked for it.
func wanted(c runs.Claim) map[string]bool {
	all := make(map[string]bool)
	if c.Run.ResumedAt != "" {
		all[c.Run.ResumedAt] = true
		after(c.Document, c.Run.ResumedAt, all)
	}
	return all
}

// beside brings the file with what has become of the runs of a node of a run into the
// folder dir, and returns its path there: empty when the rows of the node, in file, need
// it not. Where another process has looked after the run the file is made anew.
func (x *Executor) beside(ctx context.Context, before runs.ID, step job.Step, file, dir string) (string, error) {
	if file == "" || strings.HasPrefix(filepath.Base(file), job.Joined) {
		return "", nil
	}
	path := filepath.Join(x.folder(before), calledFile(step.ID))
	if _, err := os.Stat(path); err == nil {
		return brought(path, dir)
	}
	spec, err := x.Kinds.Spec(step.Kind)
	if err != nil || !spec.Waits {
		return "", err
	}
	made, err := patientOf(x.Kinds, step)
	if err != nil {
		return "", err
	}
	if caller, is := made.(node.Caller); !is || caller.Calls().Params != nil {
		return "", nil
	}
	all, err := x.Called(ctx, before, step.ID)
	if err != nil || len(all) == 0 {
		return "", err
	}
	if err := noteCalled(path, all); err != nil {
		return "", err
	}
	return brought(path, dir)
}

// isParquet reports whether a file is there whole, as far as its ends tell. The
// engine looks closer.
func isParquet(path string) bool {
	const magic = "PAR1"
	f, err := os.Open(path) //nolint:gosec // in our own folder
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() < 2*int64(len(magic)) {
		return false
	}
	end := make([]byte, len(magic))
	_, err = f.ReadAt(end, info.Size()-int64(len(end)))
	return err == nil && string(end) == magic
}

// tidied removes the rows from the folder of a run that are not those of its nodes: an
// interrupted attempt was writing them, or the node was done again elsewhere.
func tidied(dir string, left map[string]string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("tidy run folder: %w", err)
	}
	for _, f := range files {
		file := filepath.Join(dir, f.Name())
		if filepath.Ext(file) != ".parquet" || slices.Contains(slices.Collect(maps.Values(left)), file) {
			continue
		}
		if err := os.Remove(file); err != nil {
			return fmt.Errorf("tidy run folder: %w", err)
		}
	}
	return nil
}

// emptied removes what an interrupted attempt of a run has left in its folder.
func emptied(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("empty run folder: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make run folder: %w", err)
	}
	return nil
}

// brought makes file a file of the folder dir as well, and returns its path there.
// Without a file there is no path.
func brought(file, dir string) (string, error) {
	if file == "" {
		return "", nil
	}
	path := filepath.Join(dir, filepath.Base(file))
	return path, linked(file, path)
}

// linked makes file be at path as well.
func linked(file, path string) error {
	err := os.Link(file, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil // two nodes may have one file
	}
	if err := duplicate(file, path); err != nil {
		return fmt.Errorf("restore rows: %w", err)
	}
	return nil
}

// duplicate copies a file, where the file system has no links.
func duplicate(from, to string) error {
	in, err := os.Open(from) //nolint:gosec // in our own folder
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // in our own folder
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
