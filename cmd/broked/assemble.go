package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/broked/broked/examples"
	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/artifacts"
	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/calls"
	"github.com/broked/broked/internal/connections"
	"github.com/broked/broked/internal/console"
	"github.com/broked/broked/internal/contacts"
	"github.com/broked/broked/internal/executor"
	"github.com/broked/broked/internal/files"
	"github.com/broked/broked/internal/hooks"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/issues"
	"github.com/broked/broked/internal/lineage"
	"github.com/broked/broked/internal/names"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/plugins"
	"github.com/broked/broked/internal/postgres"
	"github.com/broked/broked/internal/queue"
	"github.com/broked/broked/internal/retention"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/script"
	"github.com/broked/broked/internal/sealed"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/trials"
	"github.com/broked/broked/internal/triggers"
	"github.com/broked/broked/internal/variables"
	"github.com/broked/broked/internal/workspaces"
	"github.com/broked/broked/web"
)

// assembled is the server with its parts joined.
type assembled struct {
	owner     string // of the runs that are executed here
	db        *store.DB
	queue     *queue.Queue
	engines   *executor.Engines
	executing executor.Deps
	executor  *executor.Executor // once the server listens
	keeper    *executor.Keeper   // the same
	memory    *store.Store
	auth      *auth.Service
	keys      *auth.Keys
	pipelines *pipelines.Service
	trials    *trials.Service
	console   *console.Service
	lineage   *lineage.Service
	contacts  *contacts.Service
	files     contacts.FetcherDeps
	runs      *runs.Service
	issues    *issues.Service
	hooks     *hooks.Service
	// connections are how other systems are reached.
	connections *connections.Service
	calls       *calls.Keeper // of other systems, by the runs of this process
	variables   *variables.Service
	names       *names.Names
	box         *sealed.Box   // of secrets in the database
	sender      *hooks.Sender // once the server listens
	clock       *runs.Clock
	backfills   *runs.Backfiller
	gates       *runs.Gatekeeper
	watcher     *triggers.Watcher
	board       *news.Board
	first       *first
	shares      *shares // nil when the database is a file
	watch       *issues.Watch
	sweeper     *retention.Sweeper
	artifacts   *artifacts.Store   // nil when rows are in the data folder alone
	remote      *retention.Sweeper // of artifacts, when a server
	templates   []api.Template
	handler     http.Handler
	log         *slog.Logger
	setup       string // token for a first account from elsewhere

	workspaces *workspaces.Service
	triggers   *triggers.Service
}

// assemble opens the database and joins the parts. Runs that a server before
// this one left behind are put back in the queue or ended.
func (c *serveCmd) assemble(ctx context.Context, data *folder, log *slog.Logger) (*assembled, error) {
	database, err := c.database(data)
	if err != nil {
		return nil, err
	}
	signing, err := signingKeys(data, c.JWTSecret)
	if err != nil {
		return nil, err
	}
	kinds, known, err := c.kinds(func(err error) { log.WarnContext(ctx, "a plugin is left out", "error", err) })
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Options{Path: database, Log: log})
	if err != nil {
		return nil, err
	}
	s := newAssembled(db, log)
	if s.box, err = c.box(ctx, db, data); err != nil {
		s.close(ctx)
		return nil, err
	}
	if err := s.join(ctx, c, data, parts{kinds: kinds, plugins: known, signing: signing, database: database}); err != nil {
		s.close(ctx)
		return nil, err
	}
	return s, nil
}

func newAssembled(db *store.DB, log *slog.Logger) *assembled {
	return &assembled{owner: id.New(), db: db, log: log, setup: "brkset_" + id.Secret()}
}

type parts struct {
	kinds    *node.Registry
	plugins  []plugins.Plugin
	signing  *auth.SigningKeys
	database string
}

func (s *assembled) join(ctx context.Context, c *serveCmd, data *folder, p parts) error {
	d := duty{kind: runs.Server, slots: c.LocalRuns, executeFlags: &c.executeFlags}
	recovered, err := s.remember(ctx, d, p.database)
	if err != nil {
		return err
	}
	memory, board := s.memory, s.board
	s.keys = auth.NewKeys(memory, c.APIKey, s.log)
	s.auth, err = auth.NewService(ctx, auth.Deps{
		Store: memory, Keys: s.keys, Log: s.log, Signing: p.signing, Now: time.Now, Idle: c.SessionIdle, SetupToken: s.setup,
		EditorsCode: c.EditorsCanCode,
	})
	if err != nil {
		return err
	}
	s.tellRecovered(ctx, recovered)
	if err := s.hands(d, data, p.database, p.kinds); err != nil {
		return err
	}
	s.workspaces = workspaces.NewService(memory)
	s.trials = trials.NewService(memory, s.pipelines, trialEngine{s})
	s.lineage = lineage.NewService(memory)
	s.console = console.NewService(s.runs, trialEngine{s})
	s.triggers = triggers.NewService(memory, s.pipelines, s.runs)
	c.bound(s, data)
	s.issues = issues.NewService(memory, board)
	s.hooks = hooks.NewService(memory, s.pipelines, s.box, board)
	if err := errors.Join(memory.Reschedule(ctx, time.Now()), memory.Relate(ctx)); err != nil {
		return err
	}
	s.watcher = &triggers.Watcher{Store: memory, Roots: files.Roots(s.executing.Roots), News: board, Log: s.log, Room: s.sweeper.Room, Far: triggers.Elsewhere(s.connections.Resolve, func() outbound.Exit { return s.executing.Out })}
	s.gates = &runs.Gatekeeper{Store: memory, News: board, Log: s.log}
	s.clock = &runs.Clock{Ticks: memory, News: board, Log: s.log, Room: s.sweeper.Room}
	s.backfills = &runs.Backfiller{Store: memory, News: board, Log: s.log, Room: s.sweeper.Room}
	s.watch = &issues.Watch{Store: memory, News: board, Log: s.log, StuckAfter: c.StuckAfter, Disk: data.space}
	return s.face(ctx, c, data, p, board)
}

