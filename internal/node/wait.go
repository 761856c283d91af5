package node

import (
	"context"
	"time"

	"github.com/broked/broked/internal/outbound"
)

// Waiter is a Relational node behind which nothing begins before something has come.
// The server looks for that; engines only hand its rows on.
type Waiter interface {
	Relational
	// Come reports whether it has come. An error is final: the node has failed. What
	// another look may mend is none.
	Come(ctx context.Context, s Surroundings) (bool, error)
	// Pace says how often to look, and for how long.
	Pace() Pace
	// Subject says what is waited for, in words for people.
	Subject() string
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
