package databases

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/broked/broked/internal/batch"
)

// Shown returns the value of a row as people read it.
func Shown(c batch.Column, row int) string {
	switch v := value(c, row).(type) {
	case nil:
		return "null"
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return ""
}

// value returns the value of a row.
func value(c batch.Column, row int) any { //nolint:ireturn // JSON has no narrower type
	if c.Valid != nil && !c.Valid[row] {
		return nil
	}
	switch c.Kind {
	case batch.Int:
		return c.Ints[row]
	case batch.Float:
		return c.Floats[row]
	case batch.Bool:
		return c.Bools[row]
	case batch.Text:
		if c.Type == "" {
			return nil
		}
		return c.Texts[row]
	case batch.Input:
	}
	return nil
}

// RowText returns a row as a JSON object, its columns in order.
func RowText(b *batch.Batch, row int) (string, error) {
	text := []byte{'{'}
	for i, c := range b.Columns {
		if i > 0 {
			text = append(text, ',')
		}
		v := value(c, row)
		if x, is := v.(float64); is && (math.IsNaN(x) || math.IsInf(x, 0)) {
			v = Shown(c, row)
		}
		for k, part := range []any{c.Name, v} {
			raw, err := json.Marshal(part)
			if err != nil {
				return "", err
			}
			if text = append(text, raw...); k == 0 {
				text = append(text, ':')
			}
		}
	}
	return string(append(text, '}')), nil
}
