package pipelines

import (
	"regexp"
	"strconv"
	"time"
)

// placeholder matches ${prefix.name}. Other text with a dollar sign is text.
var placeholder = regexp.MustCompile(`\$\{([a-z]+)\.([A-Za-z0-9_.-]+)\}`)

// Placeholders returns the names of the placeholders in a text, such as param.month, in
// the order in which they come.
func Placeholders(text string) []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1]+"."+m[2])
	}
	return names
}

// Values are what placeholders stand for, by full name: "param.month".
type Values map[string]string

// NewValues returns the values of one run: the run's parameters over the
// pipeline's, and run.id, run.started_at (RFC 3339), run.date (YYYY-MM-DD) and
// run.timestamp (Unix seconds), all in UTC.
func NewValues(run string, started time.Time, defaults, params map[string]string) Values {
	started = started.UTC()
	v := Values{
		"run.id":         run,
		"run.started_at": started.Format(time.RFC3339),
		"run.date":       started.Format(time.DateOnly),
		"run.timestamp":  strconv.FormatInt(started.Unix(), 10),
	}
	for name, value := range defaults {
		v["param."+name] = value
	}
	for name, value := range params {
		v["param."+name] = value
	}
	return v
}

// Lookup returns the value of a placeholder's full name.
func (v Values) Lookup(name string) (string, bool) {
	value, ok := v[name]
	return value, ok
}

var runValues = []string{"id", "started_at", "date", "timestamp"}

// intervalValues are the names behind interval.
var intervalValues = []string{"start", "end", "start_date", "end_date"}

// Interval adds the time that a run is for, in UTC: interval.start and interval.end
// (RFC 3339), which is not in it, and their days, interval.start_date and
// interval.end_date.
func (v Values) Interval(start, end time.Time) {
	for name, at := range map[string]time.Time{"start": start, "end": end} {
		v["interval."+name] = at.UTC().Format(time.RFC3339)
		v["interval."+name+"_date"] = at.UTC().Format(time.DateOnly)
	}
}

// LastInterval returns the last interval of the pipeline's first schedule that was over
// at a moment: from one tick up to the next. Without a schedule it begins and ends then.
func (d Document) LastInterval(moment time.Time) (start, end time.Time) {
	all := d.AllSchedules()
	if len(all) == 0 {
		return moment, moment
	}
	s, err := all[0].Rule()
	if err != nil {
		return moment, moment
	}
	end = s.Before(moment.Add(time.Nanosecond))
	if start = s.Before(end); end.IsZero() || start.IsZero() {
		return moment, moment
	}
	return start, end
}
