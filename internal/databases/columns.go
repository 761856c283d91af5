package databases

import (
	"slices"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
)

// NewColumns is what becomes of columns that the table does not have.
type NewColumns string

// What becomes of columns that the table does not have.
const (
	FailColumns   NewColumns = "" // the load fails
	AddColumns    NewColumns = "add_columns"
	IgnoreColumns NewColumns = "ignore"
)

// Fitting returns the names of those columns that go into a table, as has tells its own,
// and which of them are to be added to it first. What becomes of the others is noted in
// Told; lacks makes the fault when they are not to be left out. Keys never are.
func (l Load) Fitting(names []string, has func(name string) bool, lacks func(names []string) error) (fitting, added []string, err error) {
	var missing, ignored []string
	for _, name := range names {
		switch {
		case has(name):
			fitting = append(fitting, name)
		case l.NewColumns == AddColumns:
			fitting, added = append(fitting, name), append(added, name)
		case l.NewColumns == IgnoreColumns && !slices.Contains(l.Keys, name):
			ignored = append(ignored, name)
		default:
			missing = append(missing, name)
		}
	}
	if len(fitting) == 0 { // there would be nothing to write
		missing = names
	}
	if len(missing) > 0 {
		return nil, nil, lacks(missing)
	}
	l.Told.columns(added, ignored)
	return fitting, added, nil
}

// Only returns b with those columns alone.
func Only(b batch.Batch, names []string) batch.Batch {
	if len(names) == len(b.Columns) {
		return b
	}
	b.Columns = slices.DeleteFunc(slices.Clone(b.Columns), func(c batch.Column) bool { return !slices.Contains(names, c.Name) })
	return b
}

// NullKey returns the first row of a batch in which a key has no value, and the key, for
// MergeDelete, which could not tell such a row apart; -1 when there is none.
func (l Load) NullKey(b *batch.Batch) (int, string) {
	if l.Mode != MergeDelete {
		return -1, ""
	}
	for _, c := range b.Columns {
		if !slices.Contains(l.Keys, c.Name) {
			continue
		}
		if c.Type == "" && b.Rows > 0 {
			return 0, c.Name
		}
		if row := slices.Index(c.Valid[:min(len(c.Valid), b.Rows)], false); row >= 0 {
			return row, c.Name
		}
	}
	return -1, ""
}

// Told is what a load has done besides writing rows.
type Told struct {
	Added, Ignored []string // columns
	Deleted        int64    // rows that went for MergeDelete
	Before         bool     // an earlier attempt had committed, and this one did nothing
}

func (t *Told) columns(added, ignored []string) {
	if t == nil {
		return
	}
	t.Added = append(t.Added, added...)
	for _, name := range ignored {
		if !slices.Contains(t.Ignored, name) {
			t.Ignored = append(t.Ignored, name)
		}
	}
}

// LoadsTable is where loads are noted that are to happen once. It is made if need be,
// and what is in it goes after LoadsKept days.
const (
	LoadsTable = "broked_loads"
	LoadsKept  = 30
)

// OnceFault says of an error that it is about LoadsTable.
func OnceFault(err error) error {
	return ofSetting("exactly_once", "needs the table "+LoadsTable+" in the same database: ", err)
}

// ScopeFault says of an error that it is about the condition of rows that may go.
func ScopeFault(err error) error { return ofSetting("delete_where", "", err) }

// KeyMissing says that a row has no value in a key.
func KeyMissing(table string, row int64, key string) error {
	return fault.New(fault.Invalid, "row %d cannot be written to %s: column %q is a key and has no value there; nothing was written", row, table, key).With("row_refused")
}
