package schedules_test

import (
	"testing"

	"github.com/broked/broked/internal/schedules"
)

func TestRange(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		spec, zone, start, end, first, last string
		n                                   int
	}{
		{"@daily", "", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-31T00:00:00Z", 31},
		{"@daily", "", "2026-01-01T00:00:01Z", "2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", 1},
		{"0 5 * * *", "", "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-01T05:00:00Z", "2026-01-02T05:00:00Z", 2},
		{"@hourly", "Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T21:00:00Z", 23},
		{"@hourly", "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T22:00:00Z", 25},
		{"@daily", "Europe/Berlin", "2026-03-27T23:00:00Z", "2026-03-30T22:00:00Z", "2026-03-27T23:00:00Z", "2026-03-29T22:00:00Z", 3},
		{"@every 90m", "", "2026-01-01T00:00:00Z", "2026-01-01T06:00:00Z", "2026-01-01T00:00:00Z", "2026-01-01T04:30:00Z", 4},
		{"@monthly", "", "2026-01-02T00:00:00Z", "2026-02-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", 0},
		{"@daily", "", "2026-01-03T00:00:00Z", "2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", 0},
		{"* * * * *", "", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-12-31T23:59:00Z", 1001},
	} {
		s, err := schedules.Parse(tc.spec, tc.zone)
		if err != nil {
			t.Fatal(err)
		}
		r := schedules.Range{Schedule: s, Start: at(t, tc.start), End: at(t, tc.end)}
		if first, last, n := r.First(), r.Last(), r.Count(1000); !first.Equal(at(t, tc.first)) || !last.Equal(at(t, tc.last)) || n != tc.n {
			t.Errorf("%+v: %d from %v to %v", tc, n, first, last)
		}
		// Backwards there are the same ones.
		n := 0
		for begin := r.Last(); !begin.IsZero() && n <= 1000; begin = r.Prior(begin) {
			n++
		}
		if n != tc.n {
			t.Errorf("%+v: %d backwards", tc, n)
		}
	}
}
