package pipelines_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
)

func TestParametersOfRuns(t *testing.T) {
	t.Parallel()
	d := pipelines.Document{
		Params: map[string]string{"least": "10", "free": "x"},
		Parameters: map[string]pipelines.Parameter{
			"day": {Type: pipelines.DateParameter, Required: true}, "least": {Type: pipelines.IntegerParameter, Required: true},
			"rate": {Type: pipelines.NumberParameter}, "full": {Type: pipelines.BooleanParameter}, "since": {Type: pipelines.TimestampParameter},
			"country": {OneOf: []string{"DE", "FR"}},
		},
	}
	for name, tc := range map[string]struct {
		given map[string]string
		want  []fault.Problem
	}{
		"all right": {map[string]string{
			"day": "2024-02-29", "rate": "-2.5e3", "full": "false", "since": "2026-03-01T12:00:00+02:00", "country": "DE", "free": "anything",
		}, nil},
		"missing":       {nil, []fault.Problem{{Path: "params.day", Message: "is missing: it has no value of its own"}}},
		"no such day":   {map[string]string{"day": "2026-02-29"}, []fault.Problem{{Path: "params.day", Message: "must be a day, such as 2026-03-01"}}},
		"not a country": {map[string]string{"day": "2026-02-28", "country": "de"}, []fault.Problem{{Path: "params.country", Message: "must be one of DE, FR"}}},
		"all wrong": {map[string]string{"day": "", "least": "2.5", "rate": "NaN", "full": "yes", "since": "2026-03-01", "rates": "1"}, []fault.Problem{
			{Path: "params.day", Message: "must be a day, such as 2026-03-01"},
			{Path: "params.full", Message: "must be true or false"},
			{Path: "params.least", Message: "must be a whole number, such as 42"},
			{Path: "params.rate", Message: "must be a number, such as 2.5"},
			{Path: "params.rates", Message: `is no parameter of this pipeline (did you mean "rate"?)`},
			{Path: "params.since", Message: "must be a time with its zone, such as 2026-03-01T12:00:00Z"},
		}},
	} {
		if diff := cmp.Diff(tc.want, fault.ProblemsOf(d.CheckParams(tc.given))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if err := (pipelines.Document{}).CheckParams(map[string]string{"any": "thing"}); err != nil {
		t.Error(err)
	}
}

func TestCheckOfParameters(t *testing.T) {
	t.Parallel()
	d, err := pipelines.DecodeYAML([]byte(`
name: p
ir_version: "2.2"
params: {day: yesterday}
parameters:
  day: {type: date}
  "no space": {}
  size: {type: huge}
  n: {type: integer, one_of: ["1", "two"]}
nodes: [{id: a, type: source, config: {}}]
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []fault.Problem{
		{Path: "params.day", Message: "must be a day, such as 2026-03-01"},
		{Path: "parameters.n.one_of[1]", Message: "must be a whole number, such as 42"},
		{Path: "parameters.no space", Message: "must be called with letters, digits, '_', '-' and '.', at most 100 of them"},
		{Path: "parameters.size.type", Message: `must be text, integer, number, boolean, date or timestamp, not "huge"`},
	}
	if diff := cmp.Diff(want, d.Check(kinds(t)).Problems); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
