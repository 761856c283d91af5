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
	RunDays  int   `name:"run-retention-days" help:"Days that a run stays on record after its end; 0 means for ever." env:"BROKOLI_RUN_RETENTION_DAYS" default:"90" placeholder:"N"`
	KeepRuns int   `name:"keep-runs" help:"Newest runs of each pipeline that stay however old they are." env:"BROKOLI_KEEP_RUNS" default:"20" placeholder:"N"`
	RowDays  int   `name:"row-retention-days" help:"Days that the rows of a run's nodes stay, with which it can be resumed; 0 means as long as the run." env:"BROKOLI_ROW_RETENTION_DAYS" default:"14" placeholder:"N"`
	RowsMB   int64 `name:"max-rows" help:"Most that the rows of all runs may take, in MB; the oldest go first. 0 means no bound." env:"BROKOLI_MAX_ROWS" default:"0" placeholder:"MB"`
	Reserve  int64 `name:"disk-reserve" help:"Room that must be free on the disk of the data folder for a run to start, in MB." env:"BROKOLI_DISK_RESERVE" default:"256" placeholder:"MB"`
}

const oneDay = 24 * time.Hour

func (f retentionFlags) checkRetention() error {
	if min(int64(f.RunDays), int64(f.KeepRuns), int64(f.RowDays), f.RowsMB, f.Reserve) < 0 {
		return errors.New("--run-retention-days, --keep-runs, --row-retention-days, --max-rows and --disk-reserve must not be negative")
	}
	return nil
}

// bound tells the service of runs how many may work at once, and when there is no room
// for more.
func (c *serveCmd) bound(s *assembled, data *folder) {
	s.runs.Slots(c.LocalRuns)
	s.sweeper = c.sweeper(data, s.memory, s.log)
	s.runs.Room(s.sweeper.Room)
}

// storage tells what is kept, and how much it takes.
func (f retentionFlags) storage(s *retention.Sweeper) *api.Storage {
	free, _ := s.Space()
	usage := s.Usage()
	return &api.Storage{
		Free: free, Reserve: s.Policy.Reserve, Full: s.Room() != nil, RowsBytes: usage.Bytes, RunsWithRows: usage.Folders,
		RunDays: f.RunDays, KeepRuns: f.KeepRuns, RowDays: f.RowDays, MaxRowsBytes: s.Policy.RowsBytes,
	}
}

// sweeper returns what removes runs of the data folder that are over.
func (f retentionFlags) sweeper(data *folder, store retention.Store, log *slog.Logger) *retention.Sweeper {
	return &retention.Sweeper{
		Policy: retention.Policy{
			Runs: time.Duration(f.RunDays) * oneDay, Newest: f.KeepRuns, Rows: time.Duration(f.RowDays) * oneDay,
			RowsBytes: f.RowsMB << 20, Reserve: uint64(f.Reserve) << 20, //nolint:gosec // not negative
		},
		Store: store, Log: log, Dir: data.in("runs"),
		Space: func() (uint64, error) {
			space, err := data.space()
			return space.Free, err
		},
	}
}
