package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/files"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
)

// run is the execution of one job. A copy of it with a database of its own does a
// part of the work: what they share is written before the work begins, or by the
// one copy that has the node which it is about.
type run struct {
	job    job.Job
	db     *database
	log    *slog.Logger
	roots  files.Roots
	access node.Access // of all nodes together
	plan   plan
	steps  []*state     // in the job's order
	traits []traits     // of steps
	reads  func() int64 // the size of all files that the run reads
	asks   *asker
	// searched says that files were looked for, which another run may find more of.
	searched bool
	own      string // node.Env.Own
	*speaker
}

// state is how far one node is.
type state struct {
	job.Step
	spec      node.Spec
	common    node.Common
	node      node.Node
	refused   error       // why it cannot reach its files, when the run goes on without it
	shown     *job.Sample // rows that its failure is about
	env       node.Env
	rel       node.Relation // once selected; the kept file's, once kept
	copyFirst bool          // the file that it reads is replaced by this run
	readFirst bool          // a sink of this run writes to the database that it reads
	planning  time.Duration // what Select took
	began     time.Time
	ended     bool
	skipped   bool   // no rows come out of it
	lost      bool   // it has failed, and the run went on
	pushed    bool   // a database has computed its rows for the node before it
	answer    *bool  // of a node that decides
	depth     int    // how many nodes are nested in rel, with itself
	kept      string // the file of its rows, once kept
	table     string // where its rows are kept instead, when only one node reads them and only once
}

func (r *run) index(s *state) int { return slices.Index(r.steps, s) }

// relate plans a relational node, and computes as much as must be kept.
func (r *run) relate(ctx context.Context, i int) error {
	s := r.steps[i]
	if err := r.selected(ctx, i); err != nil {
		return r.failed(s, err)
	}
	for in, most := range r.wanted(i) {
		r.pass(in, most)
		if err := r.execute(ctx, in); err != nil {
			return err
		}
		if err := r.selected(ctx, i); err != nil {
			return r.failed(s, err)
		}
	}
	if s.depth = 1 + r.deepest(i); r.plan.shared(i) || s.copyFirst || s.common.Keep || s.common.Careful() || s.depth >= maxFused {
		return r.execute(ctx, i)
	}
	return nil
}

// maxFused is how many nodes one statement nests at most: planning it takes time that
// grows with their number, and so does a look at each.
const maxFused = 16

// deepest returns how many nodes are nested in the relations that node i takes.
func (r *run) deepest(i int) int {
	depth := 0
	for _, in := range r.plan.inputs[i] {
		if !r.traits[in].kept {
			depth = max(depth, r.steps[in].depth)
		}
	}
	return depth
}

// selected asks a relational node for its relation over the current inputs.
func (r *run) selected(ctx context.Context, i int) error {
	s, start := r.steps[i], time.Now()
	selecter, is := s.node.(node.Relational)
	if !is {
		return nil
	}
	rel, err := guarded(func() (node.Relation, error) { return selecter.Select(ctx, s.env, r.inputs(i)) })
	s.planning += time.Since(start)
	if err != nil {
		return err
	}
	rel.Numbered = nil // its rows are not the input's
	rel = r.sampled(i, rel)
	s.rel = rel
	r.traits[i] = traits{sameRows: rel.SameRows, counted: !rel.SameRows && (rel.Rows >= 0 || len(rel.Files) > 0)}
	return nil
}

func (r *run) inputs(i int) []node.Relation {
	rels := make([]node.Relation, len(r.plan.inputs[i]))
	for k, in := range r.plan.inputs[i] {
		rels[k] = r.steps[in].rel
		rels[k].Name = r.steps[in].ID
	}
	return rels
}

// outcome is what a statement has left.
type outcome struct {
	rows     int64
	back     node.Relation       // the rows of the result, to be read again
	previews map[int]*job.Sample // of nodes on the way
}

