package trials

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/pipelines"
)

// TestResult is how a test of a pipeline went.
type TestResult struct {
	Name     string          `json:"name"`
	Passed   bool            `json:"passed"`
	Problems []fault.Problem `json:"problems" nullable:"false" doc:"What came out otherwise than expected, and where"`
	Millis   int64           `json:"duration_ms"`
}

// Bounds of what a test looks at.
const (
	testBytes    = 8 << 20 // of the rows of a node
	toldProblems = 20
)

// Check runs a test of d, whose document has been checked. Nothing is written
// anywhere. Errors are of running it; what came out wrong is in the result.
func Check(ctx context.Context, e Engine, d pipelines.Document, t pipelines.Test) (TestResult, error) {
	began := time.Now()
	pins := make(map[string]Rows, len(t.Inputs))
	for id, v := range t.Inputs {
		rows, err := readRows(v)
		if err != nil {
			return TestResult{}, refused("inputs."+id, fault.MessageOf(err))
		}
		pins[id] = rows
	}
	result, err := Run(ctx, e, Trial{Document: d, Params: t.Params, Rows: MaxRows, Pins: pins, Shown: MaxRows, Bytes: testBytes})
	if err != nil {
		return TestResult{}, err
	}
	c := comparison{result: result}
	c.ending(t.Fails)
	for _, id := range slices.Sorted(maps.Keys(t.Expect)) {
		want, err := pipelines.ReadExpectation(t.Expect[id])
		if err != nil {
			return TestResult{}, err
		}
		c.node(id, want)
	}
	return TestResult{Name: t.Name, Passed: len(c.problems) == 0, Problems: append([]fault.Problem{}, c.problems...), Millis: time.Since(began).Milliseconds()}, nil
}

// readRows reads the rows of a test: a list of objects, or CSV with a header. In
// CSV, a cell that is empty is null, and what looks like a number is one unless it
// begins with a needless zero.
func readRows(v pipelines.RawObject) (Rows, error) {
	if v.Kind() == '[' {
		var rows []Row
		err := json.Unmarshal(v, &rows)
		return Rows{Rows: rows}, err
	}
	var text string
	if err := json.Unmarshal(v, &text); err != nil {
		return Rows{}, err
	}
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return Rows{}, fault.New(fault.Invalid, "is not CSV: %v", err)
	}
	if len(lines) == 0 {
		return Rows{}, fault.New(fault.Invalid, "is empty: its first line names the columns")
	}
	rows := Rows{Rows: []Row{}}
	for _, line := range lines[1:] {
		rows.Rows = append(rows.Rows, object(lines[0], line))
	}
	if len(rows.Rows) == 0 {
		rows.Columns = textColumns(lines[0])
	}
	return rows, nil
}

// scalar is how numbers and truth values are written in CSV.
var scalar = regexp.MustCompile(`^(true|false|-?(0|[1-9]\d{0,17})(\.\d{1,15})?)$`)

// object returns a line of CSV as an object.
func object(names, cells []string) Row {
	var text bytes.Buffer
	text.WriteByte('{')
	for i, cell := range cells {
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteString(quoted(names[i]) + ":")
		switch {
		case cell == "":
			text.WriteString("null")
		case scalar.MatchString(cell):
			text.WriteString(cell)
		default:
			text.WriteString(quoted(cell))
		}
	}
	text.WriteByte('}')
	return text.Bytes()
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}

// comparison gathers what came out otherwise than expected.
type comparison struct {
	result   Result
	problems []fault.Problem
}

