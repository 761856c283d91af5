package driven

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// column gathers the values of one column.
type column struct {
	types Types
	name  string
	typ   string // empty for decimals whose values decide
	kind  batch.Kind

	valid  []bool
	nulls  int
	odd    bool // some value is not of the type
	ints   []int64
	floats []float64
	bools  []bool
	texts  []string
}

func newColumn(types Types, t *sql.ColumnType) *column {
	typ := types.Of(t)
	return &column{types: types, name: t.Name(), typ: typ, kind: batch.KindOf(typ)}
}

// add takes a value, the one after n others, and returns its bytes.
func (c *column) add(v any, n int) (int, error) {
	if v == nil && c.nulls == 0 {
		c.valid = make([]bool, n, n+1)
		for i := range c.valid {
			c.valid[i] = true
		}
	}
	if v == nil {
		c.nulls++
	}
	if c.nulls > 0 {
		c.valid = append(c.valid, v != nil)
	}
	switch c.kind {
	case batch.Int:
		i, ok := whole(v)
		c.ints = append(c.ints, i)
		return 8, c.misfit(ok, v)
	case batch.Float:
		f, ok := fraction(v)
		c.floats = append(c.floats, f)
		return 8, c.misfit(ok, v)
	case batch.Bool:
		b, ok := truth(v)
		c.bools = append(c.bools, b)
		return 1, c.misfit(ok, v)
	case batch.Text, batch.Input:
	}
	return c.addText(v)
}

func (c *column) misfit(ok bool, v any) error {
	if ok {
		return nil
	}
	return fmt.Errorf("column %q: %T came for %s", c.name, v, c.typ)
}

func (c *column) addText(v any) (int, error) {
	if v == nil {
		c.texts = append(c.texts, "")
		return 0, nil
	}
	var text string
	known := false
	if c.types.Read != nil {
		var fits bool
		if text, fits, known = c.types.Read(v, c.typ); known && !fits {
			c.odd = true
		}
	}
	if !known {
		var err error
		if text, err = Plain(v, c.typ); err != nil {
			return 0, fault.Wrap(fault.Invalid, err, "column %q has a value that cannot be read", c.name).With("bad_value")
		}
	}
	c.texts = append(c.texts, text)
	return len(text), nil
}

// take returns the n values and begins anew.
func (c *column) take(n int) batch.Column {
	out := batch.Column{Name: c.name, Type: c.typ, Kind: c.kind, Ints: c.ints, Floats: c.floats, Bools: c.bools, Texts: c.texts}
	if c.nulls > 0 {
		out.Valid = c.valid
	}
	switch {
	case c.odd:
		out.Type = "VARCHAR"
	case c.typ == "" && n == 0:
		out.Type, out.Kind = "DOUBLE", batch.Float
	case c.typ == "":
		out.Type = databases.DecimalType(c.texts, out.Valid)
	}
	*c = column{types: c.types, name: c.name, typ: c.typ, kind: c.kind}
	return out
}

func whole(v any) (int64, bool) {
	switch v := v.(type) {
	case nil:
		return 0, true
	case int64:
		return v, true
	case float64:
		return int64(v), v == math.Trunc(v)
	case []byte:
		i, err := strconv.ParseInt(string(v), 10, 64)
		return i, err == nil
	case string:
		i, err := strconv.ParseInt(v, 10, 64)
		return i, err == nil
	}
	switch n := reflect.ValueOf(v); { // other widths, which few drivers give
	case n.CanInt():
		return n.Int(), true
	case n.CanUint():
		u := n.Uint()
		return int64(u), u <= math.MaxInt64 //nolint:gosec // looked at
	}
	return 0, false
}

func fraction(v any) (float64, bool) {
	switch v := v.(type) {
	case nil:
		return 0, true
	case float64:
		return v, true
	case float32:
		return float64(v), true
	case []byte:
		f, err := strconv.ParseFloat(string(v), 64)
		return f, err == nil
	case string:
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil
	}
	i, ok := whole(v)
	return float64(i), ok
}

func truth(v any) (bool, bool) {
	switch v := v.(type) {
	case nil:
		return false, true
	case bool:
		return v, true
	}
	i, ok := whole(v)
	return i != 0, ok
}

// Plain returns a value that a driver gives as text in the way in which batches carry
// a type: bytes in hexadecimal digits, moments as the engine's database writes them, in
// UTC, and what has parts as JSON.
func Plain(v any, typ string) (string, error) {
	switch v := v.(type) {
	case []byte:
		if typ == "BLOB" {
			return hex.EncodeToString(v), nil
		}
		return string(v), nil
	case string:
		if typ == "BLOB" {
			return hex.EncodeToString([]byte(v)), nil
		}
		return v, nil
	case time.Time:
		return Moment(v, typ), nil
	case bool:
		return strconv.FormatBool(v), nil
	case float32:
		return strconv.FormatFloat(float64(v), 'g', -1, 32), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case uint64:
		return strconv.FormatUint(v, 10), nil
	case fmt.Stringer:
		return v.String(), nil
	}
	if i, ok := whole(v); ok {
		return strconv.FormatInt(i, 10), nil
	}
	raw, err := json.Marshal(v)
	return string(raw), err
}

// Moment writes a moment as the engine's database does.
func Moment(v time.Time, typ string) string {
	switch {
	case typ == "DATE":
		return v.Format("2006-01-02")
	case typ == "TIME":
		return v.Format("15:04:05.999999")
	case strings.HasSuffix(typ, "ZONE"):
		return v.UTC().Format("2006-01-02 15:04:05.999999") + "+00"
	case typ == "TIMESTAMP_NS":
		return v.Format("2006-01-02 15:04:05.999999999")
	}
	return v.Format("2006-01-02 15:04:05.999999")
}
