package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/runs"
)

// daily makes a pipeline that writes a file for the day that it runs for.
func daily(s *server) {
	s.t.Helper()
	s.call("POST", "/api/pipelines", `{"name":"p","nodes":[
		{"id":"in","type":"source_file","config":{"path":"in.csv"}},
		{"id":"out","type":"sink_file","config":{"path":"${interval.start_date}-${param.who}.csv"}}],
		"edges":[{"from":"in","to":"out"}],"params":{"who":"nobody"}}`, 201, nil)
}

// backfilled waits until a backfill is what is awaited, and returns it.
func (s *server) backfilled(id string, is func(runs.Backfill) bool) runs.Backfill {
	s.t.Helper()
	look, timeout := time.NewTicker(5*time.Millisecond), time.After(soon)
	defer look.Stop()
	for {
		var b runs.Backfill
		s.call("GET", "/api/backfills/"+id, "", 200, &b)
		if is(b) {
			return b
		}
		select {
		case <-look.C:
		case <-timeout:
			s.t.Fatalf("the backfill does not get further than %+v", b)
		}
	}
}

func finished(b runs.Backfill) bool { return b.Status == runs.BackfillDone }

func TestABackfillFromTheCommandLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 3)
	s := serve(t, dir)
	daily(s)
	p := person{t: t, dir: t.TempDir(), env: []string{"BROKED_SERVER=" + s.url}}
	march := []string{"p", "--start", "2025-03-01", "--end", "2025-03-05"}
	p.wants(0, "4 intervals (@daily), 1 at once", append([]string{"backfill", "preview"}, march...)...)
	id := p.wants(0, "", append([]string{"backfill", "start", "--concurrency", "2", "--param", "who=${interval.day}"}, march...)...)
	got := s.backfilled(id, finished)
	if got.Progress != (runs.Progress{Total: 4, Done: 4}) {
		t.Errorf("progress %+v", got.Progress)
	}
	for day := 1; day <= 4; day++ {
		if _, err := os.Stat(filepath.Join(dir, fmt.Sprintf("2025-03-%02d-2025-03-%02d.csv", day, day))); err != nil {
			t.Error(err)
		}
	}
	p.wants(0, "4 of 4 done", "backfill", "show", id)
	p.wants(0, id, "backfill", "list", "--pipeline", "p")
	p.wants(1, "the backfill is done", "backfill", "pause", id)

	again := p.wants(0, "", append([]string{"backfill", "start"}, march...)...)
	if got := s.backfilled(again, finished); got.Progress != (runs.Progress{Total: 4, Skipped: 4}) {
		t.Errorf("what is done is done again: %+v", got.Progress)
	}
	must(t, os.Remove(filepath.Join(dir, "in.csv")))
	failing := p.wants(0, "", append([]string{"backfill", "start", "--force", "--on-failure", "pause"}, march...)...)
	s.backfilled(failing, func(b runs.Backfill) bool { return b.Status == runs.BackfillPaused })
	p.wants(0, "has failed", "backfill", "show", failing)
	rows(t, dir, "in.csv", 3)
	p.wants(0, "running", "backfill", "continue", failing)
	got = s.backfilled(failing, finished)
	if got.Progress != (runs.Progress{Total: 4, Done: 3, Failed: 1}) || len(got.Failures) != 1 {
		t.Fatalf("it ends with %+v", got)
	}
	p.wants(0, "", "runs", "resume", string(got.Failures[0].Run), "--wait")
	p.wants(0, "4 of 4 done, 0 failed", "backfill", "show", failing)
	var all []runs.Backfill
	must(t, json.Unmarshal([]byte(p.wants(0, "", "backfill", "list", "--json")), &all))
	if len(all) != 3 {
		t.Errorf("%d backfills", len(all))
	}
	p.wants(1, "has not come", "backfill", "start", "p", "--start", "2025-03-01", "--end", "2999-01-01")
	p.wants(exitUsage, "--start", "backfill", "start", "p", "--end", "2025-03-01")
	p.wants(1, "there is no backfill", "backfill", "cancel", string(got.Failures[0].Run))
}

// TestKilledServerDoesEachIntervalOnce kills the server again and again while it does a
// backfill: afterwards every interval has one run.
func TestKilledServerDoesEachIntervalOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 3)
	s := serve(t, dir)
	daily(s)
	const days = 40
	var b runs.Backfill
	s.call("POST", "/api/pipelines/p/backfills", `{"start":"2025-01-01","end":"2025-02-10","concurrency":3}`, 201, &b)
	for _, done := range []int{3, 10, 20} {
		s.backfilled(string(b.ID), func(b runs.Backfill) bool { return b.Progress.Done >= done })
		orphans := engines(t, s.cmd.Process.Pid)
		s.kill()
		for _, pid := range orphans {
			awaitEnd(t, pid)
		}
		s = serve(t, dir)
	}
	got := s.backfilled(string(b.ID), finished)
	if got.Progress != (runs.Progress{Total: days, Done: days}) {
		t.Errorf("progress %+v: %+v", got.Progress, got.Failures)
	}
	var page struct{ Items []runs.Run }
	s.call("GET", "/api/pipelines/p/runs?limit=500", "", 200, &page)
	seen := map[time.Time]int{}
	for _, r := range page.Items {
		var one runs.Run
		s.call("GET", "/api/runs/"+string(r.ID), "", 200, &one)
		seen[*one.IntervalStart]++
	}
	if len(seen) != days || len(page.Items) != days {
		t.Errorf("%d runs for %d intervals, want %d", len(page.Items), len(seen), days)
	}
	files, err := filepath.Glob(filepath.Join(dir, "2025-*-nobody.csv"))
	must(t, err)
	if len(files) != days {
		t.Errorf("%d files: %s", len(files), strings.Join(files, " "))
	}
}

// TestTenThousandIntervals: of many intervals few runs are on record, also while they are
// done, and cancelling ends them.
func TestTenThousandIntervals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 3)
	s := serve(t, dir)
	daily(s)
	var b runs.Backfill
	s.call("POST", "/api/pipelines/p/backfills", `{"start":"2024-01-01T00:00:00Z","end":"2024-01-07T22:40:00Z","interval":"* * * * *","concurrency":4}`, 201, &b)
	s.backfilled(string(b.ID), func(b runs.Backfill) bool {
		if b.Progress.Running > 4 {
			t.Errorf("%d runs have not ended", b.Progress.Running)
		}
		return b.Progress.Done >= 20
	})
	var page struct{ Total int }
	s.call("POST", "/api/backfills/"+string(b.ID)+"/cancel", "", 200, nil)
	got := s.backfilled(string(b.ID), func(b runs.Backfill) bool { return b.Progress.Running == 0 })
	s.call("GET", "/api/runs?page=1", "", 200, &page)
	if p := got.Progress; p.Total != 10_000 || page.Total != p.Done+p.Cancelled || page.Total > 2000 {
		t.Errorf("%d runs are on record: %+v", page.Total, p)
	}
}