func (c *comparison) wrong(path, format string, args ...any) {
	if len(c.problems) < toldProblems {
		c.problems = append(c.problems, fault.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}
}

// ending compares how the run ended.
func (c *comparison) ending(want *pipelines.TestFailure) {
	failed := c.result.Status == job.Failed
	switch {
	case want == nil && failed:
		c.wrong(c.failedAt(), "failed: %s", c.result.Failure.Message)
	case want != nil && !failed:
		c.wrong("fails", "the run succeeded")
	case want != nil && want.Code != "" && want.Code != c.result.Failure.Code:
		c.wrong("fails.code", "is %s, want %s: %s", c.result.Failure.Code, want.Code, c.result.Failure.Message)
	}
	if want != nil && failed && want.Node != "" && c.failedAt() != want.Node {
		c.wrong("fails.node", "is %s, want %s: %s", c.failedAt(), want.Node, c.result.Failure.Message)
	}
}

// failedAt returns the id of the node that has failed.
func (c *comparison) failedAt() string {
	for _, id := range slices.Sorted(maps.Keys(c.result.Results)) {
		if c.result.Results[id].Status == job.Failed {
			return id
		}
	}
	return ""
}

// node compares the rows of a node.
func (c *comparison) node(id string, want pipelines.Expectation) {
	got, there := c.result.Results[id]
	switch {
	case !there:
		c.wrong(id, "was not run: nothing that is looked at needs it")
		return
	case got.Status != job.Success:
		c.wrong(id, "is %s", got.Status)
		return
	case want.Count != nil:
		if got.RowCount == nil || *got.RowCount != *want.Count {
			c.wrong(id, "has %d rows, want %d", count(got), *want.Count)
		}
		return
	case got.Cut:
		c.wrong(id, "has more rows than a test compares (%d, or %d MB)", MaxRows, testBytes>>20)
		return
	}
	rows := make([]map[string]any, len(want.Rows))
	for i, raw := range want.Rows {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if err := d.Decode(&rows[i]); err != nil {
			c.wrong(id, "row %d that is expected cannot be read", i+1)
			return
		}
	}
	for _, name := range columnsOf(rows) {
		if !slices.Contains(got.Columns, name) {
			c.wrong(id, "has no column %q%s", name, fault.DidYouMean(name, got.Columns))
			return
		}
	}
	if want.AnyOrder {
		c.anyOrder(id, got.Rows, rows)
		return
	}
	c.inOrder(id, got.Rows, rows)
}

func count(n NodeResult) int64 {
	if n.RowCount == nil {
		return 0
	}
	return *n.RowCount
}

// columnsOf returns the columns that rows name.
func columnsOf(rows []map[string]any) []string {
	names := make(map[string]bool)
	for _, row := range rows {
		for name := range row {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func (c *comparison) inOrder(id string, got, want []map[string]any) {
	for i := range min(len(got), len(want)) {
		for _, name := range slices.Sorted(maps.Keys(want[i])) {
			if g, w := got[i][name], want[i][name]; !same(g, w) {
				c.wrong(id, "row %d, %s: is %s, want %s", i+1, name, told(g), told(w))
			}
		}
	}
	if len(got) != len(want) {
		c.wrong(id, "has %d rows, want %d", len(got), len(want))
	}
}

func (c *comparison) anyOrder(id string, got, want []map[string]any) {
	left := slices.Clone(got)
	for i, w := range want {
		k := slices.IndexFunc(left, func(g map[string]any) bool { return sameRow(g, w) })
		if k < 0 {
			c.wrong(id, "no row is as row %d that is expected: %s", i+1, told(w))
			continue
		}
		left = slices.Delete(left, k, k+1)
	}
	if len(got) != len(want) {
		c.wrong(id, "has %d rows, want %d", len(got), len(want))
	}
}

func sameRow(got, want map[string]any) bool {
	for name, w := range want {
		if !same(got[name], w) {
			return false
		}
	}
	return true
}

// closeEnough is by how much of their size numbers may differ: sums of fractions
// are not exact.
const closeEnough = 1e-9

// same compares values as they are shown. Numbers that JavaScript would round are
// shown as text, so that text that is a number equals the number.
func same(got, want any) bool {
	if got == nil || want == nil {
		return got == nil && want == nil
	}
	g, w := told(got), told(want)
	if g == w {
		return true
	}
	a, errA := strconv.ParseFloat(strings.Trim(g, `"`), 64)
	b, errB := strconv.ParseFloat(w, 64)
	if errA == nil && errB == nil {
		return math.Abs(a-b) <= closeEnough*math.Max(math.Abs(a), math.Abs(b))
	}
	return instantOf(g) != "" && instantOf(g) == instantOf(w)
}

// instantOf returns a time without what its forms differ in, or "".
func instantOf(s string) string {
	s = strings.Trim(s, `"`)
	if !instant.MatchString(`"` + s + `"`) {
		return ""
	}
	s = strings.Replace(s, "T", " ", 1)
	if len(s) == len("2026-01-31 12:00") {
		s += ":00"
	}
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// told returns a value as JSON.
func told(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}