// execute computes the stage that ends in node last, and finishes its members.
func (r *run) execute(ctx context.Context, last int) error {
	members := r.plan.stage(last, r.traits)
	for _, m := range members {
		r.begin(r.steps[m])
		r.steps[m].env.DB = r.db
	}
	r.db.progress = func(done float64) {
		for _, m := range members {
			r.say(job.Message{Type: job.NodeProgress, Node: r.steps[m].ID, Progress: &done})
		}
	}
	result, err := r.attempts(ctx, members)
	r.db.progress = nil
	if err != nil {
		if s, why := r.explained(ctx, members, err); why != nil {
			return r.failed(s, why)
		}
		return r.failed(r.blamed(members, err), err)
	}
	counts, err := r.count(ctx, members, result.rows)
	if err != nil {
		return r.failed(r.steps[last], err)
	}
	r.showResult(ctx, members, result)
	if s := r.steps[last]; result.back.SQL != "" && !r.isSink(last) {
		s.rel, r.traits[last] = result.back, traits{kept: true}
		if s.table == "" {
			s.kept = r.artifact(last)
			r.say(job.Message{Type: job.Artifact, Node: s.ID, Path: s.kept, Rows: &result.rows})
		}
	}
	for _, m := range members {
		r.finish(r.steps[m], counts[m])
	}
	return nil
}

// attempts executes a stage, again when a node has learnt from its failure.
func (r *run) attempts(ctx context.Context, members []int) (outcome, error) {
	for {
		result, err := r.attempt(ctx, members)
		if err == nil || ctx.Err() != nil {
			return result, err
		}
		learnt, reviseErr := r.revise(ctx, members, err)
		if reviseErr != nil || !learnt {
			return result, errors.Join(reviseErr, err)
		}
		for _, m := range members {
			if err := r.selected(ctx, m); err != nil {
				return result, err
			}
		}
	}
}

func (r *run) revise(ctx context.Context, members []int, failure error) (bool, error) {
	again := false
	for _, m := range members {
		if reviser, is := r.steps[m].node.(node.Reviser); is {
			learnt, err := guarded(func() (bool, error) { return reviser.Revise(ctx, r.steps[m].env, failure) })
			if err != nil {
				return false, err
			}
			again = again || learnt
		}
	}
	return again, nil
}

func (r *run) attempt(ctx context.Context, members []int) (outcome, error) {
	last := members[len(members)-1]
	result := outcome{previews: r.previewsOnTheWay(ctx, members)}
	s := r.steps[last]
	var err error
	if sink, is := s.node.(node.Sink); is {
		type written struct {
			rows int64
			back node.Relation
		}
		w, err := guarded(func() (written, error) {
			rows, back, err := sink.Write(ctx, s.env, r.inputs(last)[0])
			return written{rows, back}, err
		})
		result.rows, result.back = w.rows, w.back
		if about, is := errors.AsType[*node.RowsError](err); is {
			s.shown = r.look(ctx, last, about.Rows)
		}
		return result, err
	}
	if s.table != "" {
		result.back, err = r.db.keep(ctx, s.table, s.rel)
		result.rows = result.back.Rows
		return result, err
	}
	result.back, err = r.db.write(ctx, r.artifact(last), s.rel)
	result.rows = result.back.Rows
	return result, err
}

// count returns the exact number of rows of every member of a stage.
func (r *run) count(ctx context.Context, members []int, total int64) (map[int]int64, error) {
	profile, scanned := r.db.profile, make(map[int]int64)
	for _, m := range members[:len(members)-1] {
		rel := r.steps[m].rel
		switch {
		case rel.SameRows:
			if first := r.plan.inputs[m][0]; r.traits[first].kept {
				scanned[m] = r.steps[first].rel.Rows
			}
		case rel.Rows >= 0:
			scanned[m] = rel.Rows
		case len(rel.Files) > 0:
			n, told := scannedRows(profile, rel.Files)
			if !told {
				table, err := r.db.Query(ctx, "SELECT count(*) FROM ("+rel.SQL+")", 1)
				if err != nil {
					return nil, err
				}
				n, _ = table.Rows[0][0].(int64)
			}
			scanned[m] = n
		}
	}
	return r.plan.counts(members, total, scanned, r.traits), nil
}

// isSink reports whether rows leave the pipeline at node i.
func (r *run) isSink(i int) bool {
	_, is := r.steps[i].node.(node.Sink)
	return is
}

// shownByResult returns the members whose rows are those that the stage writes.
func (r *run) shownByResult(members []int) []int {
	last := members[len(members)-1]
	shown := []int{last}
	if r.isSink(last) {
		if in := r.plan.inputs[last][0]; slices.Contains(members, in) {
			shown = append(shown, in)
		}
	}
	return shown
}

