// Package engine executes one run: it reads a job, plans which nodes become one
// statement, executes the statements on a DuckDB of its own and says what happens.
// It is handed a registry and knows no kind of node by name.
package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/files"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
)

// Engine is what a run needs of the process that it runs in.
type Engine struct {
	Kinds *node.Registry
	Log   *slog.Logger // for the people who run the server
	// Confine shuts the process in before a run's statements begin, for ever: it may
	// touch the files of the run and no others. Nil leaves it as it is, for tests.
	Confine func(reach Reach) error
}

// Run says that it is ready, reads one job from in, executes it and writes its
// messages to out; then it returns. What follows the job are the replies to questions
// of nodes. A process serves one run, so that whatever
// the run does to it ends with it. What is slow and the same for every run is
// done before ready is said, so that a server may keep engines waiting.
//
// A run that fails is no error: it is told in the messages. Run returns an error
// when there is no job to read or nobody to tell; an in that ends without a job
// means that the server has no use for the engine, and is no error either.
func (e Engine) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	db, err := openDatabase(ctx)
	if err != nil {
		return err
	}
	talk := newSpeaker(out)
	talk.say(job.Message{Type: job.Ready})
	var j job.Job
	replies := json.NewDecoder(bufio.NewReader(in))
	switch err := replies.Decode(&j); {
	case errors.Is(err, io.EOF):
		return db.close()
	case err != nil:
		return errors.Join(fmt.Errorf("read the job: %w", err), db.close())
	}
	end := job.Message{Type: job.Finished, Status: job.Success}
	asks := newAsker(talk)
	go asks.hear(replies) // until the process ends, or in does
	if err := e.execute(ctx, j, db, asks); err != nil {
		e.Log.DebugContext(ctx, "run failed", "run", j.Run, "error", err)
		end.Status, end.Error = job.Failed, job.FailureOf(err)
	}
	talk.say(end)
	return errors.Join(talk.failure(), db.close())
}

// execute does the work of a job and tells everything but its end.
func (e Engine) execute(ctx context.Context, j job.Job, db *database, asks *asker) error {
	r := &run{job: j, db: db, speaker: asks.talk, asks: asks, log: e.Log, roots: files.Roots(j.Roots)}
	err := r.prepare(ctx, e.Kinds)
	if err == nil {
		err = e.enclose(ctx, r)
	}
	if err == nil {
		err = r.all(ctx)
	}
	r.sayFailed(err)
	r.skipRest()
	if err == nil {
		r.warnOfLost()
	}
	return errors.Join(err, r.tidy())
}

// enclose locks the database and shuts in the process.
func (e Engine) enclose(ctx context.Context, r *run) error {
	if e.Confine != nil {
		if err := e.Confine(reachOf(r.access, r.job.Dir)); err != nil {
			e.Log.WarnContext(ctx, "a run is not confined", "run", r.job.Run, "error", err)
		}
	}
	return r.db.lock(ctx, r.job, r.access, r.width())
}

// prepare makes the nodes and lets them find their files.
func (r *run) prepare(ctx context.Context, kinds *node.Registry) error {
	for _, step := range r.job.Nodes {
		r.steps = append(r.steps, &state{Step: step})
	}
	sinks := make(map[string]bool)
	for _, s := range r.steps {
		spec, err := kinds.Spec(s.Kind)
		if err != nil {
			return r.failed(s, err)
		}
		sinks[s.Kind] = !spec.HasOutput()
		s.spec = spec
		made, problems := spec.Build(s.Config)
		if len(problems) > 0 {
			return r.failed(s, fault.Rejected("the settings cannot be used", problems))
		}
		s.node = made
		r.given(s)
		if s.common, err = spec.Common(s.Config); err != nil {
			return r.failed(s, err)
		}
		s.common.Keep = s.common.Keep || s.Keep
	}
	var err error
	if r.plan, err = newPlan(r.job.Nodes, r.needed(), func(kind string) bool { return sinks[kind] }); err != nil {
		return err
	}
	r.traits = make([]traits, len(r.steps))
	for i, s := range r.steps {
		r.traits[i].sameRows = sinks[s.Kind] // until a node says otherwise
	}
	if err := r.openAll(ctx); err != nil {
		return err
	}
	if err := r.clashes(); err != nil {
		return err
	}
	r.reads = sync.OnceValue(r.inputSize)
	return r.noteLeftovers()
}

// inputSize returns the size of all files that the run reads.
func (r *run) inputSize() int64 {
	var size int64
	for _, path := range r.access.Reads {
		if info, err := os.Stat(path); err == nil {
			size += info.Size()
		}
	}
	return size
}

