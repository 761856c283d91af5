package main

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/broked/broked/internal/store/storetest"
)

// yard is a server that executes nothing, and workers that are killed one after the other
// while they send rows to another side.
type yard struct {
	*server
	t        *testing.T
	database string
	db       *sql.DB
	files    string
	other    *httptest.Server
	answers  *atomic.Bool
}

func newYard(t *testing.T, args ...string) *yard {
	t.Helper()
	y := &yard{t: t, database: storetest.Postgres(t), files: t.TempDir()}
	y.other, y.answers = silent(t)
	y.server = serve(t, t.TempDir(), append([]string{"--local-runs", "0", "--db", y.database}, args...)...)
	y.db = looking(t, y.database)
	return y
}

// worker starts a worker in a folder, which takes back what killed ones were doing.
func (y *yard) worker(dir string, args ...string) *server {
	y.t.Helper()
	return worker(y.t, dir, y.database, append([]string{"--runs", "1", "--outbound-loopback", "all"}, args...)...)
}

// sending makes a pipeline that keeps rows and sends them away, and starts it.
func (y *yard) sending() runState {
	y.t.Helper()
	y.call("POST", "/api/pipelines", `{"name":"sending","nodes":[
		{"id":"in","type":"source_file","config":{"path":"`+filepath.Join(y.files, "in.csv")+`"}},
		{"id":"work","type":"filter","config":{"condition":"country = 'DE'","keep":true}},
		{"id":"out","type":"sink_api","config":{"url":"`+y.other.URL+`"}}],
		"edges":[{"from":"in","to":"work"},{"from":"work","to":"out"}]}`, 201, nil)
	return y.again("sending")
}

// killWhenSending kills a worker when it has reached the sink of a run for the nth time, and
// makes the others take it for dead.
func (y *yard) killWhenSending(w *server, run string, n int) {
	y.t.Helper()
	started := 0
	y.events(run, func(name string) bool {
		if name == "run.started" {
			started++
		}
		return started < n || name != "node.finished"
	})
	orphans := engines(y.t, w.cmd.Process.Pid)
	w.kill()
	for _, pid := range orphans {
		awaitEnd(y.t, pid)
	}
	_, err := y.db.ExecContext(y.t.Context(), `UPDATE processes SET seen_at = 0 WHERE id = (SELECT owner FROM runs WHERE id = ?1)`, run)
	must(y.t, err)
}

// TestRowsOfAnEarlierClaimAreNotTaken has a run go from one worker to another and back. What
// the first one has in its folder is older than what is on record.
func TestRowsOfAnEarlierClaimAreNotTaken(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	rows(t, y.files, "in.csv", 300)
	a := t.TempDir()
	r := y.sending()
	first := y.worker(a)
	y.killWhenSending(first, r.ID, 1)
	rows(t, y.files, "in.csv", 60)
	second := y.worker(t.TempDir())
	y.killWhenSending(second, r.ID, 2)
	rows(t, y.files, "in.csv", 30)
	y.answers.Store(true)
	y.worker(a)
	got := y.ended(r.ID)
	if got.Status != "success" || got.nodes() != "in success 30, work success 10, out success 10" {
		t.Errorf("%s: %s (%s)", got.Status, got.nodes(), got.Error)
	}
	if log := y.call("GET", "/api/runs/"+r.ID+"/logs", "", 200, nil); !strings.Contains(log, "and they were not kept") {
		t.Errorf("the log does not tell what was lost: %s", log)
	}
}

// bucket returns flags for a store of artifacts that speaks S3 and answers 503 at first.
func bucket(t *testing.T) []string {
	t.Helper()
	back := s3mem.New()
	must(t, back.CreateBucket("rows"))
	inner, failed := gofakes3.New(back, gofakes3.WithLogger(gofakes3.DiscardLog())).Server(), atomic.Bool{}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, ".parquet") && failed.CompareAndSwap(false, true) {
			http.Error(w, "", http.StatusServiceUnavailable)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(other.Close)
	secret := filepath.Join(t.TempDir(), "credentials")
	must(t, os.WriteFile(secret, []byte("[default]\naws_access_key_id = me\naws_secret_access_key = hunter2\n"), 0o600))
	return []string{"--artifacts", "s3://rows/broked?endpoint=" + other.URL, "--artifacts-credentials", secret}
}

