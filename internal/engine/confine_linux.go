package engine

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/landlock-lsm/go-landlock/landlock"
)

// runtimeFiles are what Go and DuckDB read of the machine while they work: its
// memory and processors, its time zones and random numbers.
var runtimeFiles = []string{
	"/proc/self", "/proc/meminfo", "/proc/cpuinfo", "/sys/fs/cgroup", "/sys/devices/system/cpu", "/usr/share/zoneinfo", "/etc/localtime",
	"/dev/null", "/dev/urandom",
}

// Confine shuts this process and all its threads in by Landlock: what reach does
// not name cannot be opened, whoever asks, and there is no network. It cannot be
// undone. An error means that the machine offers less than that; then nothing
// else has changed, and DuckDB's own lock still holds.
func Confine(reach Reach) error {
	err := landlock.V5.BestEffort().Restrict(
		landlock.ROFiles(reach.Reads...).IgnoreIfMissing(),
		landlock.RODirs(runtimeFiles...).IgnoreIfMissing(),
		landlock.RWDirs(reach.Folders...).WithRefer().IgnoreIfMissing(),
	)
	if err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	return nil
}

// LimitProcess makes this process the first to go when memory runs out, keeps it
// from leaving core files, and lets its data grow to memory bytes at most.
func LimitProcess(memory uint64) error {
	syscall.Umask(0o022)
	return errors.Join(
		os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0),
		syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}),
		syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: memory, Max: memory}),
	)
}
