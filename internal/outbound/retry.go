package outbound

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/broked/broked/internal/fault"
)

// longestWait bounds what another server may ask for.
const longestWait = time.Hour

// MayPass reports whether a request that was answered with status may be answered
// otherwise later: 408, 425, 429, 500, 502, 503 and 504.
func MayPass(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// Transient reports whether err, of a Dialer or a Client, may not come again:
// that of a host that does not answer, and not that of an address which is refused.
func Transient(err error) bool {
	return fault.KindOf(err) == fault.Unavailable && fault.CodeOf(err) != "answer_too_large"
}

// RetryAfter returns how long an answer asks to wait by its header Retry-After, in
// seconds or as a date, at most an hour, and whether it asks for anything.
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, longestWait), true
	}
	if date, err := http.ParseTime(text); err == nil {
		return min(max(date.Sub(now), 0), longestWait), true
	}
	return 0, false
}

// Backoff returns how long to wait after the attempt of that number, from 1: it
// begins with first, doubles with each attempt up to most, and is spread by a
// quarter, so that those who failed together do not come again together.
func Backoff(attempt int, first, most time.Duration) time.Duration {
	wait := most
	if doubled := first << min(max(attempt-1, 0), 30); doubled > 0 && doubled < most {
		wait = doubled
	}
	return wait*3/4 + rand.N(wait/2+1) //nolint:gosec // spreads load, keeps no secret
}
