package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"syscall"

	"github.com/broked/broked/internal/executor"
	"github.com/broked/broked/internal/postgres"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/store"
)

type workerCmd struct {
	DB        string `name:"db" required:"" help:"The postgres:// URL of the database that the servers use." env:"BROKOLI_DB" placeholder:"URL"`
	Runs      int    `help:"Runs at once." env:"BROKOLI_LOCAL_RUNS" default:"2" placeholder:"N"`
	Data      string `help:"Folder for what runs need while they work." env:"BROKOLI_DATA" default:"./broked-worker" placeholder:"DIR"`
	Health    string `help:"Address at which GET /health and GET /ready answer; none when not given." env:"BROKOLI_HEALTH" placeholder:"HOST:PORT"`
	LogFormat string `help:"Form of the log: text or json." env:"BROKOLI_LOG_FORMAT" default:"text" enum:"text,json"`
	executeFlags
	rowFlags
}

// Validate implements kong's check of flags.
func (c *workerCmd) Validate() error {
	switch {
	case !postgres.Is(c.DB):
		return errors.New("--db must be the postgres:// URL that the servers use: a database in a file belongs to one server")
	case c.Runs < 1 || c.Runs > mostSlots:
		return errors.New("--runs must be between 1 and 1024")
	}
	return errors.Join(c.checkExecution(), c.checkRows())
}

// Run executes runs until ctx ends and all of them have ended or are put back.
func (c *workerCmd) Run(ctx context.Context, w world) error {
	syscall.Umask(0o077)
	for _, secret := range []string{"BROKOLI_DB", "BROKOLI_ENCRYPTION_KEY", "VAULT_TOKEN", "VAULT_SECRET_ID"} {
		_ = os.Unsetenv(secret) // no child inherits it
	}
	log := logger(c.LogFormat, w.err)
	data, err := openFolder(c.Data)
	if err != nil {
		return err
	}
	defer data.close()
	s, err := c.assemble(ctx, data, log)
	if err != nil {
		return err
	}
	defer s.close(ctx)
	health, err := c.healthListener(ctx)
	if err != nil {
		return err
	}
	if s.executing.Out, err = c.exit(); err != nil {
		return err
	}
	kept, err := c.openArtifacts(ctx, s.executing.Out, log)
	if err != nil {
		return err
	}
	s.keepsAt(kept)
	s.executor = executor.New(s.executing)
	debug.FreeOSMemory() // starting takes memory that working does not need
	log.InfoContext(ctx, "working", "runs", c.Runs, "labels", c.Labels, "version", version, "data", data.path)
	var parts []func(context.Context) error
	if health != nil {
		log.InfoContext(ctx, "health", "address", "http://"+health.Addr().String())
		parts = append(parts, func(ctx context.Context) error { return serveHTTP(ctx, health, s.healthHandler()) })
	}
	err = s.work(ctx, parts...)
	log.InfoContext(context.WithoutCancel(ctx), "stopped")
	return err
}

// assemble joins the parts that execute runs.
func (c *workerCmd) assemble(ctx context.Context, data *folder, log *slog.Logger) (*assembled, error) {
	kinds, _, err := c.kinds(func(err error) { log.WarnContext(ctx, "a plugin is left out", "error", err) })
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Options{Path: c.DB, Log: log})
	if err != nil {
		return nil, err
	}
	s := newAssembled(db, log)
	if s.box, err = c.borrowed(ctx, db); err != nil {
		s.close(ctx)
		return nil, err
	}
	d := duty{kind: runs.Worker, slots: c.Runs, executeFlags: &c.executeFlags}
	recovered, err := s.remember(ctx, d, c.DB)
	if err != nil {
		s.close(ctx)
		return nil, err
	}
	s.tellRecovered(ctx, recovered)
	s.sweeper = c.sweeper(data, s.memory, log)
	if err := s.hands(d, data, c.DB, kinds); err != nil {
		s.close(ctx)
		return nil, err
	}
	return s, nil
}

func (c *workerCmd) healthListener(ctx context.Context) (net.Listener, error) {
	if c.Health == "" {
		return nil, nil //nolint:nilnil // nobody asks
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Health)
	if err != nil {
		return nil, fmt.Errorf("--health: %w", err)
	}
	return atMost(ln, maxConnections), nil
}

// healthHandler answers whether a worker lives, and whether it can work, as a server does.
func (s *assembled) healthHandler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"status": "healthy"})
	})
	m.HandleFunc("GET /ready", func(w http.ResponseWriter, r *http.Request) {
		status, word, checks := http.StatusOK, "ready", map[string]string{}
		for name, check := range map[string]func(context.Context) error{"store": s.db.Ping, "queue": s.queue.Healthy} {
			checks[name] = "ok"
			if err := check(r.Context()); err != nil {
				s.log.ErrorContext(r.Context(), "not ready", "part", name, "error", err)
				status, word, checks[name] = http.StatusServiceUnavailable, "not ready", "does not answer"
			}
		}
		answer(w, status, map[string]any{"status": word, "checks": checks})
	})
	return m
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // who asked has left
}
