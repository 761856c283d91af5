package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
)

// asker puts the questions of nodes to the server, any number at once.
type asker struct {
	talk    *speaker
	replies *json.Decoder // read from the first question on

	mu      sync.Mutex
	hearing bool
	last    int64
	waiting map[int64]chan job.Reply
	gone    bool // the server says no more
}

func newAsker(talk *speaker, replies *json.Decoder) *asker {
	return &asker{talk: talk, replies: replies, waiting: make(map[int64]chan job.Reply)}
}

// asked reports whether anything was asked: then somebody reads what the server says,
// until the process ends.
func (a *asker) asked() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.hearing
}

// hear hands every reply of the server to whoever waits for it, until there are
// no more.
func (a *asker) hear() {
	for {
		var r job.Reply
		if err := a.replies.Decode(&r); err != nil {
			break
		}
		a.mu.Lock()
		waits := a.waiting[r.ID]
		delete(a.waiting, r.ID)
		a.mu.Unlock()
		if waits != nil {
			waits <- r // has room: it is the only one
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gone = true
	for _, waits := range a.waiting {
		close(waits)
	}
}

// ask is node.Env.Ask for one node.
func (a *asker) ask(ctx context.Context, node, what string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("ask for %s: %w", what, err)
	}
	waits := make(chan job.Reply, 1)
	id := a.await(waits)
	if id == 0 {
		return alone(what)
	}
	a.talk.say(job.Message{Type: job.Ask, Node: node, Question: &job.Question{Node: node, ID: id, What: what, Body: text}})
	select {
	case <-ctx.Done():
		return ctx.Err()
	case r, ok := <-waits:
		switch {
		case !ok:
			return alone(what)
		case r.Error != nil:
			refused := fault.New(fault.Invalid, "%s", r.Error.Message).With(r.Error.Code)
			refused.Problems = r.Error.Problems
			return refused
		}
		if err := json.Unmarshal(r.Body, answer); err != nil {
			return fmt.Errorf("the answer to %s: %w", what, err)
		}
		return nil
	}
}

// await notes who waits for the reply to the question whose number it returns; 0
// means that there will be none.
func (a *asker) await(waits chan job.Reply) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gone {
		return 0
	}
	if !a.hearing {
		a.hearing = true
		go a.hear() // until the process ends, or in does
	}
	a.last++
	a.waiting[a.last] = waits
	return a.last
}

func alone(what string) error {
	return fault.New(fault.Invalid, "there is no server to answer %s", what).With("no_server")
}
