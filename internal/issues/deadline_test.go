package issues_test

import (
	"testing"
	"time"

	"github.com/broked/broked/internal/issues"
)

func TestDeadlines(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		t.Helper()
		when, err := time.Parse("2006-01-02 15:04", text)
		must(t, err)
		return when
	}
	for _, c := range []struct {
		name           string
		deadline, zone string
		since, success string
		now            string
		want           int
	}{
		{"not yet", "07:30", "", "2026-03-01 00:00", "2026-03-09 07:10", "2026-03-10 07:29", 0},
		{"now", "07:30", "", "2026-03-01 00:00", "2026-03-09 07:10", "2026-03-10 07:30", 1},
		{"kept", "07:30", "", "2026-03-01 00:00", "2026-03-10 07:10", "2026-03-10 23:59", 0},
		{"kept late", "07:30", "", "2026-03-01 00:00", "2026-03-10 09:10", "2026-03-10 23:59", 0},
		{"the next morning it still counts", "07:30", "", "2026-03-01 00:00", "2026-03-08 07:10", "2026-03-10 07:00", 1},
		{"for days", "07:30", "", "2026-03-01 00:00", "2026-03-05 07:10", "2026-03-10 12:00", 5},
		{"never, and new", "07:30", "", "2026-03-10 08:00", "", "2026-03-10 12:00", 0},
		{"never, and there in time", "07:30", "", "2026-03-10 07:00", "", "2026-03-10 12:00", 1},
		{"never, since yesterday noon", "07:30", "", "2026-03-09 12:00", "", "2026-03-10 12:00", 1},
		{"never, before its first", "07:30", "", "2026-03-09 12:00", "", "2026-03-10 07:00", 0},
		{"the day of the zone counts", "01:00", "Asia/Tokyo", "2026-03-01 00:00", "2026-03-09 15:30", "2026-03-09 16:10", 0},
		{"the day before in the zone", "01:00", "Asia/Tokyo", "2026-03-01 00:00", "2026-03-09 14:30", "2026-03-09 16:10", 1},
		{"an hour that is not there", "02:30", "Europe/Berlin", "2026-03-01 00:00", "2026-03-28 01:00", "2026-03-29 01:40", 1},
		{"a zone that is none", "02:30", "Mars/X", "2026-03-01 00:00", "", "2026-03-29 01:40", 0},
		{"a time that is none", "2:3x", "", "2026-03-01 00:00", "", "2026-03-29 01:40", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := issues.Promise{Pipeline: "p", PipelineName: "Sales", Deadline: c.deadline, Zone: c.zone, Since: at(c.since)}
			if c.success != "" {
				p.LastSuccess = at(c.success)
			}
			got := 0
			for _, s := range issues.OfPromises([]issues.Promise{p}, at(c.now)) {
				got = s.Count
			}
			if got != c.want {
				t.Errorf("missed for %d days, want %d", got, c.want)
			}
		})
	}
}
