package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestScheduledRun sees a server start a run by itself and, after a restart that
// takes longer than a tick, once more; and that the run knows what time it is for.
func TestScheduledRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := serve(t, dir)
	rows(t, dir, "in.csv", 10)
	var p struct{ ID string }
	s.call("POST", "/api/pipelines", `{"name":"often","schedule":"* * * * * *","nodes":[
		{"id":"in","type":"source_file","config":{"path":"in.csv"}},
		{"id":"out","type":"sink_file","config":{"path":"${interval.end_date}.csv"}}],"edges":[{"from":"in","to":"out"}]}`, 201, &p)
	await := func(least int) {
		t.Helper()
		deadline := time.Now().Add(soon)
		for {
			var all []runState
			s.call("GET", fmt.Sprintf("/api/pipelines/%s/runs", p.ID), "", 200, &all)
			done := 0
			for _, r := range all {
				if r.Status == "success" {
					done++
				}
			}
			if done >= least {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d runs have succeeded, want %d: %+v", done, least, all)
			}
			s.stir(p.ID)
		}
	}
	await(2)
	files, err := filepath.Glob(filepath.Join(dir, time.Now().UTC().Format("2006-")+"*.csv"))
	must(t, err)
	if len(files) == 0 {
		entries, _ := os.ReadDir(dir)
		t.Errorf("no file is named by its interval: %v", entries)
	}
	s.kill()
	s = serve(t, dir)
	await(4)
}

// stir waits for the next run of a pipeline to end, or for a moment.
func (s *server) stir(pipeline string) {
	s.t.Helper()
	var all []runState
	s.call("GET", "/api/pipelines/"+pipeline+"/runs", "", 200, &all)
	for _, r := range all {
		if r.Status == "pending" || r.Status == "running" {
			s.follow(r.ID)
			return
		}
	}
	<-time.After(50 * time.Millisecond)
}

// TestScheduleIsPreviewed: the words of people are cron, and times are those of the zone.
func TestScheduleIsPreviewed(t *testing.T) {
	t.Parallel()
	out, err := program(t.Context(), t.TempDir(), "schedule", "preview", "every weekday at 9", "--timezone", "Asia/Tokyo", "--count", "3").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "0 9 * * 1-5\n") || strings.Count(string(out), " 09:00:00 JST  20") != 3 || strings.Count(string(out), "T00:00:00Z") != 3 {
		t.Errorf("%v: %s", err, out)
	}
	for _, args := range [][]string{{"sometimes"}, {"@daily", "--timezone", "Mars/X"}, {"@daily", "--count", "0"}} {
		out, err := program(t.Context(), t.TempDir(), append([]string{"schedule", "preview"}, args...)...).CombinedOutput()
		if exitStatus(err) != exitUsage {
			t.Errorf("%v: %v: %s", args, err, out)
		}
	}
}
