package executor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/broked/broked/internal/artifacts"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/runs"
)

// Artifacts keeps rows of runs where other machines find them. Package artifacts
// implements it, and says which errors there are.
type Artifacts interface {
	Keep(ctx context.Context, run runs.ID, file string) (runs.Stored, error)
	Fetch(ctx context.Context, kept runs.Stored, file string) error
	Has(ctx context.Context, kept runs.Stored) error
	Discard(ctx context.Context, kept runs.Stored) error
}

// leftovers is what is left of the rows of the nodes of a run, here and in the store of
// artifacts.
type leftovers struct {
	store     Artifacts
	artifacts map[string]runs.Artifact
	files     map[string]string // where rows are, or will be when they are fetched
	here      map[string]bool   // those that are
	fetched   map[string]bool
	lost      map[string]string // nodes whose rows were in the store, and what has become of them
}

// leftIn returns what is left of a run whose folder is dir.
func (x *Executor) leftIn(dir string, all map[string]runs.Artifact) *leftovers {
	l := &leftovers{
		store: x.Artifacts, artifacts: all,
		files: make(map[string]string), here: make(map[string]bool), fetched: make(map[string]bool), lost: make(map[string]string),
	}
	for node, a := range all {
		file := filepath.Join(dir, filepath.Base(a.File))
		l.here[node] = isWhole(file, a.Stored)
		if l.here[node] || a.Stored.Place != "" {
			l.files[node] = file
		}
	}
	return l
}

// isWhole reports whether a file is there, as far as its ends tell and its size, if that
// is on record.
func isWhole(file string, kept runs.Stored) bool {
	if !isParquet(file) {
		return false
	}
	info, err := os.Stat(file)
	return err == nil && (kept.Place == "" || info.Size() == kept.Bytes)
}

// path returns the file with the rows of a node when it is here.
func (l *leftovers) path(node string) string {
	if !l.here[node] {
		return ""
	}
	return l.files[node]
}

// salvaged decides what is done again, and fetches the rows that are needed for that.
// What turns out to be lost is done again as well.
func (l *leftovers) salvaged(ctx context.Context, x *Executor, c runs.Claim) (*salvage, error) {
	for {
		s, err := newSalvage(c.Document, x.Kinds, c.Before.Nodes, l.files)
		if err != nil {
			return nil, err
		}
		s.lost = l.lost
		s.decide(c.Run.ResumedAt)
		if lost, err := l.fetch(ctx, s); err != nil || !lost {
			return s, err
		}
	}
}

// fetch fetches the rows of nodes that others take which are done again, or that get
// columns, and reports whether some are lost.
func (l *leftovers) fetch(ctx context.Context, s *salvage) (lost bool, err error) {
	for _, n := range s.document.Nodes {
		if _, again := s.again[n.ID]; again || l.here[n.ID] || l.files[n.ID] == "" || !s.needed(n.ID) && !s.waits(n.ID) {
			continue
		}
		gone, err := l.get(ctx, n.ID)
		if err != nil {
			return false, err
		}
		lost = lost || gone
	}
	return lost, nil
}

func (l *leftovers) get(ctx context.Context, node string) (gone bool, err error) {
	file, kept := l.files[node], l.artifacts[node].Stored
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return false, fmt.Errorf("make run folder: %w", err)
	}
	err = l.store.Fetch(ctx, kept, file)
	switch fault.CodeOf(err) {
	case artifacts.CodeMissing:
		l.lost[node] = "they are no longer in the store of artifacts"
	case artifacts.CodeDamaged:
		l.lost[node] = "they are damaged in the store of artifacts"
		if err := l.store.Discard(ctx, kept); err != nil { // else it would seem to be there
			return false, err
		}
	default:
		l.here[node], l.fetched[node] = err == nil, true
		return false, err
	}
	delete(l.files, node)
	return true, nil
}

// how says of rows that they were fetched.
func (l *leftovers) how(node string) string {
	if l.fetched[node] {
		return ", fetched from the store of artifacts"
	}
	return ""
}

// give notes the rows that a node is given. Those that are in the store alone, because
// nothing that is done again takes them, are on record with the run as well from now on.
func (r *recorder) give(l *leftovers, node string, own bool) {
	a := l.artifacts[node]
	r.given[node] = a
	if !own && !l.here[node] && l.files[node] != "" {
		r.add(runs.Event{Run: r.run, Type: job.Artifact, At: time.Now().UTC(), Node: node, Message: a.File, Rows: &a.Rows, Stored: a.Stored})
	}
}
