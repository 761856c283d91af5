package main

import (
	"errors"
	"log/slog"
	"time"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/retention"
)

// retentionFlags say what is kept of runs, and how much room there must be for new ones.
type retentionFlags struct {
	rowFlags
	RunDays  int   `name:"run-retention-days" help:"Days that a run stays on record after its end; 0 means for ever." env:"BROKOLI_RUN_RETENTION_DAYS" default:"90" placeholder:"N"`
	KeepRuns int   `name:"keep-runs" help:"Newest runs of each pipeline that stay however old they are." env:"BROKOLI_KEEP_RUNS" default:"20" placeholder:"N"`
	Reserve  int64 `name:"disk-reserve" help:"Room that must be free on the disk of the data folder for a run to start, in MB." env:"BROKOLI_DISK_RESERVE" default:"256" placeholder:"MB"`
}

// rowFlags say which rows of runs are kept.
type rowFlags struct {
	RowDays int   `name:"row-retention-days" help:"Days that the rows of a run's nodes stay, with which it can be resumed; 0 means as long as the run." env:"BROKOLI_ROW_RETENTION_DAYS" default:"14" placeholder:"N"`
	RowsMB  int64 `name:"max-rows" help:"Most that the rows of all runs may take, in MB; the oldest go first. 0 means no bound." env:"BROKOLI_MAX_ROWS" default:"0" placeholder:"MB"`
}

func (f rowFlags) checkRows() error {
	if min(int64(f.RowDays), f.RowsMB) < 0 {
		return errors.New("--row-retention-days and --max-rows must not be negative")
	}
	return nil
}

// sweeper returns what removes rows of the data folder that are over, and leaves what
// is on record to the servers.
func (f rowFlags) sweeper(data *folder, store retention.Store, log *slog.Logger) *retention.Sweeper {
	return &retention.Sweeper{
		Policy: retention.Policy{Rows: time.Duration(f.RowDays) * oneDay, RowsBytes: f.RowsMB << 20},
		Store:  store, Log: log, Rows: retention.Dir(data.in("runs")),
		Space: func() (uint64, error) {
			space, err := data.space()
			return space.Free, err
		},
	}
}

const oneDay = 24 * time.Hour

func (f retentionFlags) checkRetention() error {
	if min(int64(f.RunDays), int64(f.KeepRuns), f.Reserve) < 0 {
		return errors.New("--run-retention-days, --keep-runs and --disk-reserve must not be negative")
	}
	return f.checkRows()
}

// bound tells the service of runs when there is no room for more.
func (c *serveCmd) bound(s *assembled, data *folder) {
	s.sweeper = c.sweeper(data, s.memory, s.log)
	s.runs.Room(s.sweeper.Room)
}

// storage tells what is kept, and how much it takes.
func (f retentionFlags) storage(s *retention.Sweeper, kept *api.Artifacts) *api.Storage {
	free, _ := s.Space()
	usage := s.Usage()
	return &api.Storage{
		Free: free, Reserve: s.Policy.Reserve, Full: s.Room() != nil, RowsBytes: usage.Bytes, RunsWithRows: usage.Folders,
		RunDays: f.RunDays, KeepRuns: f.KeepRuns, RowDays: f.RowDays, MaxRowsBytes: s.Policy.RowsBytes, Artifacts: kept,
	}
}

// sweeper returns what removes runs of the data folder that are over.
func (f retentionFlags) sweeper(data *folder, store retention.Store, log *slog.Logger) *retention.Sweeper {
	s := f.rowFlags.sweeper(data, store, log)
	s.Policy.Runs, s.Policy.Newest = time.Duration(f.RunDays)*oneDay, f.KeepRuns
	s.Policy.Reserve = uint64(f.Reserve) << 20 //nolint:gosec // not negative
	return s
}
