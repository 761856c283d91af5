package databases

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
