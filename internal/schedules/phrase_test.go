package schedules_test

import (
	"testing"

	"github.com/broked/broked/internal/schedules"
)

func TestUnderstand(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]struct{ spec, says string }{
		"every weekday at 9":             {"0 9 * * 1-5", "at 09:00 on Monday to Friday"},
		"Weekdays at 9am":                {"0 9 * * 1-5", "at 09:00 on Monday to Friday"},
		"every day at 7:30 pm":           {"30 19 * * *", "at 19:30"},
		"daily at 7:30":                  {"30 7 * * *", "at 07:30"},
		"daily":                          {"0 0 * * *", "at 00:00"},
		"every 15 minutes":               {"*/15 * * * *", "every 15 minutes"},
		"every 2 hours":                  {"0 */2 * * *", "every 2 hours at minute 0"},
		"hourly":                         {"0 * * * *", "every hour at minute 0"},
		"every minute":                   {"* * * * *", "every minute"},
		"every monday at 08:00":          {"0 8 * * 1", "at 08:00 on Monday"},
		"mondays and thursdays at 8":     {"0 8 * * 1,4", "at 08:00 on Monday, Thursday"},
		"tue, wed, thu at noon":          {"0 12 * * 2,3,4", "at 12:00 on Tuesday to Thursday"},
		"weekends at midnight":           {"0 0 * * 0,6", "at 00:00 on Sunday, Saturday"},
		"weekly":                         {"0 0 * * 1", "at 00:00 on Monday"},
		"monthly on the 15th at 6:00":    {"0 6 15 * *", "at 06:00 on day 15 of the month"},
		"first day of the month at 6":    {"0 6 1 * *", "at 06:00 on day 1 of the month"},
		"every month on the 1st at 6 am": {"0 6 1 * *", "at 06:00 on day 1 of the month"},
		"monthly":                        {"0 0 1 * *", "at 00:00 on day 1 of the month"},
		"yearly":                         {"0 0 1 1 *", "at 00:00 on day 1 of the month in January"},
		"30 6 * * 1-5":                   {"30 6 * * 1-5", "at 06:30 on Monday to Friday"},
		"@every 90m":                     {"@every 90m", "every 1h30m"},
		"0 0 13 * 5":                     {"0 0 13 * 5", "at 00:00 on day 13 of the month or on Friday"},
		"5,10 1-3 * 6-8 *":               {"5,10 1-3 * 6-8 *", "at minute 5, 10 of hour 1 to 3 in June to August"},
	} {
		t.Run(words, func(t *testing.T) {
			t.Parallel()
			spec, err := schedules.Understand(words)
			if err != nil || spec != want.spec {
				t.Fatalf("means %q (%v), want %q", spec, err, want.spec)
			}
			if says := parse(t, spec, "").Describe(); says != want.says {
				t.Errorf("fires %q, want %q", says, want.says)
			}
		})
	}
	for _, words := range []string{"", "sometimes", "every weekday at 25", "every 0 minutes", "every 90 minutes", "every full moon at 9", "at 9:75", "* * * *", "9"} {
		if spec, err := schedules.Understand(words); err == nil && words != "9" {
			t.Errorf("%q means %q", words, spec)
		}
	}
}
