package pipelines

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/fault"
)

// Parameter says which values a parameter of runs takes. Values are text on their way,
// so a type is the form that the text must have.
type Parameter struct {
	Type        ParameterType `json:"type,omitempty" enum:"text,integer,number,boolean,date,timestamp" doc:"text when absent; a date is such as 2026-03-01, a timestamp such as 2026-03-01T12:00:00Z"`
	Description string        `json:"description,omitempty"`
	Required    bool          `json:"required,omitempty" doc:"It must be given, unless params has a value for it"`
	OneOf       []string      `json:"one_of,omitempty" doc:"The values that it may have"`
}

// ParameterType is the form of a parameter's values.
type ParameterType string

// The forms of values.
const (
	TextParameter      ParameterType = "text"
	IntegerParameter   ParameterType = "integer"
	NumberParameter    ParameterType = "number"
	BooleanParameter   ParameterType = "boolean"
	DateParameter      ParameterType = "date"
	TimestampParameter ParameterType = "timestamp"
)

var integer = regexp.MustCompile(`^[+-]?[0-9]{1,18}$`)

// forms says of each type whether a text has its form, and which that is.
var forms = map[ParameterType]struct {
	fits func(text string) bool
	want string
}{
	"":                 {func(string) bool { return true }, ""},
	TextParameter:      {func(string) bool { return true }, ""},
	IntegerParameter:   {integer.MatchString, "a whole number, such as 42"},
	NumberParameter:    {isNumber, "a number, such as 2.5"},
	BooleanParameter:   {func(text string) bool { return text == "true" || text == "false" }, "true or false"},
	DateParameter:      {func(text string) bool { return isTime(time.DateOnly, text) }, "a day, such as 2026-03-01"},
	TimestampParameter: {func(text string) bool { return isTime(time.RFC3339, text) }, "a time with its zone, such as 2026-03-01T12:00:00Z"},
}

func isNumber(text string) bool {
	f, err := strconv.ParseFloat(text, 64)
	return err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) && !strings.ContainsAny(text, "xX_pP")
}

func isTime(layout, text string) bool {
	_, err := time.Parse(layout, text)
	return err == nil
}

// objection returns why a parameter cannot have a value, or "".
func (p Parameter) objection(value string) string {
	if form := forms[p.Type]; !form.fits(value) {
		return "must be " + form.want
	}
	if len(p.OneOf) > 0 && !slices.Contains(p.OneOf, value) {
		return "must be one of " + strings.Join(p.OneOf, ", ")
	}
	return ""
}

// Takes reports whether a run of d may be given a parameter.
func (d Document) Takes(name string) bool {
	_, declared := d.Parameters[name]
	_, valued := d.Params[name]
	return len(d.Parameters) == 0 || declared || valued
}

// CheckParams returns an Invalid fault with every value that a run of d cannot be given.
// A document that declares no parameters takes any; one that does takes only those, and
// those that it has values for.
func (d Document) CheckParams(given map[string]string) error {
	if len(d.Parameters) == 0 {
		return nil
	}
	var problems []fault.Problem
	add := func(name, message string) {
		problems = append(problems, fault.Problem{Path: "params." + name, Message: message})
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		p, declared := d.Parameters[name]
		_, valued := d.Params[name]
		if !declared && !valued {
			known := slices.Sorted(maps.Keys(d.Parameters))
			add(name, "is no parameter of this pipeline"+fault.DidYouMean(name, known))
		} else if why := p.objection(given[name]); why != "" {
			add(name, why)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Parameters)) {
		_, there := given[name]
		if _, valued := d.Params[name]; d.Parameters[name].Required && !there && !valued {
			add(name, "is missing: it has no value of its own")
		}
	}
	if len(problems) > 0 {
		return fault.Rejected("the run cannot be started", problems).With("invalid_params")
	}
	return nil
}

// mostParameters bounds what a document declares.
const mostParameters = 100

var parameterName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$`)

func (d Document) checkParameters(f *Findings) {
	if len(d.Parameters) > mostParameters {
		f.add("parameters", "are more than %d", mostParameters)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Parameters)) {
		p, path := d.Parameters[name], "parameters."+name
		if !parameterName.MatchString(name) {
			f.add(path, "must be called with letters, digits, '_', '-' and '.', at most 100 of them")
		}
		if _, known := forms[p.Type]; !known {
			f.add(path+".type", "must be text, integer, number, boolean, date or timestamp, not %q", p.Type)
			continue
		}
		for i, value := range p.OneOf {
			if !forms[p.Type].fits(value) {
				f.add(fmt.Sprintf("%s.one_of[%d]", path, i), "must be %s", forms[p.Type].want)
			}
		}
		if value, valued := d.Params[name]; valued {
			if why := p.objection(value); why != "" {
				f.add("params."+name, "%s", why)
			}
		}
	}
}
