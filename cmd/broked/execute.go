package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/broked/broked/internal/calls"
	"github.com/broked/broked/internal/contacts"
	"github.com/broked/broked/internal/executor"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// executeFlags say how a process executes runs. All that share a database are to have
// the same, but for the labels and what a run may use.
type executeFlags struct {
	Labels   []string `help:"Labels of this process: besides runs without a label it executes those that have one of these." env:"BROKOLI_LABELS" placeholder:"LABEL"`
	DataDirs []string `help:"More folders that file nodes may touch." env:"BROKOLI_DATA_DIRS" sep:":" placeholder:"DIR"`
	programFlags
	outboundFlags
	limitFlags
	artifactFlags
	secretFlags
}

func (f *executeFlags) checkExecution() error {
	for _, label := range f.Labels {
		if err := pipelines.CheckLabel(label); err != nil {
			return fmt.Errorf("--labels: %w", err)
		}
	}
	if _, err := f.place(); err != nil {
		return err
	}
	_, err := f.exit()
	return errors.Join(err, f.checkSecrets())
}

// mostSlots is how many runs a process may execute at once.
const mostSlots = 1024

// duty is what a process does for those that share its database.
type duty struct {
	kind  runs.ProcessKind
	slots int
	*executeFlags
}

// hands makes what executes runs, but for the way out to other machines.
func (s *assembled) hands(d duty, data *folder, database string, kinds *node.Registry) error {
	s.files = contacts.FetcherDeps{Store: s.memory, Files: contacts.Files(data.in("contacts")), News: s.board, Log: s.log}
	s.contacts = contacts.NewService(s.memory, s.files.Files, s.board)
	s.pipelines = pipelines.NewService(s.memory, kinds, s.board)
	s.runs = runs.NewService(s.memory, s.pipelines, s.board)
	s.runs.Executes(d.slots, d.Labels)
	kept, err := d.place()
	if err != nil {
		return err
	}
	roots, err := reach(append([]string{data.in("files")}, d.DataDirs...), append(data.private(database), kept.Folders()...))
	if err != nil {
		return err
	}
	for _, dir := range []string{"runs", "engines"} { // those of engines are empty
		if err := executor.Clean(data.in(dir)); err != nil {
			return err
		}
	}
	limits, err := d.limits(d.slots)
	if err != nil {
		return err
	}
	command, err := executor.Command(limits.Memory, d.engineFlags()...)
	if err != nil {
		return err
	}
	s.engines = executor.NewEngines(command, min(d.slots, 2), data.in("engines"), s.log)
	s.calls = calls.NewKeeper()
	s.executing = executor.Deps{
		Store: s.memory, Engines: s.engines, Kinds: kinds, News: s.board, Log: s.log,
		Owner: s.owner, Dir: data.in("runs"), Roots: roots, Limits: limits,
		Called: s.runs.Children,
		Answers: map[string]executor.Answer{
			contacts.AskPage: executor.Answering(s.contacts.Page),
			contacts.AskPut:  executor.Answering(s.contacts.Put),
			runs.AskPlan:     executor.Planning(kinds, s.runs),
			calls.AskTurn:    executor.Turns(s.calls, func() outbound.Exit { return s.executing.Out }),
			calls.AskOver:    executor.TurnsOver(s.calls),
			runs.AskHeld: func(ctx context.Context, from executor.Asker, _ json.RawMessage) (any, error) {
				return struct{}{}, s.memory.RecordEvents(ctx, from.Run, from.Fence, nil)
			},
			runs.AskInput: func(ctx context.Context, from executor.Asker, _ json.RawMessage) (any, error) {
				return s.runs.Input(ctx, from.Run)
			},
		},
	}
	s.connected(d.secretFlags, kinds)
	return nil
}

// active returns how many runs are executed here.
func (s *assembled) active() int {
	if s.executor == nil {
		return 0
	}
	return s.executor.Active()
}
