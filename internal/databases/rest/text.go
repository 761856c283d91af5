package rest

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/broked/broked/internal/batch"
)

// AppendText writes a value as a text in JSON, or null. Infinities are called inf, and what
// is no number NaN.
func AppendText(to []byte, c *batch.Column, row int) []byte {
	if c.Valid != nil && !c.Valid[row] || c.Kind == batch.Text && c.Type == "" {
		return append(to, "null"...)
	}
	switch c.Kind {
	case batch.Int:
		return append(strconv.AppendInt(append(to, '"'), c.Ints[row], 10), '"')
	case batch.Float:
		return append(appendFloat(append(to, '"'), c.Floats[row]), '"')
	case batch.Bool:
		return append(strconv.AppendBool(append(to, '"'), c.Bools[row]), '"')
	case batch.Text, batch.Input:
	}
	return AppendString(to, c.Texts[row])
}

func appendFloat(to []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(to, "inf"...)
	case math.IsInf(f, -1):
		return append(to, "-inf"...)
	case f == math.Trunc(f) && math.Abs(f) < 1e15: // also for columns of whole numbers
		return strconv.AppendFloat(to, f, 'f', -1, 64)
	}
	return strconv.AppendFloat(to, f, 'g', -1, 64)
}

// AppendString writes a text in JSON.
func AppendString(to []byte, text string) []byte {
	const digits = "0123456789abcdef"
	to = append(to, '"')
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch b := text[i]; {
		case r == utf8.RuneError && size == 1:
			to = append(to, `\ufffd`...)
		case b == '"' || b == '\\':
			to = append(to, '\\', b)
		case b < ' ':
			to = append(to, '\\', 'u', '0', '0', digits[b>>4], digits[b&15])
		default:
			to = append(to, text[i:i+size]...)
		}
		i += size
	}
	return append(to, '"')
}
