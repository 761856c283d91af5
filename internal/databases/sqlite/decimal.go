package sqlite

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/batch"
)

// mostDigits is how many digits a DECIMAL has at most.
const mostDigits = 38

// decimalOf returns the DuckDB type of a column that was declared as a decimal with
// these arguments, such as 10,2), or DOUBLE when there is none of the sort.
func decimalOf(arguments string) string {
	width, scale, _ := strings.Cut(strings.TrimSuffix(arguments, ")"), ",")
	w, err := strconv.Atoi(width)
	s, errToo := strconv.Atoi(scale)
	if err != nil || errToo != nil || w < 1 || w > mostDigits || s < 1 || s > w {
		return "DOUBLE"
	}
	return fmt.Sprintf("DECIMAL(%d,%d)", w, s)
}

// decimal returns the digits of a declared decimal before and behind the point.
func (c *column) decimal() (before, behind int, is bool) {
	if !strings.HasPrefix(c.declared, "DECIMAL(") {
		return 0, 0, false
	}
	var width int
	_, _ = fmt.Sscanf(c.declared, "DECIMAL(%d,%d)", &width, &behind)
	return width - behind, behind, true
}

// appendDecimal appends a REAL of a decimal column: in the fewest digits that tell it
// from others or, when they are too many, in the fifteen that SQLite promises to keep.
func appendDecimal(to []byte, v float64, behind int) []byte {
	short := strconv.AppendFloat(nil, v, 'f', -1, 64)
	if fraction(short) > behind {
		rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 15, 64), 64)
		if again := strconv.AppendFloat(nil, rounded, 'f', -1, 64); err == nil && fraction(again) <= behind {
			short = again
		}
	}
	return append(to, short...)
}

// fraction returns how many digits there are behind the point.
func fraction(digits []byte) int {
	_, behind, _ := strings.Cut(string(digits), ".")
	return len(behind)
}

// decimals reports whether all texts are decimals as the column was declared.
func (c *column) decimals(of batch.Column) bool {
	before, behind, is := c.decimal()
	if !is {
		return false
	}
	for i, text := range of.Texts {
		if (of.Valid == nil || of.Valid[i]) && !isDecimal(text, before, behind) {
			return false
		}
	}
	return true
}

func isDecimal(text string, before, behind int) bool {
	digits := strings.TrimPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if whole == "" || point && fraction == "" || len(fraction) > behind || strings.Trim(whole+fraction, "0123456789") != "" {
		return false
	}
	return len(strings.TrimLeft(whole, "0")) <= before
}

// numbers makes numbers of the texts of a decimal column when all are such, and one
// does not fit the declaration.
func (c *column) numbers(out *batch.Column) {
	if _, _, is := c.decimal(); !is {
		return
	}
	floats, ints, whole := make([]float64, len(out.Texts)), make([]int64, len(out.Texts)), true
	for i, text := range out.Texts {
		if out.Valid != nil && !out.Valid[i] {
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || strings.Trim(text, "-+.eE0123456789") != "" {
			return
		}
		n, err := strconv.ParseInt(text, 10, 64)
		floats[i], ints[i], whole = v, n, whole && err == nil
	}
	if whole {
		out.Kind, out.Type, out.Texts, out.Ints = batch.Int, "BIGINT", nil, ints
		return
	}
	out.Kind, out.Type, out.Texts, out.Floats = batch.Float, "DOUBLE", nil, floats
}
