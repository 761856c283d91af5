package console

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/sqltext"
)

// Bounds of a profile.
const (
	MaxProfiled = 200  // columns
	bins        = 20   // of a histogram
	mostValues  = 8    // that are told of a column
	fewValues   = 1000 // different ones, at most, are counted each
	valueLength = 60   // characters of a value
)

// Profile is what the rows of a node look like, column by column.
type Profile struct {
	Rows    int64           `json:"rows"`
	Kept    bool            `json:"kept" doc:"All rows were looked at; else a sample, the first rows"`
	Columns []ColumnProfile `json:"columns" nullable:"false"`
	Cut     bool            `json:"truncated" doc:"There are more than 200 columns; those are left out"`
}

// ColumnProfile is what the values of a column look like.
type ColumnProfile struct {
	Name     string       `json:"name"`
	Type     string       `json:"type"`
	Nulls    int64        `json:"nulls"`
	Distinct int64        `json:"distinct" doc:"How many different values there are, about"`
	Min      *string      `json:"min,omitempty"`
	Max      *string      `json:"max,omitempty"`
	Mean     *float64     `json:"mean,omitempty" doc:"Of numbers"`
	Bins     []int64      `json:"histogram,omitempty" doc:"Of numbers and times: how many values lie in each of 20 stretches of the same length from min to max"`
	Top      []ValueCount `json:"top,omitempty" doc:"Of other values, when there are few different ones: the most frequent 8"`

	within *stretch
}

// ValueCount is a value with how often it is there.
type ValueCount struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// sort is what can be asked about a column.
type sort int

const (
	opaque  sort = iota // is it there
	textual             // and which values are there
	numeric             // and how are they spread
	timely              // the same, of time
)

func sortOf(typ string) sort {
	base, _, _ := strings.Cut(typ, "(")
	switch strings.TrimSpace(base) {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL":
		return numeric
	case "DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS":
		return timely
	case "VARCHAR", "BOOLEAN", "UUID", "ENUM", "TIME":
		return textual
	}
	return opaque
}

// number is the expression of a column as a number that has an end, or null.
func number(c node.Column) string {
	name := sqltext.Ident(c.Name)
	if sortOf(c.Type) == timely {
		return "CASE WHEN isfinite(" + name + ") THEN epoch(" + name + ") END"
	}
	return "CASE WHEN isfinite(CAST(" + name + " AS DOUBLE)) THEN CAST(" + name + " AS DOUBLE) END"
}

// Profile looks at the rows of a node of a run: at all of them when the run has kept them,
// else at the sample. When nothing is left of them, the fault is a Conflict.
func (s *Service) Profile(ctx context.Context, run runs.ID, of string) (Profile, error) {
	at, err := s.Tables(ctx, run)
	if err != nil {
		return Profile{}, err
	}
	i := slices.IndexFunc(at, func(t Table) bool { return t.Node == of })
	if i < 0 || len(at[i].Columns) == 0 {
		return Profile{}, fault.New(fault.Conflict, "nothing is left of the rows of this node: look at a newer run").With("no_rows")
	}
	columns := at[i].Columns
	p := Profile{Kept: at[i].Kept, Cut: len(columns) > MaxProfiled, Columns: []ColumnProfile{}}
	columns = columns[:min(len(columns), MaxProfiled)]
	from := " FROM " + sqltext.Ident(at[i].Name)
	facts, err := s.row(ctx, run, "SELECT count(*) AS n, "+strings.Join(factsOf(columns), ", ")+from)
	if err != nil {
		return Profile{}, err
	}
	p.Rows = whole(facts.next())
	counts := make([]string, len(columns))
	for k, c := range columns {
		one := profileOf(c, p.Rows, facts)
		counts[k] = countsOf(c, k, one)
		p.Columns = append(p.Columns, one)
	}
	spread, err := s.row(ctx, run, "SELECT "+strings.Join(counts, ", ")+from)
	if err != nil {
		return Profile{}, err
	}
	for k := range columns {
		p.Columns[k].spread(spread.next())
	}
	return p, nil
}

// row returns the only row of an answer.
func (s *Service) row(ctx context.Context, run runs.ID, sql string) (*cells, error) {
	a, err := s.Run(ctx, Query{Run: run, SQL: sql, Rows: 1})
	if err != nil {
		return nil, err
	}
	if len(a.Rows) != 1 {
		return nil, fmt.Errorf("a profile has %d rows", len(a.Rows))
	}
	return &cells{a.Rows[0]}, nil
}

// cells are values that are read one after the other.
type cells struct{ left []any }

