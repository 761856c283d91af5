package schedules_test

import (
	"testing"
	"time"

	"github.com/broked/broked/internal/schedules"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func parse(t *testing.T, spec, zone string) schedules.Schedule {
	t.Helper()
	s, err := schedules.Parse(spec, zone)
	if err != nil {
		t.Fatalf("%s in %s: %v", spec, zone, err)
	}
	return s
}

// TestWhenClocksChange holds schedules to a table of days on which clocks are put
// forward or back.
func TestWhenClocksChange(t *testing.T) {
	t.Parallel()
	const berlin = "Europe/Berlin"
	for _, c := range []struct {
		name, spec, zone string
		from, until      string
		want             []string
	}{
		{"left out", "30 2 * * *", berlin, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", []string{"2026-03-29T01:00:00Z"}},
		{"left out, full hour", "0 2 * * *", berlin, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", []string{"2026-03-29T01:00:00Z"}},
		{"several in the gap are one", "0,15,30,45 2 * * *", berlin, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", []string{"2026-03-29T01:00:00Z"}},
		{"the hour behind the gap", "0 3 * * *", berlin, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", []string{"2026-03-29T01:00:00Z"}},
		{"shown twice", "30 2 * * *", berlin, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z", []string{"2026-10-25T00:30:00Z"}},
		{"between the two", "30 2 * * *", berlin, "2026-10-25T00:30:00Z", "2026-10-26T12:00:00Z", []string{"2026-10-26T01:30:00Z"}},
		{"no midnight", "0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", "2018-11-04T12:00:00Z", []string{"2018-11-04T03:00:00Z"}},
		{"half an hour", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", "2026-10-04T00:00:00Z", []string{"2026-10-03T15:30:00Z"}},
		{"the day before and after", "30 2 * * *", berlin, "2026-03-27T12:00:00Z", "2026-03-30T12:00:00Z", []string{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		{"weekdays", "0 9 * * 1-5", "", "2026-03-06T00:00:00Z", "2026-03-10T00:00:00Z", []string{"2026-03-06T09:00:00Z", "2026-03-09T09:00:00Z"}},
		{"Sunday is 0", "0 9 * * 0", "", "2026-03-06T00:00:00Z", "2026-03-15T00:00:00Z", []string{"2026-03-08T09:00:00Z"}},
		{"Sunday is 7", "0 9 * * 7", "", "2026-03-06T00:00:00Z", "2026-03-15T00:00:00Z", []string{"2026-03-08T09:00:00Z"}},
		{"short months", "0 0 31 * *", "", "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", []string{"2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z"}},
		{"leap day", "0 0 29 2 *", "", "2027-01-01T00:00:00Z", "2029-01-01T00:00:00Z", []string{"2028-02-29T00:00:00Z"}},
		{"leap day over a century", "0 0 29 2 *", "", "2096-03-01T00:00:00Z", "2104-03-01T00:00:00Z", []string{"2104-02-29T00:00:00Z"}},
		{"day or day", "0 0 13 * 5", "", "2026-02-01T00:00:00Z", "2026-02-21T00:00:00Z", []string{"2026-02-06T00:00:00Z", "2026-02-13T00:00:00Z", "2026-02-20T00:00:00Z"}},
		{"seconds", "*/20 0 0 1 1 *", "", "2025-12-31T00:00:00Z", "2026-02-01T00:00:00Z", []string{"2026-01-01T00:00:00Z", "2026-01-01T00:00:20Z", "2026-01-01T00:00:40Z"}},
		{"every so often", "@every 90m", berlin, "2026-03-29T00:00:01Z", "2026-03-29T05:00:00Z", []string{"2026-03-29T01:30:00Z", "2026-03-29T03:00:00Z", "2026-03-29T04:30:00Z"}},
		{"daily", "@daily", berlin, "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z", []string{"2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"}},
		{"never", "0 0 30 2 *", "", "2026-01-01T00:00:00Z", "2046-01-01T00:00:00Z", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, until := parse(t, c.spec, c.zone), at(t, c.until)
			var got []string
			for next := s.Next(at(t, c.from)); !next.IsZero() && !next.After(until); next = s.Next(next) {
				got = append(got, next.Format(time.RFC3339))
			}
			if len(got) != len(c.want) {
				t.Fatalf("fires at %v, want %v", got, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("fires at %v, want %v", got, c.want)
				}
			}
		})
	}
}

// TestEveryHourFollowsRealTime counts how often a rule for every hour fires in days
// that are shorter or longer.
func TestEveryHourFollowsRealTime(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		spec  string
		month time.Month
		day   int
		want  int
	}{
		{"*/15 * * * *", time.March, 29, 92},
		{"*/15 * * * *", time.October, 25, 100},
		{"*/15 * * * *", time.May, 1, 96},
		{"0 * * * *", time.March, 29, 23},
		{"0 * * * *", time.October, 25, 25},
		{"59 * * * *", time.October, 25, 25},
	} {
		s := parse(t, c.spec, "Europe/Berlin")
		n := 0
		begin, end := time.Date(2026, c.month, c.day, 0, 0, 0, 0, zone), time.Date(2026, c.month, c.day+1, 0, 0, 0, 0, zone)
		for next := s.Next(begin.Add(-time.Second)); next.Before(end); next = s.Next(next) {
			n++
		}
		if n != c.want {
			t.Errorf("%s fires %d times on %s, want %d", c.spec, n, begin.Format(time.DateOnly), c.want)
		}
	}
}

func TestWhatIsNoSchedule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ spec, zone string }{
		{"", ""},
		{"* * * *", ""},
		{"60 * * * *", ""},
		{"* * 32 * *", ""},
		{"0 0 * * MOON", ""},
		{"@every 10s", ""},
		{"@every x", ""},
		{"@reboot", ""},
		{"0 0 L * *", ""},
		{"0 0 * * 5#3", ""},
		{"* * * * *", "Mars/X"},
		{"* * * * *", "../../etc/passwd"},
		{"* * * * *", "Local"},
		{"TZ=UTC * * * * *", ""},
		{"CRON_TZ=Asia/Tokyo 0 0 * * *", ""},
	} {
		if s, err := schedules.Parse(c.spec, c.zone); err == nil {
			t.Errorf("%q in %q is a schedule: %v", c.spec, c.zone, s.NextTimes(time.Now(), 2))
		}
	}
}

// FuzzSchedule sees that the next time is always later, whatever the rule and the
// zone.
func FuzzSchedule(f *testing.F) {
	for _, spec := range []string{"30 2 * * *", "*/15 * * * *", "0 0 29 2 *", "0 0 13 * 5", "@every 90m", "*/20 0 0 1 1 *", "59 23 31 12 *"} {
		f.Add(spec, "Europe/Berlin", int64(1_774_700_000))
		f.Add(spec, "Australia/Lord_Howe", int64(1_790_000_000))
	}
	f.Fuzz(func(t *testing.T, spec, zone string, seconds int64) {
		if seconds < 0 || seconds > 4_000_000_000 {
			return
		}
		s, err := schedules.Parse(spec, zone)
		if err != nil {
			return
		}
		after := time.Unix(seconds, 0)
		for range 5 {
			next := s.Next(after)
			if next.IsZero() {
				return
			}
			if !next.After(after) || next.After(after.AddDate(9, 0, 1)) {
				t.Fatalf("%q in %q: %s comes after %s", spec, zone, next, after)
			}
			after = next
		}
	})
}

func TestDue(t *testing.T) {
	t.Parallel()
	s := parse(t, "0 * * * *", "")
	for _, c := range []struct {
		name      string
		next, now string
		policy    schedules.CatchUp
		want      int
		last      string
	}{
		{"not yet", "2026-03-01T10:00:00Z", "2026-03-01T09:59:59Z", schedules.CatchAll, 0, ""},
		{"now", "2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z", schedules.CatchNone, 1, "2026-03-01T10:00:00Z"},
		{"a moment late", "2026-03-01T10:00:00Z", "2026-03-01T10:00:59Z", schedules.CatchNone, 1, "2026-03-01T10:00:00Z"},
		{"three days away: none", "2026-03-01T10:00:00Z", "2026-03-04T10:30:00Z", schedules.CatchNone, 0, ""},
		{"three days away: latest", "2026-03-01T10:00:00Z", "2026-03-04T10:30:00Z", schedules.CatchLatest, 1, "2026-03-04T10:00:00Z"},
		{"three days away: all", "2026-03-01T10:00:00Z", "2026-03-04T10:30:00Z", schedules.CatchAll, 50, "2026-03-04T10:00:00Z"},
		{"three hours away: all", "2026-03-01T10:00:00Z", "2026-03-01T12:30:00Z", schedules.CatchAll, 3, "2026-03-01T12:00:00Z"},
	} {
		ticks, next := s.Due(at(t, c.next), at(t, c.now), c.policy)
		if len(ticks) != c.want || c.want > 0 && ticks[c.want-1].Format(time.RFC3339) != c.last || !next.After(at(t, c.now)) {
			t.Errorf("%s: %v, and next %s", c.name, ticks, next)
		}
	}
	if got := s.Before(at(t, "2026-03-01T10:00:00Z")).Format(time.RFC3339); got != "2026-03-01T09:00:00Z" {
		t.Errorf("the tick before is %s", got)
	}
	if got := parse(t, "0 0 29 2 *", "").Before(at(t, "2027-03-01T10:00:00Z")).Format(time.RFC3339); got != "2024-02-29T00:00:00Z" {
		t.Errorf("the leap day before is %s", got)
	}
}
