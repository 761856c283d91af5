package queue_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/broked/broked/internal/queue"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/store/storetest"
)

// line is a queue in a database of its own.
type line struct {
	*queue.Queue
	db *sql.DB
}

func open(tb testing.TB, o queue.Options) line {
	tb.Helper()
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(tb.Context(), store.Options{Path: storetest.SQLite(tb), Log: log})
	if err != nil {
		tb.Fatal(err)
	}
	ctx := context.WithoutCancel(tb.Context())
	tb.Cleanup(func() { _ = db.Close(ctx) })
	q, err := queue.New(tb.Context(), db.Writer(), log, o)
	if err != nil {
		tb.Fatal(err)
	}
	return line{q, db.Writer()}
}

// in runs fn in a transaction and ends it by end.
func (l line) in(tb testing.TB, end func(*sql.Tx) error, fn func(tx *sql.Tx) error) {
	tb.Helper()
	tx, err := l.db.BeginTx(tb.Context(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	if err := errors.Join(fn(tx), end(tx)); err != nil {
		tb.Fatal(err)
	}
}

func (l line) enqueue(tb testing.TB, all ...runs.ID) {
	tb.Helper()
	l.in(tb, (*sql.Tx).Commit, func(tx *sql.Tx) error {
		for _, run := range all {
			if err := l.EnqueueTx(tb.Context(), tx, run, ""); err != nil {
				return err
			}
		}
		return nil
	})
	l.Wake()
}

// start works the queue until the test is over or stop is called, which waits.
func (l line) start(tb testing.TB, work queue.Work) (stop func()) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx, work) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Error(err)
		}
	})
	tb.Cleanup(stop)
	return stop
}

// collector is work that sends what it gets.
func collector(size int) (chan runs.ID, queue.Work) {
	got := make(chan runs.ID, size)
	return got, func(_ context.Context, run runs.ID, _ string) error { got <- run; return nil }
}

func TestWorksInOrder(t *testing.T) {
	t.Parallel()
	l := open(t, queue.Options{Slots: 1, Grace: time.Second})
	var want []runs.ID
	for i := range 20 {
		want = append(want, runs.ID(fmt.Sprint("r", i)))
	}
	l.enqueue(t, want[:10]...) // before the start
	got, work := collector(len(want))
	l.start(t, work)
	l.enqueue(t, want[10:]...)
	var all []runs.ID
	for range want {
		all = append(all, <-got)
	}
	if !slices.Equal(all, want) {
		t.Errorf("worked %v, want %v", all, want)
	}
}