// TestWorkersGoOnWithRowsOfOthers kills a worker in the middle of a run. Another one, with a
// folder of its own, goes on with the rows that the first had kept, as their source is gone.
func TestWorkersGoOnWithRowsOfOthers(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{"folder": {"--artifacts", t.TempDir()}, "S3": bucket(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			y := newYard(t, flags...)
			rows(t, y.files, "in.csv", 300)
			r := y.sending()
			y.killWhenSending(y.worker(t.TempDir(), flags...), r.ID, 1)
			must(t, os.Remove(filepath.Join(y.files, "in.csv")))
			y.answers.Store(true)
			y.worker(t.TempDir(), flags...)
			got := y.ended(r.ID)
			if got.Status != "success" || got.Attempt != 1 || got.nodes() != "in success 300, work success 100, out success 100" {
				t.Errorf("%s: %s (%s)", got.Status, got.nodes(), got.Error)
			}
			if log := y.call("GET", "/api/runs/"+r.ID+"/logs", "", 200, nil); !strings.Contains(log, "100 rows, fetched from the store of artifacts") {
				t.Errorf("the log does not tell where rows are from: %s", log)
			}
			place, _, _ := strings.Cut(flags[1], "?")
			if info := y.call("GET", "/api/system/info", "", 200, nil); !strings.Contains(info, `"artifacts":{"place":"`+place) {
				t.Errorf("the system tells %s", info)
			}
		})
	}
}

// TestLostArtifactsAreMadeAgain: what is damaged or gone in the store is computed again, and
// the log says why.
func TestLostArtifactsAreMadeAgain(t *testing.T) {
	t.Parallel()
	for why, lose := range map[string]func(file string) error{
		"they are no longer in the store of artifacts": os.Remove,
		"they are damaged in the store of artifacts": func(file string) error {
			text, err := os.ReadFile(file)
			if err == nil {
				text[len(text)/2] ^= 1
				err = os.WriteFile(file, text, 0o600)
			}
			return err
		},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			store := t.TempDir()
			y := newYard(t, "--artifacts", store)
			rows(t, y.files, "in.csv", 300)
			r := y.sending()
			y.killWhenSending(y.worker(t.TempDir(), "--artifacts", store), r.ID, 1)
			rows(t, y.files, "in.csv", 30)
			files, err := filepath.Glob(filepath.Join(store, "runs", r.ID, "work.parquet"))
			must(t, err)
			if len(files) != 1 {
				t.Fatal("the rows are not in the store")
			}
			must(t, lose(files[0]))
			y.answers.Store(true)
			y.worker(t.TempDir(), "--artifacts", store)
			if got := y.ended(r.ID); got.Status != "success" || got.nodes() != "in success 30, work success 10, out success 10" {
				t.Errorf("%s: %s (%s)", got.Status, got.nodes(), got.Error)
			}
			if log := y.call("GET", "/api/runs/"+r.ID+"/logs", "", 200, nil); !strings.Contains(log, `Runs again: \"out\" needs its rows, and `+why) {
				t.Errorf("the log does not tell why: %s", log)
			}
		})
	}
}

// TestRowsOfASubpipelineComeFromOtherMachines has a worker execute a pipeline for another one.
// The server, which looks after that, has none of its rows, nor has the next worker.
func TestRowsOfASubpipelineComeFromOtherMachines(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	y := newYard(t, "--artifacts", store)
	rows(t, y.files, "in.csv", 300)
	out := filepath.Join(y.files, "out.csv")
	y.call("POST", "/api/pipelines", `{"name":"below","pipeline_id":"below","label":"one","nodes":[
		{"id":"in","type":"source_file","config":{"path":"`+filepath.Join(y.files, "in.csv")+`"}},
		{"id":"work","type":"filter","config":{"condition":"country = 'DE'"}}],
		"edges":[{"from":"in","to":"work"}]}`, 201, nil)
	y.call("POST", "/api/pipelines", `{"name":"above","label":"two","nodes":[
		{"id":"sub","type":"subpipeline","config":{"pipeline":"below","outputs":"work"}},
		{"id":"out","type":"sink_file","config":{"path":"`+out+`"}}],
		"edges":[{"from":"sub","to":"out"}]}`, 201, nil)
	for _, label := range []string{"one", "two"} {
		y.worker(t.TempDir(), "--artifacts", store, "--data-dirs", y.files, "--labels", label)
	}
	got := y.ended(y.again("above").ID)
	if got.Status != "success" || got.nodes() != "sub success 100, out success 100" {
		t.Errorf("%s: %s (%s)", got.Status, got.nodes(), got.Error)
	}
}

// TestRunsAreSpreadOverWorkers has two workers with a slot each execute two runs at once.
func TestRunsAreSpreadOverWorkers(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	rows(t, y.files, "in.csv", 30)
	first := y.sending()
	second := y.again("sending")
	for range 2 {
		y.worker(t.TempDir())
	}
	for _, r := range []runState{first, second} {
		y.events(r.ID, func(name string) bool { return name != "node.finished" })
	}
	if a, b := ownerOf(t, y.db, first.ID), ownerOf(t, y.db, second.ID); a == b || a == "" || b == "" {
		t.Errorf("the runs are executed by %q and %q", a, b)
	}
}
