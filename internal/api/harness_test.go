package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/calls"
	"github.com/broked/broked/internal/connections"
	"github.com/broked/broked/internal/console"
	"github.com/broked/broked/internal/contacts"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/files"
	"github.com/broked/broked/internal/hooks"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/issues"
	"github.com/broked/broked/internal/limits"
	"github.com/broked/broked/internal/lineage"
	"github.com/broked/broked/internal/names"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/nodes"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/queue"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/script"
	"github.com/broked/broked/internal/sealed"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/store/storetest"
	"github.com/broked/broked/internal/trials"
	"github.com/broked/broked/internal/triggers"
	"github.com/broked/broked/internal/variables"
	"github.com/broked/broked/internal/workspaces"
)

// setupToken is what a caller from elsewhere needs to make the first account.
const setupToken = "brkset_test"

// serverKey is the key that the server was started with.
const serverKey = "brk_000000000000000000000000000000000000000000000001"

const password = "secure-password"

// world is a whole server with a database of its own. Nothing works on its
// queue, so that a run stays where a test put it.
type world struct {
	t      *testing.T
	url    string
	db     *store.DB
	store  *store.Store
	auth   *auth.Service
	news   *news.Board
	files  contacts.Files
	tokens map[auth.Role]string
	file   string       // the database
	folder string       // of files that trials may touch
	ahead  atomic.Int64 // how far the clock of its accounts is ahead, in nanoseconds
}

// newWorld returns a server without accounts.
func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldWith(t, func(*api.Deps) {})
}

// newWorldWith returns a server without accounts whose parts were changed.
func newWorldWith(t *testing.T, change func(*api.Deps)) *world {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	file := storetest.SQLite(t)
	db, err := store.Open(t.Context(), store.Options{Path: file, Log: log})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close(context.WithoutCancel(t.Context()))) })
	q, err := queue.New(t.Context(), db.Writer(), log, queue.Options{})
	must(t, err)
	memory, board := store.New(db, q), &news.Board{}
	keys := auth.NewKeys(memory, serverKey, log)
	w := &world{t: t, file: file, db: db, store: memory, news: board, tokens: map[auth.Role]string{}}
	folder := t.TempDir()
	w.folder = filepath.Join(folder, "data")
	w.files = contacts.Files(filepath.Join(folder, "contacts"))
	signing, err := auth.OpenSigningKeys(filepath.Join(folder, "secret"), filepath.Join(folder, "signing.json"), w.now())
	must(t, err)
	w.auth, err = auth.NewService(t.Context(), auth.Deps{
		Store: memory, Keys: keys, Log: log, Signing: signing, Now: w.now, Idle: sessionIdle, SetupToken: setupToken,
	})
	must(t, err)
	kinds, err := node.NewRegistry(nodes.All()...)
	must(t, err)
	documents := pipelines.NewService(memory, kinds, board)
	box, err := sealed.Open(filepath.Join(folder, "data.key"))
	must(t, err)
	vars := variables.NewService(memory, box)
	starter := runs.NewService(memory, documents, board)
	deps := api.Deps{
		Triggers: triggers.NewService(memory, documents, starter),
		Lineage:  lineage.NewService(memory), Purge: func(_ context.Context, before time.Time) (int, error) {
			return max(0, int(time.Since(before)/(24*time.Hour))), nil
		},
		Console: console.NewService(starter, inProcess{t: t, kinds: kinds, folder: w.folder}),
		Trials:  trials.NewService(memory, documents, inProcess{t: t, kinds: kinds, folder: w.folder}),
		Log:     log, Workspaces: workspaces.NewService(memory), Auth: w.auth, Keys: keys, Pipelines: documents, Contacts: contacts.NewService(memory, w.files, board), Runs: starter,
		Issues: issues.NewService(memory, board),
		Hooks:  hooks.NewService(memory, documents, box, board),
		Connections: connections.NewService(connections.Deps{
			Calls: calls.NewKeeper(),
			Store: memory, Box: box, Kinds: kinds,
			References: connections.References{Secret: vars.Secret, Env: []string{"HOME"}, Lookup: func(name string) (string, bool) { return "from-" + name, name != "BROKED_SECRET_GONE" }},
			Out:        func() outbound.Exit { return outbound.Exit{} },
			Roots:      func() files.Roots { return files.Roots{Base: w.folder, Allow: []string{w.folder}} },
		}),
		Variables: vars,
		Kinds:     kinds, News: board, Templates: []api.Template{{ID: "t", Name: "T"}},
		Interface: fstest.MapFS{"index.html": {Data: []byte("<p>page")}, "assets/a.js": {Data: []byte("1")}},
		Limits:    map[api.Class]limits.Rate{},
		Info:      func() api.Info { return api.Info{Version: "test", Sandbox: &script.Sandbox{Level: script.Partial}} },
		Machines:  func(context.Context) ([]api.Machine, error) { return []api.Machine{{Node: "one"}}, nil },
		Ready: []func(context.Context) api.Check{
			func(ctx context.Context) api.Check { return api.Check{Name: "store", Err: db.Ping(ctx)} },
			func(context.Context) api.Check { return api.Check{Name: "broken", Err: brokenPart(t)} },
		},
	}
	deps.Names = &names.Names{Variables: vars, Connections: deps.Connections, Env: []string{"LANG"}, Lookup: func(name string) (string, bool) { return "of-" + name, true }}
	documents.Knows(deps.Names)
	change(&deps)
	srv := httptest.NewServer(api.New(deps))
	t.Cleanup(srv.Close)
	w.url = srv.URL
	return w
}

