package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/broked/broked/internal/api"
)

// machine returns what tells this machine as it is now: who asks for it gets the
// runs that are executed here, too.
func machine(started time.Time, runs func() (active, most int)) func(context.Context) ([]api.Machine, error) {
	return func(context.Context) ([]api.Machine, error) {
		name, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("name of this machine: %w", err)
		}
		var now syscall.Sysinfo_t
		if err := syscall.Sysinfo(&now); err != nil {
			return nil, fmt.Errorf("state of this machine: %w", err)
		}
		active, most := runs()
		const fixedPoint = 1 << 16 // sysinfo(2): loads are scaled by it
		return []api.Machine{{
			Node: name, Platform: runtime.GOOS + "/" + runtime.GOARCH, State: "online", Version: version, StartedAt: started,
			CPUs: runtime.NumCPU(), Load: float64(now.Loads[0]) / fixedPoint,
			MemoryTotal: now.Totalram * uint64(now.Unit), MemoryFree: now.Freeram * uint64(now.Unit),
			ActiveRuns: active, MaxRuns: most,
		}}, nil
	}
}
