package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/broked/broked/examples"
	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/postgres"
)

type serveCmd struct {
	DB        string `name:"db" help:"SQLite database, or the postgres:// URL of one that servers share; broked.db in the data folder when not given." env:"BROKOLI_DB" placeholder:"PATH"`
	Data      string `help:"Data folder." env:"BROKOLI_DATA" default:"./broked-data" placeholder:"DIR"`
	LocalRuns int    `help:"Runs at once; 0 leaves them to workers." env:"BROKOLI_LOCAL_RUNS" default:"2" placeholder:"N"`
	LogFormat string `help:"Form of the log: text or json." env:"BROKOLI_LOG_FORMAT" default:"text" enum:"text,json"`
	APIKey    string `help:"A key that may do everything; make one with generate-key." env:"BROKOLI_API_KEY" placeholder:"KEY"`
	JWTSecret string `hidden:"" env:"BROKOLI_JWT_SECRET"`
	Example   string `help:"Import this example unless it is there, run it and print its first rows." placeholder:"NAME"`

	SessionIdle    time.Duration `help:"After how long without a request a session ends; 0 means not before its 24 hours." env:"BROKOLI_SESSION_IDLE" default:"8h" placeholder:"DURATION"`
	EditorsCanCode bool          `help:"Editors may write the programs of code, bash and dbt nodes, too, not admins only." env:"BROKOLI_EDITORS_CAN_CODE"`

	executeFlags
	firstUserFlags
	networkFlags
	watchFlags
	retentionFlags
	hookFlags
}

// Deadlines of the HTTP server, and of stopping it.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second // streams set their own
	idleTimeout   = 90 * time.Second
	maxHeader     = 32 << 10
	grace         = 30 * time.Second // for running runs when told to stop
	openRequests  = 10 * time.Second

	maxConnections = 2000 // further ones wait until one ends
)

// minIdle leaves room for the last use of a session, which is noted to the minute.
const minIdle = 5 * time.Minute

// Validate implements kong's check of flags.
func (c *serveCmd) Validate() error {
	if c.LocalRuns < 0 || c.LocalRuns > mostSlots {
		return errors.New("--local-runs must be between 0 and 1024")
	}
	if c.LocalRuns == 0 && !postgres.Is(c.DB) {
		return errors.New("--local-runs 0 leaves all runs to workers, which need a PostgreSQL: name one by --db")
	}
	if c.APIKey != "" && !auth.IsServerKey(c.APIKey) {
		return errors.New("--api-key must be a key that `broked generate-key` printed, or brk_ and 48 hexadecimal digits")
	}
	if c.SessionIdle != 0 && c.SessionIdle < minIdle {
		return errors.New("--session-idle must be 0 or at least 5m")
	}
	if c.StuckAfter < time.Minute {
		return errors.New("--stuck-after must be at least 1m")
	}
	return errors.Join(c.checkExecution(), c.checkRetention(), c.checkHooks(), c.check())
}

// Run starts the server and returns when ctx has ended and everything is down.
func (c *serveCmd) Run(ctx context.Context, w world) error {
	syscall.Umask(0o077)
	for _, secret := range []string{"BROKOLI_JWT_SECRET", "BROKOLI_API_KEY", "BROKOLI_DB", "BROKOLI_ENCRYPTION_KEY", "BROKOLI_MAIL_SERVER", "VAULT_TOKEN", "VAULT_SECRET_ID"} {
		_ = os.Unsetenv(secret) // no child inherits it
	}
	log := logger(c.LogFormat, w.err)
	data, err := openFolder(c.Data)
	if err != nil {
		return err
	}
	defer data.close()
	if err := examples.Unpack(data.in("files/examples")); err != nil {
		return fmt.Errorf("write examples: %w", err)
	}
	s, err := c.assemble(ctx, data, log)
	if err != nil {
		return err
	}
	defer s.close(ctx)
	if err := c.makeFirstUser(ctx, s.auth); err != nil {
		return err
	}
	ln, address, err := c.listen(ctx)
	if err != nil {
		return err
	}
	fetcher, err := c.callers(ctx, s, ln)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	debug.FreeOSMemory() // starting takes memory that serving does not need
	log.InfoContext(ctx, "listening", "address", address, "version", version, "data", data.path)
	s.tellSetup(ctx, address)
	s.tellStarted(ctx, address)
	err = s.work(ctx, c.example(w.out, s, address), s.warnWhileOpen(c.openNetwork(), log),
		func(ctx context.Context) error { return serveHTTP(ctx, ln, s.handler) },
		s.clock.Run,
		func(ctx context.Context) error { return s.first.while(ctx, s.watch.Run) },
		func(ctx context.Context) error { return s.first.while(ctx, s.backfills.Run) },
		func(ctx context.Context) error { return s.first.while(ctx, s.gates.Run) },
		func(ctx context.Context) error { return s.first.while(ctx, s.watcher.Run) },
		func(ctx context.Context) error { return s.first.while(ctx, s.keeper.Run) },
		func(ctx context.Context) error { return s.first.while(ctx, s.sender.Run) },
		func(ctx context.Context) error { return s.first.while(ctx, fetcher.Run) },
		func(ctx context.Context) error { return s.first.while(ctx, s.sweepRemote) },
	)
	s.tellStopped(ctx, err)
	log.InfoContext(context.WithoutCancel(ctx), "stopped")
	return err
}

