package calls

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestLinesKeepToTheirLimits has many take their turns in a line of each sort.
func TestLinesKeepToTheirLimits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		most limit
		work time.Duration
		want time.Duration // for 10 of them
	}{
		"no limit":       {limit{}, time.Second, time.Second},
		"one at once":    {limit{atOnce: 1}, time.Second, 10 * time.Second},
		"three at once":  {limit{atOnce: 3}, time.Second, 4 * time.Second},
		"two a second":   {limit{every: time.Second / 2}, 0, 9 * time.Second / 2},
		"slow and alone": {limit{atOnce: 1, every: time.Second}, 3 * time.Second, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := lines{known: map[string]*line{}}
				var mu sync.Mutex
				var now, highest int
				start := time.Now()
				var all sync.WaitGroup
				for range 10 {
					all.Go(func() {
						leave, err := l.take(t.Context(), "a", c.most)
						if err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						now++
						highest = max(highest, now)
						mu.Unlock()
						time.Sleep(c.work)
						mu.Lock()
						now--
						mu.Unlock()
						leave()
						leave()
					})
				}
				all.Wait()
				if took := time.Since(start); took != c.want || c.most.atOnce > 0 && highest > c.most.atOnce {
					t.Errorf("took %v with %d at once, want %v", took, highest, c.want)
				}
				time.Sleep(time.Minute)
				if leave, err := l.take(t.Context(), "a", limit{}); err != nil {
					t.Error(err)
				} else {
					leave()
				}
				if len(l.known) != 0 {
					t.Errorf("%d lines are left", len(l.known))
				}
			})
		})
	}
}

// TestPausesHoldForAll has a system ask for a pause while others wait.
func TestPausesHoldForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := lines{known: map[string]*line{}}
		start := time.Now()
		leave, _ := l.take(t.Context(), "a", limit{atOnce: 1})
		var began []time.Duration
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				leave, _ := l.take(t.Context(), "a", limit{atOnce: 2})
				mu.Lock()
				began = append(began, time.Since(start))
				mu.Unlock()
				time.Sleep(time.Second)
				leave()
			})
		}
		other, _ := l.take(t.Context(), "b", limit{atOnce: 1})
		other()
		l.pause("a", 10*time.Second)
		l.pause("a", time.Second) // a shorter one takes nothing away
		synctest.Wait()
		leave()
		all.Wait()
		if want := []time.Duration{10 * time.Second, 10 * time.Second, 11 * time.Second}; !slices.Equal(began, want) {
			t.Errorf("began after %v, want %v", began, want)
		}
	})
}

// TestWhoGoesAwayIsNotWaitedFor cancels those in the line, first and last.
func TestWhoGoesAwayIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := lines{known: map[string]*line{}}
		leave, _ := l.take(t.Context(), "a", limit{atOnce: 1})
		first, stopFirst := context.WithCancel(t.Context())
		second, stopSecond := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for _, ctx := range []context.Context{first, second} {
			all.Go(func() {
				if _, err := l.take(ctx, "a", limit{atOnce: 1}); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		stopSecond()
		stopFirst()
		all.Wait()
		leave()
		if leave, err := l.take(t.Context(), "a", limit{atOnce: 1}); err != nil || time.Since(start) != 0 {
			t.Errorf("took %v, %v", time.Since(start), err)
		} else {
			leave()
		}
		if len(l.known) != 0 {
			t.Errorf("%d lines are left", len(l.known))
		}
	})
}

// TestTokensAreGotOnce has many ask for the same token, and for the next one when it is
// refused or over.
func TestTokensAreGotOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		held := tokens{known: map[string]Token{}, under: map[string]*exchange{}}
		got := 0
		ask := func(rejected string) []string {
			texts := make([]string, 20)
			var all sync.WaitGroup
			for i := range texts {
				all.Go(func() {
					token, err := held.of(t.Context(), "a", rejected, func(context.Context) (Token, error) {
						time.Sleep(time.Second)
						got++
						return lasting(string(rune('a'+got-1)), time.Hour), nil
					})
					if texts[i] = token.Text; err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			slices.Sort(texts)
			return slices.Compact(texts)
		}
		for _, c := range []struct {
			rejected, want string
			later          time.Duration
		}{{"", "a", 0}, {"", "a", 58 * time.Minute}, {"a", "b", 0}, {"a", "b", 0}, {"", "c", 59 * time.Minute}} {
			time.Sleep(c.later)
			if texts := ask(c.rejected); len(texts) != 1 || texts[0] != c.want {
				t.Errorf("after %v, %q rejected: %q, want %q", c.later, c.rejected, texts, c.want)
			}
		}
		if got != 3 {
			t.Errorf("%d tokens were got", got)
		}
	})
}

// TestWhoGetsATokenMayGoAway cancels the one who gets it, and fails for the next.
func TestWhoGetsATokenMayGoAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		held := tokens{known: map[string]Token{}, under: map[string]*exchange{}}
		first, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			_, err := held.of(first, "a", "", func(ctx context.Context) (Token, error) {
				<-ctx.Done()
				return Token{}, ctx.Err()
			})
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		got := 0
		for range 3 {
			all.Go(func() {
				_, err := held.of(t.Context(), "a", "", func(context.Context) (Token, error) {
					got++
					time.Sleep(time.Second)
					return Token{}, errors.New("refused")
				})
				if err == nil || err.Error() != "refused" {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		stop()
		all.Wait()
		if got != 1 {
			t.Errorf("asked %d times", got)
		}
		if token, err := held.of(t.Context(), "a", "", func(context.Context) (Token, error) { return lasting("x", 0), nil }); err != nil || token.Text != "x" || !token.Ends.IsZero() {
			t.Error(token, err)
		}
	})
}
