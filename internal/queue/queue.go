// Package queue hands run ids to whoever works on them, through River, whose
// tables live in the database of the runs. It knows ids and nothing else: what a
// run is, whether it may be worked on, and what becomes of it, the store knows.
//
// An entry may come twice, or be that of a run which has ended meanwhile; who
// works on it claims the run first. One server reads the queue on SQLite, any number
// on PostgreSQL.
package queue

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/postgres"
	"github.com/broked/broked/internal/runs"
)

// Options says how a queue works. Zero members have a meaning of their own.
type Options struct {
	Slots int           // runs worked on at once; 0 works on none
	Grace time.Duration // for running work after the end was asked for; 0 gives none
	// Postgres is the URL of the database when that is a PostgreSQL; empty is SQLite.
	Postgres string
	// ID tells this process from others that read the same queue; empty makes one up.
	ID string
	// Labels are those of this process: besides entries without a label, it takes those
	// that have one of these.
	Labels []string
}

// Queue is the waiting line of runs. It may be used by any number of goroutines.
type Queue struct {
	db      *sql.DB
	log     *slog.Logger
	options Options
	bell    bell
	insert  *river.Client[*sql.Tx] // nil on PostgreSQL
	pool    *pgxpool.Pool          // nil on SQLite
}

const (
	// A fetch is one write transaction, and at most one starts in this time. An
	// idle queue does not fetch, so the least that River takes costs nothing.
	fetchCooldown = time.Millisecond
	// Wake makes fetches follow entries at once; this is for a wake that got lost.
	fetchPoll = time.Second
	// The history of runs is the store's. River's is only in the way.
	retention = time.Minute
)

// New returns a queue in db, which must have one connection only, after bringing
// River's tables up to date. Close it when it is not needed any more.
func New(ctx context.Context, db *sql.DB, log *slog.Logger, o Options) (*Queue, error) {
	log = slog.New(quiet{log.Handler()})
	q := &Queue{db: db, log: log, options: o, bell: newBell()}
	if o.Postgres != "" {
		return q, q.join(ctx)
	}
	if err := migrate(ctx, q.driver(), log); err != nil {
		return nil, err
	}
	var err error
	if q.insert, err = river.NewClient(q.driver(), &river.Config{Logger: log, MaxAttempts: 1}); err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	return q, nil
}

// join makes a queue one of those that servers share in a PostgreSQL.
func (q *Queue) join(ctx context.Context) (err error) {
	if q.pool, err = dial(ctx, q.options.Postgres); err != nil {
		return err
	}
	err = postgres.OneAtATime(ctx, q.db, func() error { return migrate(ctx, q.sharedDriver(), q.log) })
	if err != nil {
		q.pool.Close()
	}
	return err
}

// Close ends the connections of a queue that nobody works on any more.
func (q *Queue) Close() {
	if q.pool != nil {
		q.pool.Close()
	}
}

func migrate[T any](ctx context.Context, driver riverdriver.Driver[T], log *slog.Logger) error {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: log})
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate queue: %w", err)
	}
	return nil
}

// entry is what River keeps of a run.
type entry struct {
	Run   runs.ID `json:"run"`
	Label string  `json:"label,omitempty"`
}

// Kind implements river.JobArgs.
func (entry) Kind() string { return "run" }

// EnqueueTx puts run into the queue once tx is committed; call Wake then. With a label
// the entry is for processes that have it.
// Enqueueing one that is waiting already is not an error: whoever gets the second
// entry finds the run claimed. River's own uniqueness will not do, as it would
// also drop the entry of a run that is put back by its worker.
func (q *Queue) EnqueueTx(ctx context.Context, tx *sql.Tx, run runs.ID, label string) error {
	e := entry{Run: run, Label: label}
	if q.pool != nil {
		args, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("enqueue: %w", err)
		}
		if err := insertEntry(ctx, tx, args, named(label)); err != nil {
			return fmt.Errorf("enqueue: %w", err)
		}
		return nil
	}
	if _, err := q.insert.InsertTx(ctx, tx, e, &river.InsertOpts{Queue: named(label)}); err != nil {
		return fmt.Errorf("enqueue: %w", err)
	}
	return nil
}

const deleteAll = `
	DELETE FROM river_job`

// ResetTx takes everything out of the queue: after a crash River would take the
// entries that were being worked on for alive. It is for the time before Run.
func (*Queue) ResetTx(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, deleteAll); err != nil {
		return fmt.Errorf("reset queue: %w", err)
	}
	return nil
}

// Wake says that entries have been committed. It never blocks.
func (q *Queue) Wake() { q.bell.ring() }

// Work does what an entry of the queue is for: a run that was enqueued with a label, or
// with none.
type Work func(ctx context.Context, run runs.ID, label string) error

// Run gives waiting runs to work, at most Slots at once, until ctx ends. Then it
// takes no more, gives running work the grace to end and after that cancels its
// context, and returns when all work has. An error of work is logged: what
// becomes of its run is not the queue's business.
func (q *Queue) Run(ctx context.Context, work Work) error {
	if q.options.Slots == 0 {
		<-ctx.Done()
		return nil
	}
	if q.pool != nil {
		return read(ctx, q, q.sharedDriver(), work)
	}
	return read(ctx, q, q.driver(), work)
}

// read is Run by a driver of River.
func read[T any](ctx context.Context, q *Queue, driver riverdriver.Driver[T], work Work) error {
	places := &places{free: q.options.Slots}
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, j *river.Job[entry]) error {
		defer places.leave(1)
		if err := work(ctx, j.Args.Run, j.Args.Label); err != nil {
			q.log.ErrorContext(ctx, "work on a run failed", "run", j.Args.Run, "error", err)
		}
		return nil
	}))
	queues := make(map[string]river.QueueConfig)
	for _, name := range lines(q.options.Labels) {
		queues[name] = river.QueueConfig{MaxWorkers: q.options.Slots}
	}
	client, err := river.NewClient(bounded[T]{driver, places}, &river.Config{
		ID:                          q.options.ID,
		Logger:                      q.log,
		Workers:                     workers,
		Queues:                      queues,
		FetchCooldown:               fetchCooldown,
		FetchPollInterval:           fetchPoll,
		JobTimeout:                  -1, // which keeps the rescuer away as well
		MaxAttempts:                 1,
		CompletedJobRetentionPeriod: retention,
		DiscardedJobRetentionPeriod: retention,
		SoftStopTimeout:             q.options.Grace,
	})
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	if err := client.Start(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("start queue: %w", err)
	}
	<-client.Stopped()
	return nil
}

const canRead = `
	SELECT EXISTS (SELECT 1 FROM river_job)`

// Healthy returns nil when the queue's tables can be reached.
func (q *Queue) Healthy(ctx context.Context) error {
	var some bool
	if err := q.db.QueryRowContext(ctx, canRead).Scan(&some); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the queue cannot be reached").With("queue_unavailable")
	}
	return nil
}

func (q *Queue) driver() riverdriver.Driver[*sql.Tx] {
	return driver{Driver: riversqlite.New(q.db), bell: q.bell, lines: lines(q.options.Labels)}
}

// quiet lets River's warnings and errors through.
type quiet struct{ slog.Handler }

// Enabled implements slog.Handler.
func (h quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

// WithAttrs implements slog.Handler.
func (h quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{h.Handler.WithAttrs(a)} }

// WithGroup implements slog.Handler.
func (h quiet) WithGroup(name string) slog.Handler { return quiet{h.Handler.WithGroup(name)} }