func logger(form string, w io.Writer) *slog.Logger {
	if form == "json" {
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return slog.New(slog.NewTextHandler(w, nil))
}

func (c *serveCmd) database(data *folder) (string, error) {
	if c.DB == "" {
		return data.in("broked.db"), nil
	}
	if postgres.Is(c.DB) {
		return c.DB, nil
	}
	return filepath.Abs(c.DB)
}

// limits returns what each of so many runs may use on this machine.
func (l limitFlags) limits(runs int) (job.Limits, error) {
	total, err := machineMemory(os.DirFS("/"))
	if err != nil {
		return job.Limits{}, fmt.Errorf("memory of this machine: %w", err)
	}
	return l.limitsOf(total, runs), nil
}

// limitsOf returns what each of so many runs may use on a machine with total bytes of
// memory: a share of it and every core, unless told otherwise.
func (l limitFlags) limitsOf(total uint64, runs int) job.Limits {
	limits := job.DefaultLimits()
	limits.Memory = memoryShare(total, runs)
	if l.RunMemory > 0 {
		limits.Memory = max(l.RunMemory<<20, leastShare)
	}
	limits.Spill = limits.Memory * spillFactor
	limits.Threads = l.RunThreads
	if limits.Threads <= 0 {
		limits.Threads = runtime.NumCPU()
	}
	return limits
}

// work executes runs, beside the other parts of the process, until ctx ends or one of
// them fails, and returns when all are down: no new runs and requests first, then those
// that are under way, then what they stand on.
func (s *assembled) work(ctx context.Context, parts ...func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	engines, stopEngines := context.WithCancel(context.WithoutCancel(ctx))
	g.Go(func() error { return s.engines.Run(engines) })
	g.Go(func() error {
		defer stopEngines()
		return s.queue.Run(ctx, s.executor.Execute)
	})
	g.Go(func() error { return s.sweeper.Run(ctx) })
	for _, part := range parts {
		g.Go(func() error { return part(ctx) })
	}
	if s.shares != nil {
		beating, stop := context.WithCancel(context.WithoutCancel(ctx))
		defer stop()
		also := errgroup.Group{}
		also.Go(func() error { return s.shares.beat(beating, s) })
		also.Go(func() error { return s.shares.wire.Run(beating, s.board.Hear) })
		err := g.Wait()
		stop() // its runs have ended, or are put back
		return errors.Join(err, also.Wait())
	}
	return g.Wait()
}

// serveHTTP answers on ln until ctx ends, then gives open requests some time.
func serveHTTP(ctx context.Context, ln net.Listener, h http.Handler) error {
	// Long answers, such as event streams, end when the base context does.
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		cancel()
		wait, done := context.WithTimeout(context.WithoutCancel(ctx), openRequests)
		defer done()
		return srv.Shutdown(wait)
	})
	return g.Wait()
}

// openNetwork reports whether callers from everywhere are let in while no account
// exists. Whoever gave the server a key wants callers from elsewhere to show it.
func (c *serveCmd) openNetwork() bool { return c.OpenNetwork && c.APIKey == "" }
