package limits_test

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/broked/broked/internal/limits"
)

func TestRetryAfterIsTrue(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		rate  string
		burst int
		retry int // seconds after the burst
		full  time.Duration
	}{
		{"10/min:20", 20, 6, 2 * time.Minute},
		{"100/min:200", 200, 1, 2 * time.Minute},
		{"50/min:100", 100, 2, 2 * time.Minute},
		{"10/h:20", 20, 360, 2 * time.Hour},
		{"5/min:10", 10, 12, 2 * time.Minute},
		{"200/s", 400, 1, 2 * time.Second},
	} {
		t.Run(tc.rate, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rate, err := limits.Parse(tc.rate)
				if err != nil {
					t.Fatal(err)
				}
				l := limits.New()
				for i := range tc.burst {
					if v := l.Take("k", rate); !v.OK || v.Left != tc.burst-1-i {
						t.Fatalf("request %d: %+v", i+1, v)
					}
				}
				v := l.Take("k", rate)
				if v.OK || v.RetryAfter() != tc.retry {
					t.Fatalf("after the burst: %+v, want to wait %d s", v, tc.retry)
				}
				for range 1000 {
					l.Take("k", rate) // to insist is not punished
				}
				if !l.Take("other", rate).OK {
					t.Error("another key is refused")
				}
				time.Sleep(v.Retry)
				if !l.Take("k", rate).OK {
					t.Error("refused after waiting as told")
				}
				if l.Take("k", rate).OK {
					t.Error("two pass after waiting for one")
				}
				time.Sleep(tc.full)
				if v := l.Take("k", rate); v.Left != tc.burst-1 {
					t.Errorf("after a long pause %d are left", v.Left)
				}
			})
		})
	}
}

// TestTheRateIsKept asks far too often for a long time: what passes after the
// burst is the rate.
func TestTheRateIsKept(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		rate string
		per  time.Duration // of one more
		over time.Duration
	}{
		{"10/min:20", 6 * time.Second, time.Hour},
		{"100/min:200", 600 * time.Millisecond, 10 * time.Minute},
		{"200/min:400", 300 * time.Millisecond, 10 * time.Minute},
		{"50/min:100", 1200 * time.Millisecond, 10 * time.Minute},
		{"10/h:20", 6 * time.Minute, 100 * time.Hour},
		{"5/min:10", 12 * time.Second, 2 * time.Hour},
	} {
		t.Run(tc.rate, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rate, err := limits.Parse(tc.rate)
				if err != nil {
					t.Fatal(err)
				}
				l := limits.New()
				for l.Take("k", rate).OK {
					continue
				}
				passed := 0
				for end := time.Now().Add(tc.over); time.Now().Before(end); time.Sleep(tc.per / 7) {
					if l.Take("k", rate).OK {
						passed++
					}
				}
				if want := float64(tc.over) / float64(tc.per); math.Abs(float64(passed)-want) > 0.02*want {
					t.Errorf("%d pass in %v, want %.0f", passed, tc.over, want)
				}
			})
		})
	}
}

func TestLookingTakesNothing(t *testing.T) {
	t.Parallel()
	l, rate := limits.New(), limits.Per(1, time.Hour, 2)
	for range 5 {
		if v := l.Look("k", rate); !v.OK || v.Left != 1 {
			t.Fatalf("a full bucket looks like %+v", v)
		}
	}
	for l.Take("k", rate).OK {
		continue
	}
	if v := l.Look("k", rate); v.OK || v.Retry <= 0 {
		t.Errorf("an empty bucket looks like %+v", v)
	}
	if !l.Look("k", limits.Rate{}).OK {
		t.Error("no limit limits")
	}
}

func TestParallelRequestsPassExactlyTheBurst(t *testing.T) {
	t.Parallel()
	l, rate := limits.New(), limits.Per(1, time.Hour, 20)
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 400 {
		wg.Go(func() {
			if l.Take("k", rate).OK {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if passed.Load() != 20 {
		t.Errorf("%d passed, want 20", passed.Load())
	}
}

func TestManyKeysAreForgottenNotBusyOnes(t *testing.T) { //nolint:paralleltest // it looks at the memory of the whole process
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	l, rate := limits.New(), limits.Per(1, time.Hour, 2)
	for l.Take("busy", rate).OK {
		continue
	}
	for i := range 150_000 {
		l.Take(fmt.Sprint("people 2001:db8:", i, "::/64"), rate)
	}
	if used := heap() - before; used > 32<<20 {
		t.Errorf("150,000 keys take %d MB", used>>20)
	}
	if l.Take("busy", rate).OK {
		t.Error("a busy key was forgotten")
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	if r, err := limits.Parse("off"); err != nil || limits.New().Take("k", r).Left != math.MaxInt32 {
		t.Errorf("off: %v %v", r, err)
	}
	for _, bad := range []string{"", "10", "10/day", "0/s", "-1/s", "x/s", "10/s:0", "10/s:x"} {
		if _, err := limits.Parse(bad); err == nil {
			t.Errorf("%q is taken for a rate", bad)
		}
	}
}
