package driven

import (
	"encoding/hex"
	"errors"
	"math"

	"github.com/broked/broked/internal/batch"
)

// valueError is about a value that no database of the sort keeps.
type valueError struct {
	column string
	cause  error
}

func (e *valueError) Error() string { return e.cause.Error() }

// BadValue says of an error that it is about a value of a column.
func BadValue(column string, err error) error { return &valueError{column, err} }

func asValue(err error) (*valueError, bool) { return errors.AsType[*valueError](err) }

func isValue(err error) bool {
	_, is := asValue(err)
	return is
}

var errInfinite = errors.New("the database has no infinite numbers, and none that are no numbers")

// value returns a value as the driver takes it for a column of a type.
func (t Types) value(c *batch.Column, row int, column string) (any, error) { //nolint:ireturn // as drivers have it
	if IsNull(c, row) {
		return nil, nil //nolint:nilnil // null
	}
	if t.Write != nil {
		if v, done, err := t.Write(c, row, column); done || err != nil {
			return v, err
		}
	}
	if c.Type == "BLOB" && t.Binary(column) {
		return hex.DecodeString(c.Texts[row])
	}
	return own(c, row)
}

// own returns a value as it is.
func own(c *batch.Column, row int) (any, error) { //nolint:ireturn // as drivers have it
	switch c.Kind {
	case batch.Int:
		return c.Ints[row], nil
	case batch.Float:
		if f := c.Floats[row]; !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f, nil
		}
		return nil, errInfinite
	case batch.Bool:
		return c.Bools[row], nil
	case batch.Text, batch.Input:
	}
	return c.Texts[row], nil
}

// IsNull reports whether there is no value in a row.
func IsNull(c *batch.Column, row int) bool {
	return c.Valid != nil && !c.Valid[row] || c.Kind == batch.Text && c.Type == ""
}
