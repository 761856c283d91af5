package clickhouse

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases/driven"
)

// value returns a value as the driver takes it for a column of a type.
func value(c *batch.Column, row int, column string) (any, error) { //nolint:ireturn // as drivers have it
	typ, null := bare(column)
	if driven.IsNull(c, row) {
		if null {
			return nil, nil //nolint:nilnil // null
		}
		return nil, errors.New("the column takes no null")
	}
	base, numbers := split(typ)
	switch base {
	case "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Int128", "UInt128", "Int256", "UInt256":
		return whole(written(c, row), base)
	case "Float32", "Float64":
		return fraction(c, row, base)
	case "Bool":
		if b, err := strconv.ParseBool(strings.ToLower(written(c, row))); err == nil {
			return b, nil
		}
		return nil, errors.New("the value is no Bool")
	case "Decimal":
		return decimal(written(c, row), numbers)
	case "Date", "Date32", "DateTime", "DateTime64":
		return moment(written(c, row), base)
	case "String", "FixedString", "Enum8", "Enum16", "UUID", "IPv4", "IPv6":
		return words(c, row, base, numbers)
	}
	return nil, fmt.Errorf("columns of the type %s cannot be written", typ)
}

// written returns a value as text, numbers with all of their digits.
func written(c *batch.Column, row int) string {
	switch c.Kind {
	case batch.Int:
		return strconv.FormatInt(c.Ints[row], 10)
	case batch.Float:
		return strconv.FormatFloat(c.Floats[row], 'f', -1, 64)
	case batch.Bool:
		return strconv.FormatBool(c.Bools[row])
	case batch.Text, batch.Input:
	}
	return c.Texts[row]
}

// whole returns a number as the very type that the driver wants.
func whole(text, base string) (any, error) { //nolint:ireturn // of many widths
	switch text {
	case "true":
		text = "1"
	case "false":
		text = "0"
	}
	head, tail, _ := strings.Cut(text, ".")
	n, ok := new(big.Int).SetString(head, 10)
	size, _ := strconv.Atoi(strings.TrimLeft(base, "UInt"))
	least, most := new(big.Int), new(big.Int).Lsh(big.NewInt(1), uint(size))
	if !strings.HasPrefix(base, "U") {
		most.Rsh(most, 1)
		least.Neg(most)
	}
	if !ok || strings.Trim(tail, "0") != "" || n.Cmp(least) < 0 || n.Cmp(most) >= 0 {
		return nil, fmt.Errorf("the value is no %s", base)
	}
	if narrow := widths[base]; narrow != nil {
		return narrow(n), nil
	}
	return n, nil
}

// widths make numbers, which have been looked at, as wide as the driver wants them.
var widths = map[string]func(n *big.Int) any{
	"Int8": func(n *big.Int) any { return int8(n.Int64()) }, "Int16": func(n *big.Int) any { return int16(n.Int64()) },
	"Int32": func(n *big.Int) any { return int32(n.Int64()) }, "Int64": func(n *big.Int) any { return n.Int64() },
	"UInt8": func(n *big.Int) any { return uint8(n.Uint64()) }, "UInt16": func(n *big.Int) any { return uint16(n.Uint64()) },
	"UInt32": func(n *big.Int) any { return uint32(n.Uint64()) }, "UInt64": func(n *big.Int) any { return n.Uint64() },
}

func fraction(c *batch.Column, row int, base string) (any, error) { //nolint:ireturn // of two widths
	var f float64
	var err error
	if c.Kind == batch.Float {
		f = c.Floats[row]
	} else if f, err = strconv.ParseFloat(written(c, row), 64); err != nil {
		return nil, errors.New("the value is no number")
	}
	if base == "Float64" {
		return f, nil
	}
	if !math.IsInf(f, 0) && math.Abs(f) > math.MaxFloat32 {
		return nil, errors.New("the value is too large for a Float32")
	}
	return float32(f), nil
}

var number = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// decimal returns a number that fits without being cut, as the driver would.
func decimal(text string, numbers []int) (string, error) {
	if !number.MatchString(text) {
		return "", errors.New("the value is no number")
	}
	head, tail, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if len(numbers) == 2 && (len(strings.TrimLeft(head, "0")) > numbers[0]-numbers[1] || len(strings.TrimRight(tail, "0")) > numbers[1]) {
		return "", fmt.Errorf("the value has more digits than fit Decimal(%d, %d)", numbers[0], numbers[1])
	}
	return text, nil
}

// moments are the ways in which the engine's database writes them.
var moments = []string{"2006-01-02 15:04:05.999999999Z07", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02"}

// years are the first and the last of a type, which ClickHouse would put others into.
var years = map[string][2]int{"Date": {1970, 2148}, "DateTime": {1970, 2105}, "Date32": {1900, 2299}, "DateTime64": {1900, 2261}}

func moment(text, base string) (time.Time, error) {
	for _, layout := range moments {
		if t, err := time.Parse(layout, text); err == nil && t.UTC().Year() >= years[base][0] && t.UTC().Year() <= years[base][1] {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("the value is no %s of the years %d to %d", base, years[base][0], years[base][1])
}

func words(c *batch.Column, row int, base string, numbers []int) (string, error) {
	text := written(c, row)
	if c.Kind == batch.Float {
		text = strconv.FormatFloat(c.Floats[row], 'g', -1, 64)
	}
	if c.Type == "BLOB" {
		raw, err := hex.DecodeString(text)
		if err != nil {
			return "", err
		}
		text = string(raw)
	}
	switch base {
	case "FixedString":
		if len(numbers) != 1 || len(text) > numbers[0] {
			return "", fmt.Errorf("the value is longer than %d bytes", numbers[0])
		}
		text += strings.Repeat("\x00", numbers[0]-len(text))
	case "UUID":
		if _, err := uuid.Parse(text); err != nil {
			return "", errors.New("the value is no UUID")
		}
	case "IPv4", "IPv6":
		if a, err := netip.ParseAddr(text); err != nil || a.Is4() != (base == "IPv4") {
			return "", errors.New("the value is no " + base)
		}
	}
	return text, nil
}
