package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/runs"
)

// load tells this machine as it is now, and that so many runs are executed here.
func load(active int) (runs.Load, error) {
	l := runs.Load{Platform: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU(), ActiveRuns: active}
	var now syscall.Sysinfo_t
	if err := syscall.Sysinfo(&now); err != nil {
		return l, fmt.Errorf("state of this machine: %w", err)
	}
	const fixedPoint = 1 << 16 // sysinfo(2): loads are scaled by it
	l.Mean = float64(now.Loads[0]) / fixedPoint
	l.MemoryTotal, l.MemoryFree = now.Totalram*uint64(now.Unit), now.Freeram*uint64(now.Unit)
	return l, nil
}

// machines returns what tells the machines that execute runs: this one, whose process is
// own, as it is now, and those of the processes that share its database as they were when
// they were last seen.
func (s *assembled) machines(own runs.Process) func(context.Context) ([]api.Machine, error) {
	return func(ctx context.Context) ([]api.Machine, error) {
		var err error
		if own.Host, err = os.Hostname(); err != nil {
			return nil, fmt.Errorf("name of this machine: %w", err)
		}
		here, err := load(s.active())
		if err != nil {
			return nil, err
		}
		all, err := s.memory.Processes(ctx)
		if err != nil {
			return nil, err
		}
		if s.shares == nil {
			all = []runs.Process{own}
		}
		return toldMachines(all, own.ID, here), nil
	}
}

// toldMachines tells processes. Of several on one machine each gets a name of its own.
func toldMachines(all []runs.Process, own string, here runs.Load) []api.Machine {
	var list []api.Machine
	on := map[string]int{}
	for _, p := range all {
		if p.ID == own {
			p.Load = here
		}
		m := api.Machine{
			Node: p.Host, Kind: p.Kind, Platform: p.Load.Platform, State: "online", Version: p.Version, Labels: append([]string{}, p.Labels...),
			StartedAt: p.StartedAt, CPUs: p.Load.CPUs, Load: p.Load.Mean, MemoryTotal: p.Load.MemoryTotal, MemoryFree: p.Load.MemoryFree,
			ActiveRuns: p.Load.ActiveRuns, MaxRuns: p.Slots,
		}
		if !p.SeenAt.IsZero() {
			m.SeenAt = &p.SeenAt
		}
		if on[p.Host]++; on[p.Host] > 1 {
			m.Node = fmt.Sprintf("%s/%d", p.Host, on[p.Host])
		}
		list = append(list, m)
	}
	return list
}
