package schedules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/fault"
)

// Understand returns the schedule that somebody means: one that Parse reads as it
// is, or words such as "every weekday at 9", "every 15 minutes", "daily at 7:30 pm",
// "mondays and thursdays at 8", "monthly on the 15th at 6:00", "every 2 hours". What
// it does not understand is an Invalid fault with a suggestion.
func Understand(words string) (string, error) {
	text := strings.ToLower(strings.Join(strings.Fields(words), " "))
	if _, err := Parse(text, ""); err == nil {
		return text, nil
	}
	p := phrase{left: text, minute: "0", hour: "0", day: "*", month: "*", weekday: "*"}
	for _, take := range []func(*phrase) bool{(*phrase).interval, (*phrase).clock, (*phrase).dayOfMonth, (*phrase).weekdays, (*phrase).unit} {
		if take(&p) && p.done {
			break
		}
	}
	if rest := strings.TrimSpace(filler.ReplaceAllString(p.left, " ")); rest != "" || !p.understood {
		return "", fault.New(fault.Invalid, "is not understood: write for example \"every weekday at 9\", \"every 15 minutes\", \"monthly on the 1st at 6:00\" or \"30 6 * * 1-5\"").With("bad_schedule")
	}
	spec := strings.Join([]string{p.minute, p.hour, p.day, p.month, p.weekday}, " ")
	_, err := Parse(spec, "")
	return spec, err
}

// phrase is what has been understood of words, and what is left of them.
type phrase struct {
	left                              string
	minute, hour, day, month, weekday string
	understood, done                  bool
}

// take removes what the pattern finds from what is left, and returns its groups.
func (p *phrase) take(pattern *regexp.Regexp) []string {
	found := pattern.FindStringSubmatch(p.left)
	if found != nil {
		p.left = strings.Replace(p.left, found[0], " ", 1)
		p.understood = true
	}
	return found
}

var (
	filler    = regexp.MustCompile(`\b(every|each|on|the|at|of|and|day|days|daily|o'clock|month|months)\b|[,.]`)
	intervals = regexp.MustCompile(`\bevery (\d{1,3}) (minute|hour)s?\b`)
	clock     = regexp.MustCompile(`\b(?:at )?(\d{1,2})(?::(\d{2}))? ?(am|pm|h|o'clock)?(?:$|\s)`)
	clockWord = regexp.MustCompile(`\b(?:at )?(noon|midnight)\b`)
	monthDay  = regexp.MustCompile(`\b(\d{1,2})(?:st|nd|rd|th)\b|\b(first) day\b`)
	unit      = regexp.MustCompile(`\b(hourly|daily|weekly|monthly|yearly|every (?:minute|hour|day|week|month|year))\b`)
	group     = regexp.MustCompile(`\b(weekday|workday|weekend)s?\b`)
	named     = regexp.MustCompile(`\b(mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|satur|sat|sun)(?:day)?s?\b`)
)

// interval understands "every 15 minutes".
func (p *phrase) interval() bool {
	found := p.take(intervals)
	if found == nil {
		return false
	}
	n, _ := strconv.Atoi(found[1])
	most := map[string]int{"minute": 59, "hour": 23}[found[2]]
	if n < 1 || n > most {
		p.understood = false
		return false
	}
	if found[2] == "minute" {
		p.minute, p.hour = fmt.Sprintf("*/%d", n), "*"
	} else {
		p.hour = fmt.Sprintf("*/%d", n)
	}
	return true
}

// dayOfMonth understands "on the 15th".
func (p *phrase) dayOfMonth() bool {
	found := p.take(monthDay)
	if found == nil {
		return false
	}
	p.day = found[1]
	if found[2] != "" {
		p.day = "1"
	}
	return true
}

// clock understands "at 7:30 pm"; days of the month are left to dayOfMonth.
func (p *phrase) clock() bool {
	if p.hour == "*" || strings.Contains(p.hour, "/") {
		return false
	}
	if found := p.take(clockWord); found != nil {
		p.minute, p.hour = "0", map[string]string{"noon": "12", "midnight": "0"}[found[1]]
		return true
	}
	found := p.take(clock)
	if found == nil {
		return false
	}
	hour, _ := strconv.Atoi(found[1])
	switch {
	case found[3] == "pm" && hour < 12:
		hour += 12
	case found[3] == "am" && hour == 12:
		hour = 0
	}
	minute, _ := strconv.Atoi("0" + found[2])
	p.minute, p.hour = strconv.Itoa(minute), strconv.Itoa(hour)
	return true
}

// weekdays understands "every weekday" and "mondays and thursdays".
func (p *phrase) weekdays() bool {
	if found := p.take(group); found != nil {
		p.weekday = map[string]string{"weekday": "1-5", "workday": "1-5", "weekend": "0,6"}[found[1]]
		return true
	}
	var days []string
	for found := p.take(named); found != nil; found = p.take(named) {
		days = append(days, strconv.Itoa(slices.Index([]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}, found[1][:3])))
	}
	if len(days) > 0 {
		slices.Sort(days)
		p.weekday = strings.Join(slices.Compact(days), ",")
	}
	return len(days) > 0
}

// unit understands "hourly" and "every month".
func (p *phrase) unit() bool {
	found := p.take(unit)
	if found == nil {
		return false
	}
	switch strings.TrimPrefix(strings.TrimSuffix(found[1], "ly"), "every ") {
	case "minute":
		p.minute, p.hour = "*", "*"
	case "hour":
		p.hour = "*"
	case "week":
		if p.weekday == "*" {
			p.weekday = "1"
		}
	case "month":
		if p.day == "*" {
			p.day = "1"
		}
	case "year":
		if p.month = "1"; p.day == "*" {
			p.day = "1"
		}
	}
	return true
}
