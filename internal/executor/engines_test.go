package executor_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/broked/broked/internal/executor"
	"github.com/broked/broked/internal/job"
)

// obliging is an engine that does nothing, says its number and may serve again. A job
// called "leave" leaves a file, "hang" never ends, "fail" fails, "other" is declined by
// one that has served before, and "tell" says what its folder is called.
const obliging = `
	echo '{"type":"ready"}'
	served=
	while read -r job; do
		case "$job" in
		*'"name":"leave"'*) dir=${job#*'"dir":"'}; echo x >"${dir%%'"'*}/left";;
		*'"name":"hang"'*) echo '{"type":"log","message":"hangs"}'; read -r never;;
		*'"name":"tell"'*) dir=${job#*'"dir":"'}; dir=${dir%%'"'*}; echo '{"type":"artifact","message":"'$dir'","path":"'$dir'/rows"}';;
		*'"name":"fail"'*) echo '{"type":"finished","status":"failed"}'; exit;;
		*'"name":"other"'*) [ -z "$served" ] || { echo '{"type":"declined"}'; exit; };;
		esac
		served=1
		echo '{"type":"finished","status":"success","again":true,"message":"'$$'"}'
		echo '{"type":"ready"}'
	done`

// stable are engines whose runs have folders.
type stable struct {
	t       *testing.T
	engines *executor.Engines
	dir     string
	runs    int
}

func newStable(t *testing.T) *stable {
	t.Helper()
	dir := t.TempDir()
	rest := filepath.Join(dir, "rest")
	if err := os.Mkdir(rest, 0o700); err != nil {
		t.Fatal(err)
	}
	s := &stable{t: t, dir: dir, engines: executor.NewEngines([]string{"/bin/sh", "-c", obliging}, 0, rest, slog.New(slog.DiscardHandler))}
	t.Cleanup(func() {
		ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
		stop()
		if err := s.engines.Run(ctx); err != nil { // ends those that rest
			t.Error(err)
		}
		if left, err := os.ReadDir(rest); err != nil || len(left) > 0 {
			t.Errorf("folders are left: %v %v", left, err)
		}
	})
	return s
}

// quiet is an ear that hears of nothing but what it waits for.
type quiet struct{ heard func(job.Message) }

func (q quiet) Hear(m job.Message) error {
	q.heard(m)
	return nil
}

func (quiet) Answer(context.Context, job.Question) job.Reply { return job.Reply{} }

// do runs a job and returns the number of the engine's process.
func (s *stable) do(ctx context.Context, alike, name string, heard func(job.Message)) (pid, dir string, err error) {
	s.t.Helper()
	s.runs++
	dir = filepath.Join(s.dir, strconv.Itoa(s.runs))
	if err := os.Mkdir(dir, 0o700); err != nil {
		s.t.Fatal(err)
	}
	last, err := s.engines.Do(ctx, alike, job.Job{Name: name, Dir: dir}, quiet{heard})
	return last.Message, dir, err
}

// next is do for a job that must not fail.
func (s *stable) next(alike, name string) string {
	s.t.Helper()
	pid, _, err := s.do(s.t.Context(), alike, name, func(job.Message) {})
	if err != nil || pid == "" {
		s.t.Fatalf("%s: %q %v", name, pid, err)
	}
	return pid
}

// TestWhichRunsShareAnEngine checks that an engine serves runs that are alike, and no
// others.
func TestWhichRunsShareAnEngine(t *testing.T) {
	t.Parallel()
	s := newStable(t)
	first := s.next("a", "plain")
	if again := s.next("a", "plain"); again != first {
		t.Error("the engine did not serve a run that is alike")
	}
	for what, pid := range map[string]string{
		"of another kind":       s.next("b", "plain"),
		"that shares with none": s.next("", "plain"),
	} {
		if pid == first {
			t.Errorf("the engine served a run %s", what)
		}
	}
	if one, two := s.next("", "plain"), s.next("", "plain"); one == two {
		t.Error("an engine served two runs that share with none")
	}
	if other := s.next("a", "other"); other == first {
		t.Error("the engine served a run that it declined")
	}
}

// TestWhatARunMustNotLeave checks that an engine serves no other run when its run has left
// a file, has failed or was cancelled, or when it died while it rested.
func TestWhatARunMustNotLeave(t *testing.T) {
	t.Parallel()
	s := newStable(t)
	left, dir, err := s.do(t.Context(), "a", "leave", func(job.Message) {})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "left")); err != nil {
		t.Errorf("what the run left is gone: %v", err)
	}
	second := s.next("a", "plain")
	if second == left {
		t.Error("an engine served another run after one that left a file")
	}
	if _, _, err := s.do(t.Context(), "a", "fail", func(job.Message) {}); err != nil { // in the second
		t.Fatal(err)
	}
	third := s.next("a", "plain")
	if third == second {
		t.Error("an engine served another run after one that failed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, _, err := s.do(ctx, "a", "hang", func(job.Message) { cancel() }); !errors.Is(err, context.Canceled) { // in the third
		t.Errorf("a cancelled run ended with %v", err)
	}
	fourth := s.next("a", "plain")
	if fourth == third {
		t.Error("an engine served another run after one that was cancelled")
	}
	pid, err := strconv.Atoi(fourth)
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err != nil {
		t.Fatal(err)
	}
	if s.next("a", "plain") == fourth {
		t.Error("a dead engine served another run")
	}
}

// TestFewEnginesRest checks that of many engines only those rest that were used last.
func TestFewEnginesRest(t *testing.T) {
	t.Parallel()
	s := newStable(t)
	var pids []string
	for i := range 9 {
		pids = append(pids, s.next(strconv.Itoa(i), "plain"))
	}
	if s.next("8", "plain") != pids[8] || s.next("1", "plain") != pids[1] {
		t.Error("an engine that was used lately has ended")
	}
	if s.next("0", "plain") == pids[0] {
		t.Error("more engines rest than should")
	}
}

// TestAnEngineKnowsItsFolderByOneName checks that the folder of an engine's runs is called
// the same for all of them, that it is that of each run, and that what is heard of it has
// its own name.
func TestAnEngineKnowsItsFolderByOneName(t *testing.T) {
	t.Parallel()
	s := newStable(t)
	var names []string
	for range 3 {
		var told job.Message
		_, dir, err := s.do(t.Context(), "a", "tell", func(m job.Message) {
			told = m
			if there, err := filepath.EvalSymlinks(m.Message); err != nil || there != filepath.Dir(m.Path) {
				t.Errorf("%s is %q: %v", m.Message, there, err)
			}
		})
		if err != nil || told.Path != filepath.Join(dir, "rows") {
			t.Errorf("heard of %q in %q: %v", told.Path, dir, err)
		}
		names = append(names, told.Message)
	}
	if names[0] != names[1] || names[1] != names[2] || filepath.Dir(names[0]) == s.dir {
		t.Errorf("the folder was called %q", names)
	}
}