// sessionIdle is after how long without a request a session of these servers ends.
const sessionIdle = 8 * time.Hour

// now is the time of the server's accounts.
func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// later lets time pass for the server's accounts.
func (w *world) later(d time.Duration) { w.ahead.Add(int64(d)) }

// brokenPart is the error of a part of the server that does not work in the one
// test that looks at it.
func brokenPart(t *testing.T) error {
	t.Helper()
	if strings.HasPrefix(t.Name(), "TestNotReady") {
		return errors.New("disk 7 is gone")
	}
	return nil
}

// withAccounts makes an account for each role.
func (w *world) withAccounts() *world {
	w.t.Helper()
	for i, role := range []auth.Role{auth.Superadmin, auth.Admin, auth.Editor, auth.Viewer} {
		must(w.t, w.store.InsertUser(w.t.Context(), auth.User{
			ID: auth.UserID(id.New()), Name: string(role), Canonical: string(role), Role: role, Hash: passwordHash, CreatedAt: time.Now(),
		}, i == 0))
	}
	return w
}

// passwordHash is of password, made before: hashing is slow on purpose, and there
// are many worlds.
const passwordHash = "$argon2id$v=19$m=19456,t=2,p=1$FdRJPCNU306jAoYfe+eATw$+vMfnQTB9RCcOxh5mQttdEcsp6uoaqqIS5y2y794EBA"

// tokenOf returns the token of the account of role, which is signed in when a
// test first needs it. The role "" has none.
func (w *world) tokenOf(role auth.Role) string {
	w.t.Helper()
	if role != "" && w.tokens[role] == "" {
		in, err := w.auth.SignIn(w.t.Context(), string(role), password, auth.Caller{})
		must(w.t, err)
		w.tokens[role] = in.Token
	}
	return w.tokens[role]
}

// scenario is one request and what must come back.
type scenario struct {
	name         string
	as           auth.Role // "" sends no credential
	method, path string
	body         string
	header       map[string]string
	want         int
	has, hasNot  []string // in the answer's body
}

// call sends the request of sc and returns the answer with its body.
func (w *world) call(sc scenario) (*http.Response, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), sc.method, w.url+sc.path, strings.NewReader(sc.body))
	must(w.t, err)
	if sc.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token := w.tokenOf(sc.as); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for name, value := range sc.header {
		req.Header.Set(name, value)
		if name == "Host" {
			req.Host = value
		}
	}
	res, err := http.DefaultClient.Do(req)
	must(w.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(w.t, err)
	return res, string(text)
}

// run checks sc against w.
func (w *world) run(sc scenario) string {
	w.t.Helper()
	res, text := w.call(sc)
	if res.StatusCode != sc.want {
		w.t.Errorf("%s: %s %s answers %d, want %d: %s", sc.name, sc.method, sc.path, res.StatusCode, sc.want, text)
	}
	for _, s := range sc.has {
		if !strings.Contains(text, s) {
			w.t.Errorf("%s: the answer lacks %q: %s", sc.name, s, text)
		}
	}
	for _, s := range sc.hasNot {
		if strings.Contains(text, s) {
			w.t.Errorf("%s: the answer has %q: %s", sc.name, s, text)
		}
	}
	if res.StatusCode >= 400 {
		var body struct {
			Error     string          `json:"error"`
			Code      string          `json:"code"`
			RequestID string          `json:"request_id"`
			Problems  []fault.Problem `json:"problems"`
		}
		if err := json.NewDecoder(bytes.NewReader([]byte(text))).Decode(&body); err != nil || body.Error == "" || body.Code == "" || body.RequestID == "" {
			w.t.Errorf("%s: an error must have error, code and request_id: %s", sc.name, text)
		}
	}
	return text
}

// document is a pipeline that is sound, under a name.
func document(name string) string {
	return `{"name":"` + name + `","nodes":[
		{"id":"in","type":"source_file","name":"In","config":{"path":"in.csv"}},
		{"id":"out","type":"sink_file","name":"Out","config":{"path":"out.csv"}}],
		"edges":[{"from":"in","to":"out"}],"tags":["a"],"enabled":true}`
}

// create makes a pipeline and returns its id.
func (w *world) create(as auth.Role, name string) string {
	w.t.Helper()
	text := w.run(scenario{name: "create " + name, as: as, method: http.MethodPost, path: "/api/pipelines", body: document(name), want: 201})
	return member(w.t, text, "id")
}

// trigger starts a run and returns its id.
func (w *world) trigger(as auth.Role, pipeline string) string {
	w.t.Helper()
	text := w.run(scenario{name: "trigger", as: as, method: http.MethodPost, path: "/api/pipelines/" + pipeline + "/run", want: 202})
	return member(w.t, text, "run_id")
}

func member(t *testing.T, text, name string) string {
	t.Helper()
	var members map[string]any
	must(t, json.Unmarshal([]byte(text), &members))
	s, _ := members[name].(string)
	if s == "" {
		t.Fatalf("%s is not in %s", name, text)
	}
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// soon is how long a test waits for what must happen before it gives up.
const soon = 10 * time.Second