// previewsOnTheWay looks at the nodes whose rows the stage does not write, before
// the stage may replace the file that they come from. One that fails is left out:
// the statement itself will say why.
func (r *run) previewsOnTheWay(ctx context.Context, members []int) map[int]*job.Sample {
	previews, later := make(map[int]*job.Sample), r.shownByResult(members)
	for _, m := range members {
		if slices.Contains(later, m) || r.steps[m].rel.Heavy && r.reads() > maxHeavy {
			continue
		}
		if sample := r.look(ctx, m, r.steps[m].rel); sample != nil {
			previews[m] = sample
		}
	}
	return previews
}

// maxHeavy is how many bytes a run may read for rows to be computed twice, only to
// show the first of them. What it is for less takes a moment.
const maxHeavy = 16 << 20

// look returns the first rows of rel, which are those of node i, or nil.
func (r *run) look(ctx context.Context, i int, rel node.Relation) *job.Sample {
	if rel.SQL == "" || r.job.Query != nil && !r.asked(i) {
		return nil
	}
	if rel.Head != "" {
		head := rel
		head.SQL, head.Head = rel.Head, ""
		if sample := r.look(ctx, i, head); sample != nil {
			return sample
		}
	}
	sample, err := r.db.preview(ctx, rel, r.job.Limits)
	if err != nil {
		r.log.DebugContext(ctx, "no preview", "node", r.steps[i].ID, "error", err)
		return nil
	}
	return sample
}

// showResult says the previews of a stage that has succeeded.
func (r *run) showResult(ctx context.Context, members []int, result outcome) {
	last := members[len(members)-1]
	sample := r.look(ctx, last, result.back)
	if sample == nil && r.isSink(last) {
		// What is written cannot be read again cheaply: its rows are computed once more.
		sample = r.look(ctx, last, r.inputs(last)[0])
	}
	for _, m := range r.shownByResult(members) {
		result.previews[m] = sample
	}
	for _, m := range members {
		if sample := result.previews[m]; sample != nil {
			r.say(job.Message{Type: job.Preview, Node: r.steps[m].ID, Table: sample})
		}
	}
}

// blamed returns the member of a stage that an error is about: the source whose
// file it names, else the last node that computes something, else the last.
func (r *run) blamed(members []int, err error) *state {
	last := r.steps[members[len(members)-1]]
	if len(fault.ProblemsOf(err)) > 0 || fault.KindOf(err) == fault.Internal {
		return last
	}
	var computing *state
	for _, m := range members {
		s := r.steps[m]
		for _, file := range s.rel.Files {
			if strings.Contains(fault.MessageOf(err), filepath.Base(file)) {
				return s
			}
		}
		if !r.isSink(m) && len(r.plan.inputs[m]) > 0 {
			computing = s
		}
	}
	if computing != nil && fault.KindOf(err) == fault.Invalid {
		return computing
	}
	return last
}

func (r *run) begin(s *state) {
	if !s.began.IsZero() {
		return
	}
	s.began = time.Now().Add(-s.planning)
	r.say(job.Message{Type: job.NodeStarted, Node: s.ID})
}

func (r *run) finish(s *state, rows int64) {
	s.ended = true
	r.say(job.Message{Type: job.NodeFinished, Node: s.ID, Status: job.Success, Rows: &rows, Millis: millis(s)})
}

// millis is how long a node that has begun has taken.
func millis(s *state) int64 { return time.Since(s.began).Milliseconds() }

// failure is why a node has failed.
type failure struct {
	of *state
	error
}

// Unwrap returns the error without the node.
func (f failure) Unwrap() error { return f.error }

// failed returns err as the failure of a node, which the one who gives up says.
func (*run) failed(s *state, err error) error {
	if _, told := errors.AsType[failure](err); told {
		return err
	}
	return failure{s, err}
}

// sayFailed says that the node has failed that err is about, if it is about one.
func (r *run) sayFailed(err error) {
	f, is := errors.AsType[failure](err)
	if !is || f.of.ended {
		return
	}
	r.begin(f.of)
	f.of.ended = true
	why := job.FailureOf(f.error)
	if _, is := errors.AsType[*node.RowsError](err); is {
		why.Rows = f.of.shown
	}
	r.say(job.Message{Type: job.NodeFinished, Node: f.of.ID, Status: job.Failed, Millis: millis(f.of), Error: why})
}

// guarded calls a node. A panic in it is its own failure and not the engine's end.
func guarded[T any](call func() (T, error)) (result T, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fault.Wrap(fault.Internal, fmt.Errorf("panic: %v\n%s", cause, debug.Stack()), "a node broke down")
		}
	}()
	return call()
}