// openAll lets those nodes find their files that are computed.
func (r *run) openAll(ctx context.Context) error {
	for _, s := range r.steps {
		if s.Restored != nil {
			continue // it touches nothing
		}
		err := r.open(ctx, s)
		if err != nil && s.common.OnFailure == node.FailRun {
			return r.failed(s, err)
		}
		s.refused = err
	}
	return nil
}

// noteLeftovers writes down what the server must remove if this process is killed.
func (r *run) noteLeftovers() error {
	var lines strings.Builder
	for _, path := range r.access.Leftovers {
		if !strings.Contains(path, "\n") {
			lines.WriteString(path + "\n")
		}
	}
	if lines.Len() == 0 {
		return nil
	}
	if err := os.WriteFile(filepath.Join(r.job.Dir, job.LeftoversFile), []byte(lines.String()), 0o600); err != nil {
		return fmt.Errorf("write the run's folder: %w", err)
	}
	return nil
}

// open gives a node its folder and lets it find its files.
func (r *run) open(ctx context.Context, s *state) error {
	s.env = node.Env{
		Pipeline: r.job.Name, Run: r.job.Run, Node: s.ID,
		Roots: r.roots, Legacy: r.job.Legacy,
		Temp:   filepath.Join(r.job.Dir, "tmp", strconv.Itoa(r.index(s))),
		Memory: r.job.Limits.Memory, Params: r.job.Params(),
		Values: func(name string) (string, bool) {
			v, ok := r.job.Values[name]
			return v, ok
		},
		Ask: func(ctx context.Context, what string, body, answer any) error {
			return r.asks.ask(ctx, s.ID, what, body, answer)
		},
		State: s.State, Enough: r.job.Wanted(),
		Keep: func(kept json.RawMessage) { r.say(job.Message{Type: job.Kept, Node: s.ID, State: kept}) },
		Log: func(level node.Level, format string, args ...any) {
			r.say(job.Message{Type: job.Log, Node: s.ID, Level: level, Message: fmt.Sprintf(format, args...)})
		},
	}
	if err := os.MkdirAll(s.env.Temp, 0o700); err != nil {
		return fmt.Errorf("make the run's folder: %w", err)
	}
	if opener, is := s.node.(node.Opener); is {
		access, err := guarded(func() (node.Access, error) { return opener.Open(ctx, s.env) })
		if err != nil {
			return err
		}
		s.env.Access = access
		r.access.Reads = append(r.access.Reads, access.Reads...)
		r.access.Writes = append(r.access.Writes, access.Writes...)
		r.access.Folders = append(r.access.Folders, access.Folders...)
		r.access.Databases = append(r.access.Databases, access.Databases...)
		r.access.Programs = append(r.access.Programs, access.Programs...)
		r.access.Grounds = append(r.access.Grounds, access.Grounds...)
		r.access.Leftovers = append(r.access.Leftovers, access.Leftovers...)
		r.access.Network = r.access.Network || access.Network
		if access.Network {
			s.env.Out = &r.job.Out
		}
	}
	s.env.DB = r.db
	return nil
}

// clashes refuses two nodes that write one file, and has those rows copied first
// whose file another node is going to replace.
func (r *run) clashes() error {
	writers := make(map[string]*state)
	for _, s := range r.steps {
		for _, path := range append(append([]string{}, s.env.Access.Writes...), s.env.Access.Folders...) {
			if other := writers[path]; other != nil {
				return r.failed(s, fault.New(fault.Invalid, "%q and %q both write %s: give one of them another path", other.Name, s.Name, filepath.Base(path)))
			}
			writers[path] = s
		}
	}
	for _, s := range r.steps {
		for _, path := range s.env.Access.Reads {
			s.copyFirst = s.copyFirst || writers[path] != nil
		}
	}
	return r.sharing(writers)
}

// sharing refuses a node that replaces the database of another, and has databases
// read before sinks write to them.
func (r *run) sharing(writers map[string]*state) error {
	written := make(map[string]bool)
	for _, s := range r.steps {
		for _, path := range s.env.Access.Databases {
			written[path] = written[path] || !s.spec.HasOutput()
		}
	}
	for _, s := range r.steps {
		for _, path := range s.env.Access.Databases {
			s.readFirst = s.readFirst || s.spec.HasOutput() && written[path]
			if other := writers[path]; other != nil {
				return r.failed(s, fault.New(fault.Invalid, "%q replaces %s, which is the database of %q: give one of them another path", other.Name, filepath.Base(path), s.Name))
			}
		}
	}
	return nil
}

// tidy removes what the run needed only while it ran.
func (r *run) tidy() error {
	err := errors.Join(os.RemoveAll(filepath.Join(r.job.Dir, "tmp")), os.RemoveAll(filepath.Join(r.job.Dir, job.LeftoversFile)))
	if err != nil {
		return fmt.Errorf("remove temporary files: %w", err)
	}
	return nil
}
