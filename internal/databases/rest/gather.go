package rest

import (
	"errors"
	"strconv"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
)

// Column is a column of a result.
type Column struct {
	Name string
	Type string // of DuckDB; empty for decimals whose values decide
}

// A batch has at most so many rows, and ends after so many bytes.
const (
	batchRows  = 10_000
	batchBytes = 4 << 20
)

// Gather makes batches of texts.
type Gather struct {
	columns []Column
	most    int
	give    func(batch.Batch) error

	batch batch.Batch
	size  int
	given bool
}

// NewGather returns a Gather that gives batches of at most so many rows; 0 leaves it to it.
func NewGather(columns []Column, most int, give func(batch.Batch) error) *Gather {
	if most <= 0 {
		most = batchRows
	}
	g := &Gather{columns: columns, most: most, give: give}
	g.begin()
	return g
}

func (g *Gather) begin() {
	g.size, g.batch = 0, batch.Batch{Columns: make([]batch.Column, len(g.columns))}
	for i, c := range g.columns {
		g.batch.Columns[i] = batch.Column{Name: c.Name, Type: c.Type, Kind: batch.KindOf(c.Type)}
	}
}

// Row takes a row, nil being null. Texts are as batches carry them.
func (g *Gather) Row(values []*string) error {
	if len(values) != len(g.columns) {
		return errors.New("a row does not have the columns of its result")
	}
	for i, v := range values {
		if err := add(&g.batch.Columns[i], v, g.batch.Rows); err != nil {
			return err
		}
		if v != nil {
			g.size += len(*v)
		}
	}
	if g.batch.Rows++; g.batch.Rows >= g.most || g.size >= batchBytes {
		return g.flush()
	}
	return nil
}

func add(c *batch.Column, v *string, n int) error {
	if v == nil && c.Valid == nil {
		c.Valid = make([]bool, n)
		for i := range c.Valid {
			c.Valid[i] = true
		}
	}
	if c.Valid != nil {
		c.Valid = append(c.Valid, v != nil)
	}
	text := "0" // in the place of null
	if v != nil {
		text = *v
	}
	var err error
	switch c.Kind {
	case batch.Int:
		var i int64
		i, err = strconv.ParseInt(text, 10, 64)
		c.Ints = append(c.Ints, i)
	case batch.Float:
		var f float64
		f, err = strconv.ParseFloat(text, 64)
		c.Floats = append(c.Floats, f)
	case batch.Bool:
		c.Bools = append(c.Bools, text == "true" || text == "1")
	case batch.Text, batch.Input:
		c.Texts = append(c.Texts, text)
	}
	return err
}

// End gives what is left; there is at least one batch, which says what columns there are.
func (g *Gather) End() error {
	if g.batch.Rows > 0 || !g.given {
		return g.flush()
	}
	return nil
}

func (g *Gather) flush() error {
	for i := range g.batch.Columns {
		c := &g.batch.Columns[i]
		if c.Type != "" {
			continue
		}
		if g.batch.Rows == 0 {
			c.Type, c.Kind = "DOUBLE", batch.Float
			continue
		}
		c.Type = databases.DecimalType(c.Texts, c.Valid)
	}
	b := g.batch
	g.given = true
	g.begin()
	return g.give(b)
}
