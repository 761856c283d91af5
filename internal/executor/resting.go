package executor

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/runs"
)

// resting are engines that have served a run, and wait for another one that is alike: of
// the same pipeline, with the same nodes, settings and limits.
//
// An engine is shut in with the files of its first run and with that run's folder, which
// cannot be undone. So the folder stays the engine's, whatever it is called: while it rests
// it lies in a place of its own, where it is empty, and the next run's folder it is by the
// name that it gets then. An engine whose run has left anything in its folder ends.
//
// The engine itself knows its folder by one name for all its runs, which is a link beside
// that place: its database is locked with names, and need not be opened anew for each.
type resting struct {
	dir  string
	mu   sync.Mutex
	all  []rested // that which has rested longest is the first
	last int      // number of a folder
	over bool
}

// rested is an engine that waits.
type rested struct {
	*process
	alike  string
	folder string
	since  time.Time
}

// Bounds of resting.
const (
	mostResting    = 8
	longestResting = 10 * time.Second
	// mostRested is how many bytes of memory an engine may have that takes another run: one
	// that is ready has about 100 MB, most of it the pages of the program.
	mostRested = 256 << 20
)

// run has p execute j, and rest after that if it may.
func (r *resting) run(ctx context.Context, p *process, alike string, j job.Job, ear Ear) (job.Message, error) {
	dir := j.Dir
	if alike != "" && r.lead(p, dir) {
		j.Dir, ear = p.link, placed{ear, p.link, dir}
	}
	last, err := p.run(ctx, j, ear)
	r.add(p, alike, dir, last)
	return last, err
}

// lead has the link of p lead to dir, and reports whether it does.
func (r *resting) lead(p *process, dir string) bool {
	if !filepath.IsAbs(r.dir) || !filepath.IsAbs(dir) {
		return false
	}
	if p.link == "" {
		p.link = r.name() + ".now"
	} else if os.Remove(p.link) != nil {
		return false
	}
	return os.Symlink(dir, p.link) == nil
}

// name returns a path for an engine's folder that no other has.
func (r *resting) name() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	return filepath.Join(r.dir, strconv.Itoa(r.last))
}

// placed is an ear that hears where things are, and not by which link.
type placed struct {
	Ear
	link, dir string
}

// Hear implements Ear.
func (l placed) Hear(m job.Message) error {
	if rest, is := strings.CutPrefix(m.Path, l.link+string(filepath.Separator)); is {
		m.Path = filepath.Join(l.dir, rest)
	}
	return l.Ear.Hear(m)
}

// watch ends engines that nobody wants any more, and when ctx ends all of them.
func (r *resting) watch(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			r.mu.Lock()
			all := r.all
			r.all, r.over = nil, true
			r.mu.Unlock()
			for _, one := range all {
				one.leave()
			}
			return nil
		case <-time.After(longestResting / 4):
		}
		before := time.Now().Add(-longestResting)
		for one, is := r.oldest(before); is; one, is = r.oldest(before) {
			one.leave()
		}
	}
}

// oldest takes out the engine that has rested longest, if that was before a time.
func (r *resting) oldest(before time.Time) (rested, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) == 0 || r.all[0].since.After(before) {
		return rested{}, false
	}
	one := r.all[0]
	r.all = r.all[1:]
	return one, true
}

// leave ends the engine and removes its folder.
func (r rested) leave() {
	r.end()
	_ = os.Remove(r.folder)
}

// take returns an engine for a run whose folder is dir, where the engine's own takes the
// place of an empty one. It returns nil when there is none that could be used.
func (r *resting) take(ctx context.Context, alike, dir string) *process {
	for {
		one, is := r.find(alike)
		if !is {
			return nil
		}
		// That of the system, because Go's replaces no folder, not even an empty one.
		if one.fresh(ctx) && syscall.Rename(one.folder, dir) == nil {
			return one.process
		}
		one.leave()
	}
}

// find takes out the engine that was used last: the others may end.
func (r *resting) find(alike string) (rested, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, one := range slices.Backward(r.all) {
		if one.alike == alike && alike != "" {
			r.all = slices.Delete(r.all, i, i+1)
			return one, true
		}
	}
	return rested{}, false
}

// fresh waits until the engine has another database, and reports whether it may take
// another run.
func (r rested) fresh(ctx context.Context) bool {
	stop := context.AfterFunc(ctx, r.kill)
	m, err := r.next()
	if !stop() || err != nil || m.Type != job.Ready {
		return false
	}
	used, err := r.memory()
	return err == nil && used <= mostRested
}

// add has an engine rest whose run has ended with a message, if it may. Else it ends.
func (r *resting) add(p *process, alike, dir string, last job.Message) {
	if !last.Again {
		return // it has ended
	}
	one := rested{p, alike, r.name(), time.Now()}
	if alike == "" || r.dir == "" || !isEmpty(dir) || os.Rename(dir, one.folder) != nil {
		p.end()
		return
	}
	var first rested
	r.mu.Lock()
	switch {
	case r.over:
		first = one
	case len(r.all) == mostResting:
		first, r.all = r.all[0], append(slices.Clone(r.all[1:]), one)
	default:
		r.all = append(r.all, one)
	}
	r.mu.Unlock()
	if first.process != nil {
		first.leave()
	}
}

func isEmpty(dir string) bool {
	left, err := os.ReadDir(dir)
	return err == nil && len(left) == 0
}

// lasting returns the values that are not those of one run: what a variable stood for when
// the engine was shut in must be what it stands for now.
func lasting(values map[string]string) map[string]string {
	left := maps.Clone(values)
	maps.DeleteFunc(left, func(name, _ string) bool {
		prefix, _, _ := strings.Cut(name, ".")
		return prefix == "param" || prefix == "run" || prefix == "interval"
	})
	return left
}

// alike returns what runs have in common whose engine may serve the next of them, or ""
// when the engine of this run serves no other. What differs between them is known to the
// pipeline: parameters, and what its nodes remember.
func alike(c runs.Claim, j job.Job) string {
	j.Run, j.Values, j.Dir, j.Claim = "", lasting(j.Values), "", 0
	j.Nodes = slices.Clone(j.Nodes)
	for i, s := range j.Nodes {
		if s.Given() || s.Keep {
			return ""
		}
		j.Nodes[i].State = nil
	}
	text, err := json.Marshal(struct {
		Pipeline any
		Version  int
		Job      job.Job
	}{c.Run.Pipeline, c.Run.PipelineVersion, j})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return string(sum[:])
}
