package node

import (
	"context"
	"time"

	"github.com/broked/broked/internal/outbound"
)

// Patient is a Relational node behind which nothing begins before something has come.
// The server looks for that. It is a Waiter or a Caller as well.
type Patient interface {
	Relational
	// Pace says how often to look, and for how long.
	Pace() Pace
	// Subject says what is waited for, in words for people.
	Subject() string
}

// Waiter is a Patient that waits for something which comes by itself. Engines only
// hand its rows on.
type Waiter interface {
	Patient
	// Come reports whether it has come. An error is final: the node has failed. What
	// another look may mend is none.
	Come(ctx context.Context, s Surroundings) (bool, error)
}

// Caller is a Patient that has another pipeline run. The server starts the runs, and
// what is waited for is their end.
type Caller interface {
	Patient
	Calls() Calls
}

// Calls is how a Caller has another pipeline run.
type Calls struct {
	// Pipeline is the id or slug of a pipeline of the same workspace.
	Pipeline string
	// Params are the parameters of the only run. When they are nil there are any number
	// of runs, which the node plans by a question to the server while it is computed,
	// and the node's rows get what has become of them: the columns of CallColumns.
	Params map[string]string
	AtOnce int // so many are under way at once
	// Detached says that the node has done its part when the runs have been started.
	Detached bool
	// GoOn says that a run which does not succeed keeps neither the others from being
	// started nor the node from succeeding.
	GoOn bool
	// Output, unless empty, is the node of the other pipeline whose rows become those
	// of this one.
	Output string
}

// CallColumns are the columns that say what has become of the runs that a node has
// planned, one for each of its rows.
func CallColumns() []Column {
	return []Column{{Name: "run_id", Type: "VARCHAR"}, {Name: "status", Type: "VARCHAR"}, {Name: "error", Type: "VARCHAR"}}
}

// Rehearser is a node that acts on the world and says what a trial has in its place.
// Where there is none, a trial hands on the rows that come in.
type Rehearser interface {
	// Rehearse is Select without acting.
	Rehearse(ctx context.Context, env Env, in []Relation) (Relation, error)
}

// Pace is how somebody waits.
type Pace struct {
	Every, AtMost time.Duration
}

// Surroundings is what a Waiter may look at.
type Surroundings struct {
	Began time.Time // the run
	Now   time.Time
	Roots Roots
	Out   outbound.Exit
	// Succeeded reports whether the newest run of a pipeline of the same workspace that
	// started after an instant was a success. A pipeline that is not there is an error.
	Succeeded func(ctx context.Context, pipeline string, after time.Time) (bool, error)
}

// Nothing returns a relation without rows, which has a column because it must.
func Nothing() Relation {
	return Relation{SQL: "SELECT CAST(NULL AS VARCHAR) AS nothing WHERE false", Columns: []Column{{Name: "nothing", Type: "VARCHAR"}}, Rows: 0}
}
