package runs

import (
	"slices"
	"time"
)

// ProcessKind says what a process does.
type ProcessKind string

// The kinds of processes.
const (
	Server ProcessKind = "server" // answers people, looks after everything, and may execute runs
	Worker ProcessKind = "worker" // executes runs
)

// Process is one of those that share a database and its queue.
type Process struct {
	ID        string // of this boot: the owner of its runs
	Kind      ProcessKind
	Host      string // name of its machine
	Version   string // of the program
	Slots     int    // runs that it executes at once
	Labels    []string
	Load      Load      // when it was last seen
	StartedAt time.Time // by the clock of the database, as SeenAt
	SeenAt    time.Time // when it last said that it is alive
}

// Load is what a process tells of its machine.
type Load struct {
	Platform    string  `json:"platform"`
	CPUs        int     `json:"cpus"`
	Mean        float64 `json:"mean"` // number of processes that wanted a processor in the last minute
	MemoryTotal uint64  `json:"memory_total"`
	MemoryFree  uint64  `json:"memory_free"`
	ActiveRuns  int     `json:"active_runs"`
}

// Does reports whether the process executes runs with a label; "" is none.
func (p Process) Does(label string) bool {
	return p.Slots > 0 && (label == "" || slices.Contains(p.Labels, label))
}

// LostProcess is one that was taken for dead while it had runs.
type LostProcess struct {
	ID     string
	Kind   ProcessKind
	Host   string
	LostAt time.Time
	Runs   int // that it had
	Left   int // of them, those that have not been made good
	Newest ID  // of those that are left
}
