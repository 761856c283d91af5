package main

import (
	"fmt"
	"syscall"
	"time"

	"github.com/broked/broked/internal/issues"
)

// watchFlags say what is an issue.
type watchFlags struct {
	StuckAfter time.Duration `help:"Tell of runs that have shown no sign for so long." env:"BROKOLI_STUCK_AFTER" default:"30m" placeholder:"TIME"`
}

// space returns how much room the folder's disk has.
func (f *folder) space() (issues.Space, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(f.path, &s); err != nil {
		return issues.Space{}, fmt.Errorf("data folder: %w", err)
	}
	block := uint64(s.Bsize) //nolint:gosec // a size
	return issues.Space{Free: s.Bavail * block, Total: s.Blocks * block}, nil
}