// remember joins what is on record, and takes back the runs of servers that are gone.
func (s *assembled) remember(ctx context.Context, d duty, database string) (recovered store.Recovered, err error) {
	waiting := queue.Options{Slots: d.slots, Labels: d.Labels, Grace: grace, ID: s.owner}
	if postgres.Is(database) {
		waiting.Postgres = database
	}
	if s.queue, err = queue.New(ctx, s.db.Writer(), s.log, waiting); err != nil {
		return recovered, err
	}
	s.memory, s.board, s.first = store.New(s.db, s.queue), &news.Board{}, newFirst()
	if recovered, err = s.recover(ctx, d, database); err != nil {
		return recovered, fmt.Errorf("recover runs: %w", err)
	}
	return recovered, nil
}

// face makes the HTTP side.
func (s *assembled) face(ctx context.Context, c *serveCmd, data *folder, p parts, board *news.Board) error {
	var err error
	if s.templates, err = templates(data.in("files/examples")); err != nil {
		return err
	}
	proxies, err := c.proxies()
	if err != nil {
		return err
	}
	rates, err := api.ParseLimits(c.Limit)
	if err != nil {
		return err
	}
	info, err := s.db.Info(ctx)
	if err != nil {
		return err
	}
	sandbox := script.Inspect()
	s.tellSandbox(ctx, sandbox)
	s.handler = api.New(api.Deps{
		Log: s.log, Workspaces: s.workspaces, Auth: s.auth, Keys: s.keys, Contacts: s.contacts, Pipelines: s.pipelines, Trials: s.trials, Console: s.console, Lineage: s.lineage, Purge: s.sweeper.Purge, Runs: s.runs, Triggers: s.triggers, Issues: s.issues, Hooks: s.hooks, Connections: s.connections, Variables: s.variables, Names: s.names, Kinds: p.kinds, Plugins: p.plugins, News: board,
		Templates: s.templates, Interface: web.Files(), Limits: rates,
		Network: api.Network{PublicHost: c.PublicHost, Open: c.openNetwork(), Proxies: proxies, Origins: c.Origins},
		Info: func() api.Info {
			return api.Info{
				Version: version, ActiveRuns: s.active() + s.shares.elsewhere().active, MaxConcurrentRuns: c.LocalRuns + s.shares.elsewhere().slots,
				Database: info.Engine, Sandbox: &sandbox, Storage: c.storage(s.sweeper, s.toldArtifacts()),
			}
		},
		Machines: s.machines(runs.Process{
			ID: s.owner, Kind: runs.Server, Version: version, Slots: c.LocalRuns, Labels: c.Labels, StartedAt: time.Now().UTC().Truncate(time.Second),
		}),
		Ready: []func(context.Context) api.Check{
			func(ctx context.Context) api.Check { return api.Check{Name: "store", Err: s.db.Ping(ctx)} },
			func(ctx context.Context) api.Check { return api.Check{Name: "queue", Err: s.queue.Healthy(ctx)} },
		},
	})
	return nil
}

// tellSandbox warns of what does not hold a script in.
func (s *assembled) tellSandbox(ctx context.Context, sandbox script.Sandbox) {
	for _, p := range sandbox.Parts {
		if !p.Holds {
			s.log.WarnContext(ctx, "scripts are not fully shut in", "sandbox", string(sandbox.Level), "part", p.Name, "detail", p.Detail, "remedy", p.Remedy)
		}
	}
}

// close closes the database, also when ctx has ended.
func (s *assembled) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), openRequests)
	defer cancel()
	if s.shares != nil {
		if err := s.memory.Leave(ctx, s.shares.process.ID); err != nil {
			s.log.ErrorContext(ctx, "leave the other servers", "error", err)
		}
	}
	if s.queue != nil {
		s.queue.Close()
	}
	if err := s.db.Close(ctx); err != nil {
		s.log.ErrorContext(ctx, "close database", "error", err)
	}
}

// tellSetup says how to make the first account, while there is none.
func (s *assembled) tellSetup(ctx context.Context, address string) {
	if needs, err := s.auth.NeedsSetup(ctx); err != nil || !needs {
		return
	}
	s.log.WarnContext(ctx, "no account exists yet: anyone on this machine can use this server; make the first account in a browser",
		"address", address, "setup_token", s.setup)
}

// templates returns the examples with their paths inside dir, where their data
// was written.
func templates(dir string) ([]api.Template, error) {
	all, err := examples.All()
	if err != nil {
		return nil, err
	}
	list := make([]api.Template, 0, len(all))
	for _, e := range all {
		d, err := pipelines.DecodeYAML(e.YAML)
		if err != nil {
			return nil, fmt.Errorf("example %s: %w", e.ID, err)
		}
		for i := range d.Nodes {
			d.Nodes[i].Config = inside(dir, d.Nodes[i].Config)
		}
		list = append(list, api.Template{
			ID: e.ID, Name: e.Name, Description: e.Description, Icon: e.Icon, Source: e.Source,
			Nodes: d.Nodes, Edges: d.Edges, Params: d.Params, Tags: d.Tags,
		})
	}
	return list, nil
}

// inside moves the paths of an example's settings from the repository to dir.
func inside(dir string, config pipelines.RawObject) pipelines.RawObject {
	return pipelines.RawObject(strings.ReplaceAll(string(config), `"examples/`, `"`+filepath.ToSlash(dir)+"/"))
}