func TestRollbackEnqueuesNothing(t *testing.T) {
	t.Parallel()
	l := open(t, queue.Options{Slots: 1, Grace: time.Second})
	got, work := collector(2)
	l.start(t, work)
	l.in(t, (*sql.Tx).Rollback, func(tx *sql.Tx) error { return l.EnqueueTx(t.Context(), tx, "dropped", "") })
	l.Wake()
	l.enqueue(t, "kept")
	if run := <-got; run != "kept" {
		t.Errorf("worked %q, which was rolled back", run)
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	l := open(t, queue.Options{Slots: 1, Grace: time.Second})
	l.enqueue(t, "one", "two")
	// As a killed server leaves it: taken, and nobody works on it.
	if _, err := l.db.ExecContext(t.Context(), `UPDATE river_job SET state = 'running' WHERE id = 1`); err != nil {
		t.Fatal(err)
	}
	l.in(t, (*sql.Tx).Commit, func(tx *sql.Tx) error {
		return errors.Join(l.ResetTx(t.Context(), tx), l.EnqueueTx(t.Context(), tx, "fresh", ""))
	})
	got, work := collector(3)
	l.start(t, work)
	if run := <-got; run != "fresh" {
		t.Errorf("worked %q, which was reset", run)
	}
}

func TestPutBackByItsWorker(t *testing.T) {
	t.Parallel()
	l := open(t, queue.Options{Slots: 1, Grace: time.Second})
	rounds := make(chan int)
	var round atomic.Int64
	l.start(t, func(context.Context, runs.ID, string) error {
		n := round.Add(1)
		if n < 3 {
			l.enqueue(t, "r")
		}
		rounds <- int(n)
		return errors.New("an error is logged, not tried again")
	})
	l.enqueue(t, "r")
	for want := 1; want <= 3; want++ {
		if n := <-rounds; n != want {
			t.Errorf("round %d, want %d", n, want)
		}
	}
	l.enqueue(t, "r") // waits behind whatever a retry would have put before it
	if n := <-rounds; n != 4 {
		t.Errorf("round %d, want 4", n)
	}
}

func TestSlots(t *testing.T) {
	t.Parallel()
	const slots = 3
	l := open(t, queue.Options{Slots: slots, Grace: time.Minute})
	var now, most atomic.Int64
	begun, end := make(chan runs.ID, 10), make(chan struct{})
	l.start(t, func(_ context.Context, run runs.ID, _ string) error {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		begun <- run
		<-end
		return nil
	})
	for i := range 10 {
		l.enqueue(t, runs.ID(strconv.Itoa(i)))
	}
	for range slots {
		<-begun
	}
	if len(begun) > 0 {
		t.Errorf("more than %d begun at once", slots)
	}
	close(end)
	for range 10 - slots {
		<-begun
	}
	if m := most.Load(); m != slots {
		t.Errorf("at most %d at once, want %d", m, slots)
	}
}

func TestNoSlots(t *testing.T) {
	t.Parallel()
	l := open(t, queue.Options{})
	got, work := collector(1)
	stop := l.start(t, work)
	l.enqueue(t, "r")
	stop()
	if len(got) > 0 {
		t.Error("a queue without slots worked")
	}
}

func TestStopWaitsForWork(t *testing.T) {
	t.Parallel()
	l := open(t, queue.Options{Slots: 1, Grace: time.Hour})
	begun, end := make(chan struct{}), make(chan struct{})
	var ended atomic.Bool
	stop := l.start(t, func(ctx context.Context, _ runs.ID, _ string) error {
		close(begun)
		<-end
		ended.Store(ctx.Err() == nil)
		return nil
	})
	l.enqueue(t, "r", "not begun any more")
	<-begun
	time.AfterFunc(20*time.Millisecond, func() { close(end) })
	stop()
	if !ended.Load() {
		t.Error("work was cancelled or left behind within its grace")
	}
}

func TestStopCancelsWorkAfterGrace(t *testing.T) {
	t.Parallel()
	for _, grace := range []time.Duration{0, 10 * time.Millisecond} {
		l := open(t, queue.Options{Slots: 1, Grace: grace})
		begun := make(chan struct{})
		stop := l.start(t, func(ctx context.Context, _ runs.ID, _ string) error {
			close(begun)
			<-ctx.Done()
			return ctx.Err()
		})
		l.enqueue(t, "r")
		<-begun
		stop() // returns, or the test does not
	}
}

func TestStopBeforeStart(t *testing.T) {
	t.Parallel()
	l := open(t, queue.Options{Slots: 1, Grace: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Run(ctx, func(context.Context, runs.ID, string) error { return nil }); err != nil {
		t.Errorf("stopped before it began: %v", err)
	}
}

func TestHealthy(t *testing.T) {
	t.Parallel()
	l := open(t, queue.Options{})
	if err := l.Healthy(t.Context()); err != nil {
		t.Error(err)
	}
	if err := l.db.Close(); err != nil {
		t.Fatal(err)
	}
	if l.Healthy(t.Context()) == nil {
		t.Error("a queue without a database is healthy")
	}
}

// BenchmarkLatency measures the time from a commit to the beginning of work.
func BenchmarkLatency(b *testing.B) {
	l := open(b, queue.Options{Slots: 4, Grace: time.Second})
	begun := make(chan time.Time)
	l.start(b, func(context.Context, runs.ID, string) error { begun <- time.Now(); return nil })
	var all []time.Duration
	for i := 0; b.Loop(); i++ {
		l.in(b, (*sql.Tx).Commit, func(tx *sql.Tx) error { return l.EnqueueTx(b.Context(), tx, runs.ID(strconv.Itoa(i)), "") })
		at := time.Now()
		l.Wake()
		all = append(all, (<-begun).Sub(at))
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
}

// TestLabels checks that an entry with a label is for who has it, and that entries of all
// labels together take no more than the slots.
func TestLabels(t *testing.T) {
	t.Parallel()
	const slots = 2
	l := open(t, queue.Options{Slots: slots, Grace: time.Minute, Labels: []string{"gpu", "far"}})
	labels := []string{"", "gpu", "far", "nobodys"}
	begun, end := make(chan string, 100), make(chan struct{})
	l.start(t, func(_ context.Context, _ runs.ID, label string) error {
		begun <- label
		<-end
		return nil
	})
	l.in(t, (*sql.Tx).Commit, func(tx *sql.Tx) error {
		for i := range 40 {
			if err := l.EnqueueTx(t.Context(), tx, runs.ID(strconv.Itoa(i)), labels[i%len(labels)]); err != nil {
				return err
			}
		}
		return nil
	})
	l.Wake()
	seen := map[string]int{}
	for range slots {
		seen[<-begun]++
	}
	if len(begun) > 0 {
		t.Errorf("more than %d at once", slots)
	}
	for range 30 - slots {
		end <- struct{}{}
		seen[<-begun]++
		if len(begun) > 0 {
			t.Errorf("more than %d at once", slots)
		}
	}
	close(end)
	for _, label := range labels[:3] {
		if seen[label] != 10 {
			t.Errorf("%d of 10 with the label %q", seen[label], label)
		}
	}
}
