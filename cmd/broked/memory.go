package main

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
	"syscall"
)

const (
	// runsPart of the machine's memory is for the data of runs. The rest is for what
	// engines take besides it, for scripts, for the server and for the system.
	runsPart = 0.6
	// leastShare is what a run gets however many there are.
	leastShare = 64 << 20
	// spillFactor is how many times its memory a run may write to the disk for want of it.
	spillFactor = 16
)

// memoryShare returns how many bytes of data each of so many runs may hold in memory
// on a machine with total bytes.
func memoryShare(total uint64, runs int) int64 {
	return max(int64(float64(total)*runsPart)/int64(max(runs, 1)), leastShare)
}

// machineMemory returns the bytes of memory that this process may use: those of the
// machine, or of its control group, where that has fewer. Root is the file system.
func machineMemory(root fs.FS) (uint64, error) {
	var now syscall.Sysinfo_t
	if err := syscall.Sysinfo(&now); err != nil {
		return 0, err
	}
	return min(now.Totalram*uint64(now.Unit), groupMemory(root)), nil
}

const unlimited = ^uint64(0)

// groupMemory returns the least limit of the process's control group and those above
// it, in either version of control groups.
func groupMemory(root fs.FS) uint64 {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return unlimited
	}
	least := unlimited
	for line := range strings.Lines(string(groups)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(part) != 3:
		case part[1] == "":
			least = min(least, limitsUpFrom(root, "sys/fs/cgroup", part[2], "memory.max"))
		case part[1] == "memory":
			least = min(least, limitsUpFrom(root, "sys/fs/cgroup/memory", part[2], "memory.limit_in_bytes"))
		}
	}
	return least
}

// limitsUpFrom returns the least number in the files called name from the group up to
// top. In a container the group may have another path than it says: what is not there
// does not count.
func limitsUpFrom(root fs.FS, top, group, name string) uint64 {
	least := unlimited
	for at := path.Join("/", group); ; at = path.Dir(at) {
		if text, err := fs.ReadFile(root, path.Join(top, at, name)); err == nil {
			if n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err == nil { // else it is "max"
				least = min(least, n)
			}
		}
		if at == "/" {
			return least
		}
	}
}