func (c *cells) next() any { //nolint:ireturn // a cell is anything
	one := c.left[0]
	c.left = c.left[1:]
	return one
}

// factsOf returns the seven expressions that tell of each column.
func factsOf(columns []node.Column) []string {
	var all []string
	for k, c := range columns {
		name := sqltext.Ident(c.Name)
		distinct, least, most, mean := "0", "NULL", "NULL", "NULL"
		if sortOf(c.Type) != opaque {
			distinct = "approx_count_distinct(" + name + ")"
			least, most = cutText("min("+name+")"), cutText("max("+name+")")
		}
		low, high := "NULL", "NULL"
		if s := sortOf(c.Type); s == numeric || s == timely {
			low, high = "min("+number(c)+")", "max("+number(c)+")"
		}
		if sortOf(c.Type) == numeric {
			mean = "avg(" + number(c) + ")"
		}
		for i, e := range []string{"count(" + name + ")", distinct, least, most, low, high, mean} {
			all = append(all, fmt.Sprintf("%s AS f%d_%d", e, k, i))
		}
	}
	return all
}

// cutText is the expression of the beginning of a value as text.
func cutText(value string) string {
	return fmt.Sprintf("left(CAST(%s AS VARCHAR), %d)", value, valueLength)
}

// stretch is where the numbers of a column lie.
type stretch struct{ low, high float64 }

func profileOf(c node.Column, rows int64, facts *cells) ColumnProfile {
	p := ColumnProfile{Name: c.Name, Type: c.Type}
	p.Nulls = rows - whole(facts.next())
	p.Distinct = min(whole(facts.next()), rows-p.Nulls)
	p.Min, p.Max = text(facts.next()), text(facts.next())
	if low, high := real64(facts.next()), real64(facts.next()); low != nil && high != nil {
		p.within = &stretch{*low, *high}
	}
	p.Mean = real64(facts.next())
	return p
}

// countsOf returns the expression that counts the values of a column: by their stretches,
// or each.
func countsOf(c node.Column, k int, p ColumnProfile) string {
	e := "NULL"
	switch name := sqltext.Ident(c.Name); {
	case p.within != nil && p.within.high > p.within.low:
		width := (p.within.high - p.within.low) / bins
		e = fmt.Sprintf("histogram(CASE WHEN (%[1]s) IS NOT NULL THEN CAST(least(%[2]d, greatest(0, floor(((%[1]s) - %[3]s) / %[4]s))) AS INTEGER) END)",
			number(c), bins-1, exactly(p.within.low), exactly(width))
		if math.IsInf(width, 0) || width == 0 {
			e = "NULL"
		}
	case p.within != nil:
		e = fmt.Sprintf("histogram(CASE WHEN (%s) IS NOT NULL THEN 0 END)", number(c))
	case sortOf(c.Type) == textual && p.Distinct > 0 && p.Distinct <= fewValues:
		e = "histogram(" + cutText(name) + ")"
	}
	return fmt.Sprintf("%s AS h%d", e, k)
}

// spread reads what countsOf has counted.
func (p *ColumnProfile) spread(cell any) {
	said, is := cell.(string)
	if !is {
		return
	}
	counts := make(map[string]int64)
	if err := json.Unmarshal([]byte(said), &counts); err != nil {
		// Longer than what is shown of a value: too many different ones.
		return
	}
	if p.within != nil {
		p.Bins = make([]int64, bins)
		for bin, n := range counts {
			if at, err := strconv.Atoi(bin); err == nil && at >= 0 && at < bins {
				p.Bins[at] = n
			}
		}
		return
	}
	for value, n := range counts {
		p.Top = append(p.Top, ValueCount{value, n})
	}
	slices.SortFunc(p.Top, func(a, b ValueCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	p.Top = p.Top[:min(len(p.Top), mostValues)]
}

// exactly writes a number so that SQL reads the same one.
func exactly(x float64) string {
	return "CAST('" + strconv.FormatFloat(x, 'g', -1, 64) + "' AS DOUBLE)"
}

func whole(cell any) int64 {
	if x := real64(cell); x != nil {
		return int64(*x)
	}
	return 0
}

func real64(cell any) *float64 {
	var x float64
	var err error
	switch v := cell.(type) {
	case nil:
		return nil
	case json.Number:
		x, err = v.Float64()
	case float64:
		x = v
	case int64:
		x = float64(v)
	case string:
		x, err = strconv.ParseFloat(v, 64)
	default:
		return nil
	}
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

func text(cell any) *string {
	if v, is := cell.(string); is {
		return &v
	}
	return nil
}
