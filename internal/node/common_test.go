package node_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/node"
)

// kindWith returns a kind with settings of its own.
func kindWith(category node.Category, fields ...node.Field) node.Spec {
	return node.Spec{
		Kind: "k", Category: category, Settings: node.Schema{Type: node.TypeObject, Fields: fields},
		New: func(json.RawMessage) (node.Node, error) { return struct{}{}, nil },
	}
}

func TestEveryKindTakesTheCommonSettings(t *testing.T) {
	t.Parallel()
	own := node.Field{Name: "timeout", Schema: node.Schema{Type: node.TypeString}}
	usual := node.Common{Delay: time.Second, Backoff: node.Exponential, OnFailure: node.FailRun}
	with := func(change func(*node.Common)) node.Common {
		c := usual
		change(&c)
		return c
	}
	for name, tc := range map[string]struct {
		spec    node.Spec
		config  string
		want    node.Common
		problem string
	}{
		"none":       {spec: kindWith(node.Transform), config: `{}`, want: usual},
		"no config":  {spec: kindWith(node.Transform), want: usual},
		"numbers":    {spec: kindWith(node.Transform), config: `{"max_retries": 3, "retry_delay": 250, "timeout": 1.5}`, want: with(func(c *node.Common) { c.Retries, c.Delay, c.Timeout = 3, 250*time.Millisecond, 1500*time.Millisecond })},
		"as text":    {spec: kindWith(node.Transform), config: `{"max_retries": "3", "retry_delay": " 250 ", "timeout": "30"}`, want: with(func(c *node.Common) { c.Retries, c.Delay, c.Timeout = 3, 250*time.Millisecond, 30*time.Second })},
		"choices":    {spec: kindWith(node.Source), config: `{"retry_backoff": "linear", "on_failure": "skip", "keep": true}`, want: with(func(c *node.Common) { c.Backoff, c.OnFailure, c.Keep = node.Linear, node.SkipNode, true })},
		"one's own":  {spec: kindWith(node.Transform, own), config: `{"timeout": "long", "max_retries": 1}`, want: with(func(c *node.Common) { c.Retries = 1 })},
		"no number":  {spec: kindWith(node.Transform), config: `{"max_retries": "many"}`, problem: "max_retries: must be a number, not text"},
		"a fraction": {spec: kindWith(node.Transform), config: `{"max_retries": "1.5"}`, problem: "max_retries: must be a whole number, not 1.5"},
		"too many":   {spec: kindWith(node.Transform), config: `{"max_retries": "1e9"}`, problem: "max_retries: must be at most 100, not 1e+09"},
		"endless":    {spec: kindWith(node.Transform), config: `{"timeout": "inf"}`, problem: "timeout: must be at most 604800, not +Inf"},
		"negative":   {spec: kindWith(node.Transform), config: `{"retry_delay": -1}`, problem: "retry_delay: must be at least 0, not -1"},
		"unknown":    {spec: kindWith(node.Transform), config: `{"on_failure": "ignore"}`, problem: `on_failure: must be one of fail, skip, continue, not "ignore"`},
		"kept sink":  {spec: kindWith(node.Target), config: `{"keep": true}`, problem: "keep: is not a setting here"},
		"not theirs": {spec: kindWith(node.Transform), config: `{"max_retrys": 1}`, problem: `max_retrys: is not a setting here (did you mean "max_retries"?)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := tc.spec.Build(json.RawMessage(tc.config))
			if tc.problem != "" {
				if len(problems) != 1 || problems[0].Path+": "+problems[0].Message != tc.problem {
					t.Errorf("problems %v, want %s", problems, tc.problem)
				}
				return
			}
			got, err := tc.spec.Common(json.RawMessage(tc.config))
			if diff := cmp.Diff(tc.want, got); diff != "" || err != nil || len(problems) > 0 {
				t.Errorf("%v %v (-want +got)\n%s", err, problems, diff)
			}
		})
	}
}

func TestWaitsGrow(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		backoff node.Backoff
		delay   time.Duration
		want    []time.Duration // before retries 1, 2, 3 and 100
	}{
		{node.Exponential, time.Second, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, time.Minute}},
		{node.Linear, time.Second, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, time.Minute}},
		{node.Fixed, time.Second, []time.Duration{time.Second, time.Second, time.Second, time.Second}},
		{node.Exponential, time.Hour, []time.Duration{time.Hour, time.Hour, time.Hour, time.Hour}},
		{node.Exponential, 0, []time.Duration{0, 0, 0, 0}},
	} {
		c := node.Common{Delay: tc.delay, Backoff: tc.backoff}
		for i, k := range []int{1, 2, 3, 100} {
			if got := c.Wait(k, 0.5); got != tc.want[i] {
				t.Errorf("%s of %v: retry %d after %v, want %v", tc.backoff, tc.delay, k, got, tc.want[i])
			}
		}
		if low, high := c.Wait(1, 0), c.Wait(1, 1); low != tc.delay*9/10 || high != tc.delay*11/10 {
			t.Errorf("%s of %v: between %v and %v", tc.backoff, tc.delay, low, high)
		}
	}
}
