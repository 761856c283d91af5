package pipelines

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// placeholder matches ${prefix.name}. Other text with a dollar sign is text.
var placeholder = regexp.MustCompile(`\$\{([a-z]+)\.([A-Za-z0-9_.-]+)\}`)

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

// fill replaces the placeholders in text. A name without a value is an error.
func (v Values) fill(text string) (string, error) {
	var missing string
	filled := placeholder.ReplaceAllStringFunc(text, func(p string) string {
		value, ok := v[p[2:len(p)-1]]
		if !ok {
			missing = p
		}
		return value
	})
	if missing != "" {
		return "", fmt.Errorf("%s has no value%s", missing, fault.DidYouMean(missing[2:len(missing)-1], slices.Sorted(maps.Keys(v))))
	}
	return filled, nil
}

// Resolve returns the settings of each node of d with the placeholders filled
// in, in document order. Those in expressions and SQL stay: the node binds them as
// values, so that no parameter can change what an expression says.
//
// A placeholder without a value is an Invalid fault that names the place.
func (d Document) Resolve(kinds *node.Registry, values Values) ([]json.RawMessage, error) {
	configs := make([]json.RawMessage, len(d.Nodes))
	var problems []fault.Problem
	for i, n := range d.Nodes {
		spec, err := kinds.Spec(n.Type)
		if err != nil {
			return nil, err
		}
		var settings any
		if err := json.Unmarshal(n.Settings(), &settings); err != nil {
			return nil, fmt.Errorf("settings of node %s: %w", n.ID, err)
		}
		filled, err := spec.Form().MapStrings(settings, func(path string, f node.Format, text string) (string, error) {
			if f.Bound() {
				return text, nil
			}
			filled, err := values.fill(text)
			if err != nil {
				problems = append(problems, fault.Problem{Path: joinPath(at("nodes", i)+".config", path), Message: err.Error()})
			}
			return filled, nil
		})
		if err != nil {
			return nil, fmt.Errorf("resolve node %s: %w", n.ID, err)
		}
		if configs[i], err = json.Marshal(filled); err != nil {
			return nil, fmt.Errorf("settings of node %s: %w", n.ID, err)
		}
	}
	if len(problems) > 0 {
		return nil, fault.Rejected("the run lacks values", problems).With("missing_value")
	}
	return configs, nil
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

// checkPlaceholders finds placeholders that can never have a value. Parameters
// may still be given when the pipeline is run.
func checkPlaceholders(f *Findings, path string, config RawObject) {
	for _, m := range placeholder.FindAllStringSubmatch(string(config), -1) {
		switch prefix, name := m[1], m[2]; prefix {
		case "param":
		case "run":
			if !slices.Contains(runValues, name) {
				f.add(path, "%s has no value%s", m[0], fault.DidYouMean(name, runValues))
			}
		case "interval":
			if !slices.Contains(intervalValues, name) {
				f.add(path, "%s has no value%s", m[0], fault.DidYouMean(name, intervalValues))
			}
		case "var", "secret", "conn", "env":
			f.add(path, "%s cannot be used: this release has parameters (${param.%s}) and run values only", m[0], name)
		}
	}
}
