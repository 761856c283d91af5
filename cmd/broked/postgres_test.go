package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/broked/broked/internal/store/storetest"
)

// TestPostgreSQLCrashes ends the database at once while a server and a worker use it, in the
// middle of a run. Calls are refused meanwhile, engines go on, and when the database is back all
// goes on without a restart of anything: what was acknowledged is there, once.
func TestPostgreSQLCrashes(t *testing.T) {
	t.Parallel()
	own, files := storetest.PrivatePostgres(t), t.TempDir()
	rows(t, files, "in.csv", 300)
	in := filepath.Join(files, "in.csv")
	back := make(chan struct{})
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-back: // until then the run is under way
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(other.Close)
	s := serve(t, t.TempDir(), "--local-runs", "0", "--db", own.URL, "--limit", "people=off")
	w := worker(t, t.TempDir(), own.URL, "--runs", "1", "--outbound-loopback", "all")
	going := s.calling(in, other.URL)
	waits := []runState{s.again("p"), s.again("p")}

	own.Crash()
	s.call("GET", "/api/runs/"+going.ID, "", http.StatusServiceUnavailable, nil)
	s.call("POST", "/api/pipelines/p/run", "", http.StatusServiceUnavailable, nil)
	s.call("GET", "/health", "", 200, nil)
	for _, process := range []*server{s, w} {
		process.call("GET", "/ready", "", http.StatusServiceUnavailable, nil)
	}
	close(back) // the engine is done before the database is back
	own.Start()

	for _, r := range append(waits, going) {
		s.follow(r.ID)
		if got := s.ended(r.ID); got.Status != "success" || got.Attempt != 0 || got.nodes() != "in success 300, out success 300" {
			t.Errorf("%s after %d attempts: %s (%s)", got.Status, got.Attempt, got.nodes(), got.Error)
		}
	}
	next := s.again("p")
	if got := s.ended(next.ID); got.Status != "success" {
		t.Errorf("a run after that is %s: %s", got.Status, got.Error)
	}
	var all []runState
	if s.call("GET", "/api/runs", "", 200, &all); len(all) != 4 {
		t.Errorf("%d runs are on record, want 4", len(all))
	}
	for _, process := range []*server{s, w} {
		process.call("GET", "/ready", "", 200, nil)
	}
}
