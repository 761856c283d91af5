// Package engine executes one run: it reads a job, plans which nodes become one
// statement, executes the statements on a DuckDB of its own and says what happens.
// It is handed a registry and knows no kind of node by name.
package engine

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/broked/broked/internal/connection"
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

// Run says that it is ready, reads a job from in, executes it and writes its
// messages to out. What follows the job are the replies to questions
// of nodes. What is slow and the same for every run is
// done before ready is said, so that a server may keep engines waiting.
//
// A process serves one run, so that whatever the run does to it ends with it. Only when
// nothing but its database and plain files was touched, Run begins again for a run that
// touches the very same files: see shut. A job that is not of this kind is declined. The
// database is another one, unless that of the run before is as good as new: see bare.
//
// A run that fails is no error: it is told in the messages. Run returns an error
// when there is no job to read or nobody to tell; an in that ends without a job
// means that the server has no use for the engine, and is no error either.
func (e Engine) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	db, err := openDatabase(ctx)
	if err != nil {
		return err
	}
	db.warm(ctx)
	talk, lines, shut := newSpeaker(out), json.NewDecoder(bufio.NewReader(in)), &shut{own: rand.Text()[:8]}
	for {
		talk.say(job.Message{Type: job.Ready})
		var j job.Job
		switch err := lines.Decode(&j); {
		case errors.Is(err, io.EOF):
			return db.close()
		case err != nil:
			return errors.Join(fmt.Errorf("read the job: %w", err), db.close())
		}
		end := e.serve(ctx, j, db, newAsker(talk, lines), shut)
		talk.say(end)
		if err := talk.failure(); err != nil || !end.Again {
			return errors.Join(err, db.close())
		}
		if db.spent {
			if err := db.renew(ctx); err != nil {
				return err
			}
		}
	}
}

// serve does the work of a job, tells everything but its end, and returns that.
func (e Engine) serve(ctx context.Context, j job.Job, db *database, asks *asker, s *shut) job.Message {
	r := &run{job: j, db: db, speaker: asks.talk, asks: asks, log: e.Log, roots: files.Roots(j.Roots), own: s.own}
	err := e.execute(ctx, r, s)
	switch {
	case errors.Is(err, errDeclined):
		return job.Message{Type: job.Declined}
	case err != nil:
		e.Log.DebugContext(ctx, "run failed", "run", j.Run, "error", err)
		return job.Message{Type: job.Finished, Status: job.Failed, Error: job.FailureOf(err)}
	}
	return job.Message{Type: job.Finished, Status: job.Success, Again: s.again(r)}
}

// execute does the work of a run and tells everything but its end.
func (e Engine) execute(ctx context.Context, r *run, s *shut) error {
	err := s.admit(r, func() error { return r.prepare(ctx, e.Kinds) })
	if errors.Is(err, errDeclined) {
		return err
	}
	if err == nil {
		err = e.enclose(ctx, r, s)
	}
	if err == nil {
		err = r.all(ctx)
	}
	r.sayFailed(err)
	r.skipRest()
	if err == nil {
		r.warnOfLost()
	}
	r.bare(ctx)
	return errors.Join(err, r.tidy())
}

// bare drops what the run has made in its database, which may then serve another run,
// unless a person has written a statement for it. It comes before the folder is tidied,
// because rows that were spilled are given up then.
func (r *run) bare(ctx context.Context) {
	r.db.spent = r.db.spent || slices.ContainsFunc(r.steps, func(s *state) bool { return s.spec.TakesSQL() })
	r.db.empty(context.WithoutCancel(ctx))
	spilled, err := filepath.Glob(filepath.Join(r.job.Dir, "tmp", "duckdb_*"))
	r.db.spent = r.db.spent || err != nil || len(spilled) > 0
}

// enclose locks the database and shuts in the process, unless it is already.
func (e Engine) enclose(ctx context.Context, r *run, s *shut) error {
	if s.runs == 1 {
		e.confine(ctx, r, s)
	}
	return r.db.lock(ctx, r.job, r.access, r.width())
}

func (e Engine) confine(ctx context.Context, r *run, s *shut) {
	reach := reachOf(r.access, r.job.Dir)
	s.note(reach)
	if e.Confine == nil {
		return
	}
	if err := e.Confine(reach); err != nil {
		s.last = true
		e.Log.WarnContext(ctx, "a run is not confined", "run", r.job.Run, "error", err)
	}
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
		Roots: searching{r.roots, &r.searched}, Legacy: r.job.Legacy,
		Own:    r.own,
		Temp:   filepath.Join(r.job.Dir, "tmp", strconv.Itoa(r.index(s))),
		Memory: r.job.Limits.Memory, Disk: r.job.Limits.Spill, Params: r.job.Params(),
		Values: func(name string) (string, bool) {
			v, ok := r.job.Values[name]
			return v, ok
		},
		Ask: func(ctx context.Context, what string, body, answer any) error {
			return r.asks.ask(ctx, s.ID, what, body, answer)
		},
		Connection: s.connection, State: s.State, Enough: r.job.Wanted(),
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

// connection is node.Env.Connection.
func (s *state) connection(name string) (connection.Connection, error) {
	c, is := s.Connections[name]
	if !is {
		return connection.Connection{}, fault.New(fault.Invalid, "the connection %q was not given to this node: connections are kept by a server, and a setting must name them", name).With("connection_not_given")
	}
	return c, nil
}

// clashes refuses two nodes that write one file, and has those rows copied first
// whose file another node is going to replace.
func (r *run) clashes() error {
	writers := make(map[string]*state)
	for _, s := range r.steps {
		for _, path := range slices.Concat(s.env.Access.Writes, s.env.Access.Folders, s.env.Access.Elsewhere) {
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
