package node

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Common is what a node of every kind may be told: what happens when it fails or
// takes too long, and whether its rows are kept.
type Common struct {
	Retries   int           // tries after the first, of failures that may pass by themselves
	Delay     time.Duration // before the first of them
	Backoff   Backoff
	Timeout   time.Duration // of one try of the whole node; 0 is none
	OnFailure OnFailure
	Keep      bool // its rows are an artifact of the run, whatever the plan
}

// Backoff says how the wait between tries grows.
type Backoff string

// How the wait between tries grows: twice as long each time, by the same each time,
// or not at all.
const (
	Exponential Backoff = "exponential"
	Linear      Backoff = "linear"
	Fixed       Backoff = "fixed"
)

// OnFailure says what becomes of the run when a node has failed for good.
type OnFailure string

// What becomes of the run when a node has failed for good.
const (
	FailRun   OnFailure = "fail"     // it fails as well
	SkipNode  OnFailure = "skip"     // it goes on without the rows of the node
	PassInput OnFailure = "continue" // it goes on with the rows that came into the node
)

const (
	mostRetries  = 100
	defaultDelay = 1000    // milliseconds
	longestDelay = 3600000 // milliseconds
	longestTry   = 604800  // seconds
	// longestWait bounds what a delay grows to.
	longestWait = time.Minute
)

// commonFields are the settings of Common as data.
var commonFields = []Field{
	{Name: "max_retries", Schema: Schema{EveryNode: true, Type: TypeInteger, Title: "Retries", Default: 0, Min: new(0.0), Max: new(float64(mostRetries)), OrText: true, Help: "How often the node is tried again after a failure that may pass by itself: a connection that was refused or lost, an answer 429 or 5xx, a lock that was not free, a time limit of the node that was reached, an error that a script has raised. Other failures are not tried again, because they would only fail later."}},
	{Name: "retry_delay", Schema: Schema{EveryNode: true, Type: TypeInteger, Title: "Wait before a retry", Default: defaultDelay, Min: new(0.0), Max: new(float64(longestDelay)), OrText: true, Help: "Milliseconds from the first failure to the second try. Waits are up to a tenth shorter or longer, so that many nodes do not come back at the same moment."}},
	{Name: "retry_backoff", Schema: Schema{EveryNode: true, Type: TypeString, Title: "How the wait grows", Default: string(Exponential), Enum: []string{string(Exponential), string(Linear), string(Fixed)}, Help: "exponential doubles the wait with every retry, linear adds retry_delay to it, fixed leaves it. It grows to a minute at most."}},
	{Name: "timeout", Schema: Schema{EveryNode: true, Type: TypeNumber, Title: "Time limit", Min: new(0.0), Max: new(float64(longestTry)), OrText: true, Help: "Seconds that one try of the node may take. Without it, or with 0, there is no limit."}},
	{Name: "on_failure", Schema: Schema{EveryNode: true, Type: TypeString, Title: "When it fails", Default: string(FailRun), Enum: []string{string(FailRun), string(SkipNode), string(PassInput)}, Help: "After the last try: fail ends the run as failed. skip leaves out the nodes behind this one, and the run goes on. continue runs them with the rows of this node's first input, unchanged; for a node without inputs, and for a condition, it means skip. A run that goes on ends as a success, with a warning."}},
	{Name: "keep", Schema: Schema{EveryNode: true, Type: TypeBoolean, Title: "Keep the rows", Default: false, Help: "Write the rows of this node to a Parquet file of the run, even where the plan would not need one. It makes the rows an artifact, and costs the time of writing them."}},
}

// CommonSettings returns the settings that a node of every kind takes besides its
// own.
func CommonSettings() []Field { return slices.Clone(commonFields) }

// common returns those of the common settings that mean the same in nodes of s as
// everywhere: a kind may have one of its own with the name, nothing of a sink can be
// kept, and a wait is over or has failed.
func (s Spec) common() []Field {
	return slices.DeleteFunc(CommonSettings(), func(f Field) bool {
		return s.owns(f.Name) || f.Name == "keep" && !s.HasOutput() || s.Waits
	})
}

func (s Spec) owns(name string) bool {
	return slices.ContainsFunc(s.Settings.Fields, func(f Field) bool { return f.Name == name })
}

// Form returns the schema of everything that may be set in a node of this kind: its
// own settings, and then those of every node.
func (s Spec) Form() Schema {
	form := s.Settings
	form.Fields = append(slices.Clone(form.Fields), s.common()...)
	return form
}

// Common returns the settings of every node from config, which Build has taken.
func (s Spec) Common(config json.RawMessage) (Common, error) {
	given := map[string]json.RawMessage{}
	if len(config) > 0 {
		if err := json.Unmarshal(config, &given); err != nil {
			return Common{}, fmt.Errorf("settings of every node: %w", err)
		}
	}
	retries, delay, timeout := number(0), number(defaultDelay), number(0)
	c := Common{Backoff: Exponential, OnFailure: FailRun}
	into := map[string]any{
		"max_retries": &retries, "retry_delay": &delay, "retry_backoff": &c.Backoff, "timeout": &timeout, "on_failure": &c.OnFailure, "keep": &c.Keep,
	}
	for _, f := range s.common() {
		if value, there := given[f.Name]; there {
			if err := json.Unmarshal(value, into[f.Name]); err != nil {
				return Common{}, fmt.Errorf("setting %s: %w", f.Name, err)
			}
		}
	}
	c.Retries = int(retries)
	c.Delay = time.Duration(float64(delay) * float64(time.Millisecond))
	c.Timeout = time.Duration(float64(timeout) * float64(time.Second))
	return c, nil
}

// number is a JSON number, or text that is one.
type number float64

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(data []byte) error {
	v, err := strconv.ParseFloat(strings.TrimSpace(strings.Trim(string(data), `"`)), 64)
	if err != nil {
		return fmt.Errorf("%s is no number", data)
	}
	*n = number(v)
	return nil
}

// Careful reports whether a node with these settings needs a statement of its own,
// so that it alone is tried again, limited, or left out when it fails.
func (c Common) Careful() bool {
	return c.Retries > 0 || c.Timeout > 0 || c.OnFailure != FailRun
}

// Wait returns how long to wait before retry k, which counts from 1. Chance, from 0
// to 1, makes it up to a tenth shorter or longer.
func (c Common) Wait(k int, chance float64) time.Duration {
	wait, most := c.Delay, max(longestWait, c.Delay)
	for i := 1; i < k && wait < most; i++ {
		switch c.Backoff {
		case Exponential:
			wait *= 2
		case Linear:
			wait += c.Delay
		case Fixed:
		}
	}
	return time.Duration(float64(min(wait, most)) * (0.9 + 0.2*chance))
}
