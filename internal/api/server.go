// Package api is the HTTP face of the server: what can be called, by whom, what
// is answered, and the interface's files. It decides nothing that a service
// could decide.
package api

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/connections"
	"github.com/broked/broked/internal/console"
	"github.com/broked/broked/internal/contacts"
	"github.com/broked/broked/internal/hooks"
	"github.com/broked/broked/internal/issues"
	"github.com/broked/broked/internal/limits"
	"github.com/broked/broked/internal/lineage"
	"github.com/broked/broked/internal/names"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/plugins"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/script"
	"github.com/broked/broked/internal/trials"
	"github.com/broked/broked/internal/triggers"
	"github.com/broked/broked/internal/variables"
	"github.com/broked/broked/internal/workspaces"
)

// Deps is what a Server needs. Every field is required.
type Deps struct {
	Log         *slog.Logger
	Auth        *auth.Service
	Keys        *auth.Keys
	Contacts    *contacts.Service
	Pipelines   *pipelines.Service
	Trials      *trials.Service
	Console     *console.Service
	Runs        *runs.Service
	Issues      *issues.Service
	Hooks       *hooks.Service
	Connections *connections.Service
	Variables   *variables.Service
	Names       *names.Names
	Kinds       *node.Registry
	News        *news.Board
	Templates   []Template
	Interface   fs.FS // the built interface; without index.html a page says that there is none
	Network     Network
	Limits      map[Class]limits.Rate                                    // how often calls may be made
	Info        func() Info                                              // what GET /api/system/info tells
	Machines    func(context.Context) ([]Machine, error)                 // those that execute runs
	Purge       func(ctx context.Context, before time.Time) (int, error) // removes runs that ended before
	Lineage     *lineage.Service
	Plugins     []plugins.Plugin                  // that have brought some of Kinds
	Ready       []func(ctx context.Context) Check // what GET /ready asks

	Workspaces *workspaces.Service
	Triggers   *triggers.Service
}

// Info is what the server tells about itself.
type Info struct {
	Version           string `json:"version"`
	ActiveRuns        int    `json:"active_runs"`
	MaxConcurrentRuns int    `json:"max_concurrent_runs"`
	Database          string `json:"database"`
	// Sandbox is shown to those who may see the machines, and to nobody else.
	Sandbox *script.Sandbox `json:"sandbox,omitempty" doc:"What shuts scripts in, for those with system.view"`
	Storage *Storage        `json:"storage,omitempty" doc:"What is kept of runs and how much room there is, for those with system.view"`
}

// Storage is what is kept of runs, and the room for more. Sizes are in bytes.
type Storage struct {
	Free         uint64 `json:"free_bytes" doc:"Free on the disk of the data folder"`
	Reserve      uint64 `json:"reserve_bytes" doc:"Must be free for a run to start"`
	Full         bool   `json:"full" doc:"There is less, so no run starts"`
	RowsBytes    int64  `json:"rows_bytes" doc:"What the rows of all runs took at the last look"`
	RunsWithRows int    `json:"runs_with_rows"`
	RunDays      int    `json:"run_retention_days" doc:"0: for ever"`
	KeepRuns     int    `json:"keep_runs" doc:"Newest runs of each pipeline that stay however old"`
	RowDays      int    `json:"row_retention_days" doc:"0: as long as the run"`
	MaxRowsBytes int64  `json:"max_rows_bytes" doc:"0: no bound"`
	// Artifacts is nil when rows are in the data folder alone.
	Artifacts *Artifacts `json:"artifacts,omitempty" doc:"Where rows of runs are besides, so that other machines find them; absent when they are in the data folder alone"`
}

// Artifacts is where rows of runs are besides the data folder.
type Artifacts struct {
	Place        string `json:"place" doc:"A folder, or a bucket with its prefix and its host"`
	Bytes        int64  `json:"bytes" doc:"What the rows of all runs took there at the last look of this server"`
	RunsWithRows int    `json:"runs_with_rows"`
}

// Check is the answer of one part of the server to whether it can work.
type Check struct {
	Name string `json:"name"`
	Err  error  `json:"-"`
}

// server holds what handlers use.
type server struct {
	Deps
	api     huma.API
	limiter *limits.Limiter
	streams openStreams
	busy    sync.Map // services that are being answered in a service session, by auth.ServiceID
}

// New returns the handler of the whole server.
func New(d Deps) http.Handler {
	s, router := build(d)
	h := d.Network.Origins.guarded(versioned(router))
	h = plain(h)
	h = s.addressed(h)
	h = d.Network.Origins.shared(h)
	h = s.recovered(h)
	h = s.logged(h)
	h = strict(h)
	return identified(h)
}

// Document returns the OpenAPI 3.1 document of the API as JSON.
func Document() ([]byte, error) {
	s, _ := build(Deps{Interface: embed.FS{}}) // no call is made, so no service is needed
	return openAPI(s.api)
}

func build(d Deps) (*server, http.Handler) {
	router := chi.NewRouter()
	router.NotFound(interfaceOr404(d.Interface))
	router.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, http.StatusMethodNotAllowed, "method_not_allowed", r.Method+" is not a method of this path")
	})
	s := &server{Deps: d, api: humachi.New(router, config()), limiter: limits.New()}
	s.systemCalls()
	s.pluginCalls()
	s.authCalls()
	s.accountCalls()
	s.sessionCalls()
	s.auditCalls()
	s.keyCalls()
	s.workspaceCalls()
	s.serviceCalls()
	s.oauthCalls()
	s.pipelineCalls()
	s.versionCalls()
	s.stateCalls()
	s.trialCalls()
	s.consoleCalls()
	s.overviewCalls()
	s.scheduleCalls()
	s.scheduleListCalls()
	s.webhookCalls()
	s.dependencyCalls()
	s.accessCalls()
	s.triggerCalls()
	s.runCalls()
	s.historyCalls()
	s.backfillCalls()
	s.poolCalls()
	s.streamCalls()
	s.contactCalls()
	s.issueCalls()
	s.hookCalls()
	s.connectionCalls()
	s.variableCalls()
	s.alertCalls()
	return s, router
}

// workspaceParameter is where the document describes how a call names its
// workspace.
const workspaceParameter = "Workspace"

func config() huma.Config {
	problemsOnce()
	c := huma.DefaultConfig("broked", "1")
	c.Info.Description = "The API of broked, a self-hosted data pipeline server. It speaks the public Brokoli API."
	c.Formats = formats
	c.CreateHooks = nil // no $schema member in answers
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.Components.Parameters = map[string]*huma.Param{workspaceParameter: {
		Name: "X-Workspace-ID", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
		Description: "The workspace to work in, of those that the caller belongs to; without it that is the default one, else their first. " +
			"A GET may have it as workspace in its address instead, for links and event streams.",
	}}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "The token of POST /api/auth/login, or an API key"},
		"key":    {Type: "apiKey", In: "header", Name: "X-API-Key", Description: "An API key; see POST /api/services"},
		"cookie": {Type: "apiKey", In: "cookie", Name: cookieName, Description: "Set by POST /api/auth/login"},
	}
	return c
}
