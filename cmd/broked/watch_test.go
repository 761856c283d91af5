package main

import (
	"path/filepath"
	"testing"
)

// issue is what GET /api/issues tells of one.
type issue struct {
	State, Title, Body string
	Count              int
	FirstRun           string `json:"first_run_id"`
	LastRun            string `json:"last_run_id"`
}

func (s *server) issues() []issue {
	s.t.Helper()
	var all []issue
	s.call("GET", "/api/issues?kind=run_failed", "", 200, &all)
	return all
}

func TestAnIssueOutlivesItsServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := serve(t, dir)
	first := s.start("p", "in.csv", keepDE, "out.csv")
	s.follow(first.ID)
	last := s.again("p")
	s.follow(last.ID)
	s.kill()
	s = serve(t, dir)
	all := s.issues()
	want := issue{State: "open", Title: "p fails at In", Body: s.run(last.ID).Error, Count: 2, FirstRun: first.ID, LastRun: last.ID}
	if len(all) != 1 || all[0] != want {
		t.Fatalf("issues %+v, want %+v", all, want)
	}
	rows(t, dir, "in.csv", 10)
	s.follow(s.again("p").ID)
	if all := s.issues(); len(all) != 1 || all[0].State != "resolved" || all[0].Count != 2 {
		t.Errorf("after a success: %+v", all)
	}
}

func TestRoomOfTheDataFolder(t *testing.T) {
	t.Parallel()
	data, err := openFolder(filepath.Join(t.TempDir(), "data"))
	must(t, err)
	defer data.close()
	space, err := data.space()
	if err != nil || space.Total < 1<<20 || space.Free > space.Total {
		t.Errorf("%+v (%v)", space, err)
	}
}
