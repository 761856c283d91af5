package schedules

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// Describe says in words when s fires, such as "at 06:30 on Monday to Friday". The
// zone is left out.
func (s Schedule) Describe() string {
	if s.every > 0 {
		words := strings.TrimSuffix(s.every.String(), "0s") // 1h30m0s
		if strings.HasSuffix(words, "h0m") {
			words = strings.TrimSuffix(words, "0m")
		}
		return "every " + words
	}
	words := []string{s.clockWords()}
	names := s.rule.Dow&allWeek != allWeek
	if numbers := list(s.rule.Dom, 1, 31, strconv.Itoa); s.rule.Dom&allDays != allDays {
		words = append(words, "on day "+numbers+" of the month")
		if names {
			words = append(words, "or")
		}
	}
	if names {
		words = append(words, "on "+list(s.rule.Dow, 0, 6, func(n int) string { return time.Weekday(n).String() }))
	}
	if s.rule.Month&allMonths != allMonths {
		words = append(words, "in "+list(s.rule.Month, 1, 12, func(n int) string { return time.Month(n).String() }))
	}
	return strings.Join(words, " ")
}

const allMonths = 1<<13 - 2

// clockWords says at which times of a day.
func (s Schedule) clockWords() string {
	minutes, hours := members(s.rule.Minute, 0, 59), members(s.rule.Hour, 0, 23)
	seconds := members(s.rule.Second, 0, 59)
	switch {
	case len(seconds) > 1:
		return fmt.Sprintf("%d times a minute", len(seconds)) + " in " + s.withoutSeconds(minutes, hours)
	default:
		return s.withoutSeconds(minutes, hours)
	}
}

func (s Schedule) withoutSeconds(minutes, hours []int) string {
	step := stepOf(minutes, 60)
	switch {
	case len(minutes) == 60 && len(hours) == 24:
		return "every minute"
	case step > 1 && len(hours) == 24:
		return fmt.Sprintf("every %d minutes", step)
	case len(minutes) == 1 && len(hours) == 24:
		return fmt.Sprintf("every hour at minute %d", minutes[0])
	case len(minutes) == 1 && stepOf(hours, 24) > 1 && hours[0] == 0:
		return fmt.Sprintf("every %d hours at minute %d", stepOf(hours, 24), minutes[0])
	case len(minutes)*len(hours) <= 4:
		return "at " + times(minutes, hours)
	}
	return fmt.Sprintf("at minute %s of hour %s", list(s.rule.Minute, 0, 59, strconv.Itoa),
		list(s.rule.Hour, 0, 23, strconv.Itoa))
}

// times lists the times of a day.
func times(minutes, hours []int) string {
	var all []string
	for _, h := range hours {
		for _, m := range minutes {
			all = append(all, fmt.Sprintf("%02d:%02d", h, m))
		}
	}
	return strings.Join(all, ", ")
}

// stepOf returns the distance of numbers that cover a round evenly from 0 on; 0 when
// they do not.
func stepOf(numbers []int, round int) int {
	if len(numbers) < 2 || numbers[0] != 0 || round%len(numbers) != 0 {
		return 0
	}
	step := round / len(numbers)
	for i, n := range numbers {
		if n != i*step {
			return 0
		}
	}
	return step
}

func members(set uint64, from, to int) []int {
	all := make([]int, 0, bits.OnesCount64(set))
	for n := from; n <= to; n++ {
		if set&(1<<uint(n)) != 0 {
			all = append(all, n)
		}
	}
	return all
}

// list names the members of a set; three and more in a row are a range.
func list(set uint64, from, to int, name func(int) string) string {
	all := members(set, from, to)
	var parts []string
	for i := 0; i < len(all); {
		end := i
		for end+1 < len(all) && all[end+1] == all[end]+1 {
			end++
		}
		if end-i >= 2 {
			parts = append(parts, name(all[i])+" to "+name(all[end]))
			i = end + 1
			continue
		}
		parts = append(parts, name(all[i]))
		i++
	}
	return strings.Join(parts, ", ")
}
