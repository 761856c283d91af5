package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
)

// errSlow is the cause of a context that ended because a node took too long.
var errSlow = errors.New("the node took too long")

// careful has a node computed that is to be tried again, limited in time or done
// without when it fails. Its inputs are kept first: what fails then is the node.
func (r *run) careful(ctx context.Context, i int) error {
	s := r.steps[i]
	for _, in := range r.plan.inputs[i] {
		if !r.traits[in].kept {
			if err := r.execute(ctx, in); err != nil {
				return err
			}
		}
	}
	for retry := 1; ; retry++ {
		err := r.limited(ctx, i)
		switch {
		case err == nil || ctx.Err() != nil:
			return err
		case retry > s.common.Retries || !fault.IsTransient(err):
			return r.givenUp(i, err)
		}
		if stopped := r.pause(ctx, s, retry, err); stopped != nil {
			return stopped
		}
	}
}

// limited is one try of a node, for no longer than its settings allow.
func (r *run) limited(ctx context.Context, i int) error {
	s := r.steps[i]
	switch {
	case s.refused != nil:
		return r.failed(s, s.refused)
	case s.common.Timeout == 0:
		return r.compute(ctx, i)
	}
	short, stop := context.WithTimeoutCause(ctx, s.common.Timeout, errSlow)
	defer stop()
	err := r.compute(short, i)
	if err == nil || ctx.Err() != nil || !errors.Is(context.Cause(short), errSlow) {
		return err
	}
	slow := fault.Wrap(fault.Unavailable, err, "the node did not finish within the %v that it may take", s.common.Timeout).With("timeout")
	return failure{s, fault.Transient(slow)}
}

// pause tells that a node has failed and is going to be tried again, waits, and tells
// that the next try begins. It returns an error when the run is stopped meanwhile.
func (r *run) pause(ctx context.Context, s *state, retry int, err error) error {
	wait, tries := s.common.Wait(retry, rand.Float64()), s.common.Retries+1 //nolint:gosec // it spreads load, and is no secret
	r.begin(s)
	s.env.Log(node.Warning, "attempt %d of %d failed: %s; the next one begins in %v", retry, tries, fault.MessageOf(err), wait.Round(time.Millisecond))
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return r.failed(s, r.db.fault(ctx, ctx.Err()))
	case <-timer.C:
	}
	r.say(job.Message{Type: job.NodeRetrying, Node: s.ID, Message: fmt.Sprintf("attempt %d of %d", retry+1, tries)})
	return nil
}

// givenUp does without a node that has failed, if its settings say so.
func (r *run) givenUp(i int, err error) error {
	s := r.steps[i]
	if s.common.OnFailure == node.FailRun {
		return err
	}
	r.sayFailed(err)
	s.lost = true
	if s.common.OnFailure == node.PassInput && len(r.plan.inputs[i]) > 0 && s.spec.HasOutput() && !s.spec.Branches {
		first := r.steps[r.plan.inputs[i][0]]
		s.rel, s.kept, r.traits[i] = first.rel, first.kept, traits{kept: true}
		s.env.Log(node.Warning, "the run goes on with the rows that came into this node")
		return nil
	}
	s.skipped = true
	s.env.Log(node.Warning, "the run goes on without this node and those behind it")
	return nil
}

// warnOfLost says which nodes a run that has succeeded did without.
func (r *run) warnOfLost() {
	var names []string
	for _, s := range r.steps {
		if s.lost {
			names = append(names, cmp.Or(s.Name, s.ID))
		}
	}
	if len(names) > 0 {
		r.say(job.Message{
			Type: job.Log, Level: node.Warning,
			Message: "the run went on although " + english.PluralWord(len(names), "a node", "nodes") + " failed: " + strings.Join(names, ", "),
		})
	}
}
