package databases

import (
	"slices"
	"strings"

	"github.com/broked/broked/internal/batch"
)

// Refusals is what becomes of rows that a table does not take, such as those that
// break a constraint.
type Refusals struct {
	// Table is where they go, in the database of the load and in its transaction; it is
	// made if need be. Empty, the load fails.
	Table string
	// Run and Node say in that table whose rows they are.
	Run, Node string

	// Count is how many there were, once the load has ended. One that has failed stops
	// counting at MostShown.
	Count int64
	// First are the first MostShown of them.
	First []Refusal
}

// MostShown is how many rows are told of that a table has refused.
const MostShown = 5

// Refusal is a row that a table has refused.
type Refusal struct {
	Row    int64  // from 1
	Column string // several have ", " between them; empty when it is not known
	Value  string // of the column, cut when it is long
	Reason string
}

// Add takes one more row.
func (r *Refusals) Add(one Refusal) {
	r.Count++
	if len(r.First) < MostShown {
		r.First = append(r.First, one)
	}
}

// longestShown bounds the value that is told, in bytes.
const longestShown = 200

// Refused describes a row of a batch, number being which of the load it is, and
// columns those that are at fault. Databases that take upper and lower case for the
// same find their columns as well.
func Refused(b *batch.Batch, row int, number int64, columns []string, reason string) Refusal {
	values := make([]string, len(columns))
	for i, name := range columns {
		values[i] = "null"
		if at := slices.IndexFunc(b.Columns, func(c batch.Column) bool { return strings.EqualFold(c.Name, name) }); at >= 0 {
			values[i] = Shown(b.Columns[at], row)
		}
	}
	r := Refusal{Row: number, Column: strings.Join(columns, ", "), Value: strings.Join(values, ", "), Reason: reason}
	if len(r.Value) > longestShown {
		r.Value = strings.ToValidUTF8(r.Value[:longestShown], "") + " …"
	}
	return r
}
