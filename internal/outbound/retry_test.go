package outbound_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/broked/broked/internal/outbound"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": -1, "x": -1, "-1": -1, "1.5": -1, "0": 0, "7": 7 * time.Second, "99999": time.Hour,
		now.Add(time.Minute).Format(http.TimeFormat):  time.Minute,
		now.Add(-time.Minute).Format(http.TimeFormat): 0,
	} {
		got, asked := outbound.RetryAfter(http.Header{"Retry-After": {text}}, now)
		if asked != (want >= 0) || asked && got != want {
			t.Errorf("%q: %v, %t", text, got, asked)
		}
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for attempt, minutes := range map[int]int{0: 1, 1: 1, 2: 2, 3: 4, 4: 8, 5: 10, 6: 10, 100: 10} {
		want := time.Duration(minutes) * time.Minute
		for range 20 {
			if got := outbound.Backoff(attempt, time.Minute, 10*time.Minute); got < want*3/4 || got > want*5/4 {
				t.Fatalf("attempt %d: %v, want about %v", attempt, got, want)
			}
		}
	}
	if !outbound.MayPass(http.StatusTooManyRequests) || outbound.MayPass(http.StatusNotFound) {
		t.Error("which statuses may pass")
	}
}
