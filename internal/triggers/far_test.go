package triggers

import (
	"testing"
	"time"

	"github.com/broked/broked/internal/pipelines"
)

// TestRests: who fails waits for longer, and not for ever.
func TestRests(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		interval time.Duration
		failures int
		want     time.Duration
	}{
		{time.Minute, 0, time.Minute},
		{time.Minute, 1, 2 * time.Minute},
		{time.Minute, 3, 8 * time.Minute},
		{time.Minute, 4, 10 * time.Minute},
		{time.Minute, 1000, 10 * time.Minute},
		{5 * time.Second, 2, 20 * time.Second},
		{time.Hour, 0, time.Hour},
		{time.Hour, 5, time.Hour},
	} {
		if got := restFor(tc.interval, tc.failures); got != tc.want {
			t.Errorf("%s after %d failures: %s, want %s", tc.interval, tc.failures, got, tc.want)
		}
	}
}

// TestFarLooks: a trigger is looked at by one at a time, when it is due, and at once when it
// is another one than before.
func TestFarLooks(t *testing.T) {
	t.Parallel()
	l := farLooks{all: map[farKey]*farLook{}}
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	w := Watch{Pipeline: "p", Watcher: pipelines.Watcher{Name: "it", Type: pipelines.WatchFiles, ConnID: "lake", Path: "*.csv"}}
	begins := func(after time.Duration, want bool) {
		t.Helper()
		if got := l.begin(w, noon.Add(after)); got != want {
			t.Fatalf("after %s it begins: %t", after, got)
		}
	}
	ends := func(after, took time.Duration, failed bool) {
		t.Helper()
		l.done(w, noon.Add(after), noon.Add(after+took), failed)
	}
	begins(0, true)
	begins(time.Hour, false) // it is under way
	ends(0, time.Second, false)
	begins(59*time.Second, false)
	begins(time.Minute, true)
	ends(time.Minute, time.Second, true)
	begins(3*time.Minute-1, false)
	begins(3*time.Minute, true)
	ends(3*time.Minute, time.Minute, false)
	begins(13*time.Minute-1, false) // a long look has a long rest
	w.Every = "5s"
	begins(4*time.Minute, true)
	ends(4*time.Minute, 0, true)
	l.keep([]Watch{w})
	begins(4*time.Minute+9*time.Second, false)
	l.keep(nil) // paused, and resumed
	begins(4*time.Minute+9*time.Second, true)
	l.keep(nil)
	if len(l.all) != 1 {
		t.Error("one that is looked at was forgotten")
	}
}
