package pipelines

import (
	"encoding/json"
	"strings"

	"github.com/broked/broked/internal/fault"
)

// Test says what a pipeline yields for given rows. Tests are part of the document.
type Test struct {
	Name   string            `json:"name"`
	Params map[string]string `json:"params,omitempty"`
	// Inputs are rows by the ids of nodes, in place of their own: a list of objects,
	// or text in the form of CSV.
	Inputs map[string]RawObject `json:"inputs,omitempty"`
	// Expect is what must come out of nodes, by their ids: a list of objects is all
	// rows in order, with the columns that are named; a number is how many rows; and
	// {"rows": [...], "any_order": true} are rows in whatever order.
	Expect map[string]RawObject `json:"expect,omitempty"`
	// Fails, unless nil, says that the run must fail, and where.
	Fails *TestFailure `json:"fails,omitempty"`
}

// TestFailure is how a run must fail; members that are empty are not looked at.
type TestFailure struct {
	Node string `json:"node,omitempty"`
	Code string `json:"code,omitempty"`
}

// Expectation is an entry of a test's Expect.
type Expectation struct {
	Rows     []RawObject `json:"rows"`
	AnyOrder bool        `json:"any_order"`
	Count    *int64      `json:"-"` // instead of Rows
}

// ReadExpectation reads what a test expects of a node. What it cannot be is an
// Invalid fault.
func ReadExpectation(v RawObject) (Expectation, error) {
	var e Expectation
	var err error
	switch v.Kind() {
	case '0':
		err = json.Unmarshal(v, &e.Count)
	case '[':
		err = json.Unmarshal(v, &e.Rows)
	case '{':
		d := json.NewDecoder(strings.NewReader(string(v)))
		d.DisallowUnknownFields()
		err = d.Decode(&e)
	default:
		err = fault.New(fault.Invalid, "wrong kind")
	}
	if err != nil || e.Count == nil && e.Rows == nil || e.Count != nil && *e.Count < 0 {
		return e, fault.New(fault.Invalid, "must be a list of rows, a number of rows, or an object with rows and any_order")
	}
	for i, row := range e.Rows {
		if row.Kind() != '{' {
			return e, fault.New(fault.Invalid, "row %d must be an object of values by their columns", i+1)
		}
	}
	return e, nil
}

// maxTests is how many tests a document may have.
const maxTests = 100

// checkTests makes sure that tests speak of nodes that are there.
func (d Document) checkTests(f *Findings) {
	if len(d.Tests) > maxTests {
		f.add("tests", "are more than %d", maxTests)
	}
	ids := make([]string, len(d.Nodes))
	known := make(map[string]bool, len(d.Nodes))
	for i, n := range d.Nodes {
		ids[i], known[n.ID] = n.ID, true
	}
	names := make(map[string]bool)
	for i, t := range d.Tests {
		path := at("tests", i)
		switch {
		case strings.TrimSpace(t.Name) == "":
			f.add(path+".name", "is missing")
		case names[t.Name]:
			f.add(path+".name", "%q is used by another test already", t.Name)
		}
		names[t.Name] = true
		if len(t.Expect) == 0 && t.Fails == nil {
			f.add(path, "expects nothing: it needs expect or fails")
		}
		if t.Fails != nil && t.Fails.Node != "" && !known[t.Fails.Node] {
			f.add(path+".fails.node", "there is no node %q%s", t.Fails.Node, fault.DidYouMean(t.Fails.Node, ids))
		}
		t.checkNodes(f, path, known, ids)
	}
}

func (t Test) checkNodes(f *Findings, path string, known map[string]bool, ids []string) {
	for id, rows := range t.Inputs {
		switch at := path + ".inputs." + id; {
		case !known[id]:
			f.add(at, "there is no node %q%s", id, fault.DidYouMean(id, ids))
		case rows.Kind() != '[' && rows.Kind() != '"':
			f.add(at, "must be a list of rows, or text in the form of CSV")
		}
	}
	for id, rows := range t.Expect {
		if !known[id] {
			f.add(path+".expect."+id, "there is no node %q%s", id, fault.DidYouMean(id, ids))
		} else if _, err := ReadExpectation(rows); err != nil {
			f.add(path+".expect."+id, "%s", fault.MessageOf(err))
		}
	}
}
