package engine

import (
	"errors"
	"os"
	"syscall"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"

	"github.com/broked/broked/internal/outbound"
)

// What Go and DuckDB read of the machine while they work: memory and processors,
// time zones, random numbers.
var (
	machineFiles   = []string{"/proc/meminfo", "/proc/cpuinfo", "/etc/localtime", "/dev/null", "/dev/urandom"}
	machineFolders = []string{"/proc/self", "/sys/fs/cgroup", "/sys/devices/system/cpu", "/usr/share/zoneinfo"}
)

// Confine shuts this process and all its threads in by Landlock: what reach does
// not name cannot be opened, whoever asks, and no TCP connection can be made unless
// reach has the network. A kernel that knows less of Landlock, or nothing, confines less, and that is no
// error; DuckDB's own lock holds in any case.
//
// It cannot be undone.
func Confine(reach Reach) error {
	programs, folders := divided(reach.Programs)
	files, grounds := divided(reach.Grounds)
	config, rules := landlock.V5, []landlock.Rule{
		landlock.ROFiles(reach.Reads...),
		landlock.ROFiles(machineFiles...).IgnoreIfMissing(),
		landlock.RODirs(machineFolders...).IgnoreIfMissing(),
		landlock.ROFiles(programs...).IgnoreIfMissing(),
		landlock.RODirs(folders...).IgnoreIfMissing(),
		landlock.RWDirs(reach.Folders...).WithRefer(),
		landlock.RWFiles(append(files, "/dev/null")...).IgnoreIfMissing(),
		landlock.RWDirs(grounds...).WithRefer().IgnoreIfMissing(),
	}
	if reach.Network {
		config.HandledAccessNet = ll.AccessNetBindTCP // nobody listens, though
		rules = append(rules, landlock.ROFiles(outbound.MachineFiles...).IgnoreIfMissing(), landlock.RODirs(outbound.MachineFolders...).IgnoreIfMissing())
	}
	return config.BestEffort().Restrict(rules...)
}

// divided returns those of paths that are files, and those that are folders.
func divided(paths []string) (files, folders []string) {
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			folders = append(folders, path)
		} else if err == nil {
			files = append(files, path)
		}
	}
	return files, folders
}

// LimitProcess makes this process the first to go when the machine's memory runs
// out, lets its data grow to memory bytes at most, and keeps it from leaving core
// files.
func LimitProcess(memory uint64) error {
	syscall.Umask(0o022)
	return errors.Join(
		os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0),
		syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}),
		syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: memory, Max: memory}),
	)
}
