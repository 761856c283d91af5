package mssql

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	lib "github.com/microsoft/go-mssqldb"

	"github.com/broked/broked/internal/batch"
)

// value returns a value as a column of a type takes it. A text that SQL Server cannot
// convert would end the whole transaction, so what is no value of the type is found here.
func value(c *batch.Column, row int, column string) (any, bool, error) { //nolint:ireturn // as drivers have it
	base, numbers := split(column)
	var v any
	var err error
	switch base {
	case "tinyint", "smallint", "int", "bigint":
		v, err = whole(c, row, base)
	case "bit":
		v, err = truth(c, row)
	case "real", "float":
		v, err = fraction(c, row, base, numbers)
	case "decimal", "numeric", "money", "smallmoney":
		v, err = decimal(c, row, base, numbers)
	case "date", "time", "datetime", "datetime2", "smalldatetime", "datetimeoffset":
		v, err = moment(c, row)
	case "uniqueidentifier":
		v, err = identifier(c, row)
	case "varbinary", "binary", "image":
		v, err = bytes(c, row, numbers)
	case "nvarchar", "nchar", "ntext", "varchar", "char", "text", "xml":
		v, err = words(c, row, base, numbers)
	default:
		return nil, false, nil
	}
	return v, true, err
}

var errInfinite = errors.New("the database has no infinite numbers, and none that are no numbers")

// bounds are the least and the greatest whole number of a type.
var bounds = map[string][2]int64{
	"tinyint": {0, math.MaxUint8}, "smallint": {math.MinInt16, math.MaxInt16}, "int": {math.MinInt32, math.MaxInt32}, "bigint": {math.MinInt64, math.MaxInt64},
}

func whole(c *batch.Column, row int, base string) (int64, error) {
	var n int64
	ok := true
	switch c.Kind {
	case batch.Int:
		n = c.Ints[row]
	case batch.Bool:
		if c.Bools[row] {
			n = 1
		}
	case batch.Float:
		f := c.Floats[row]
		n = int64(f)
		ok = f == math.Trunc(f) && math.Abs(f) < 1<<63
	case batch.Text, batch.Input:
		before, behind, _ := strings.Cut(c.Texts[row], ".")
		var err error
		n, err = strconv.ParseInt(before, 10, 64)
		ok = err == nil && strings.Trim(behind, "0") == ""
	}
	if within := bounds[base]; !ok || n < within[0] || n > within[1] {
		return 0, fmt.Errorf("the value is no %s", base)
	}
	return n, nil
}

func truth(c *batch.Column, row int) (bool, error) {
	switch c.Kind {
	case batch.Bool:
		return c.Bools[row], nil
	case batch.Int:
		if n := c.Ints[row]; n == 0 || n == 1 {
			return n == 1, nil
		}
	case batch.Text:
		if b, err := strconv.ParseBool(strings.ToLower(c.Texts[row])); err == nil {
			return b, nil
		}
	case batch.Float, batch.Input:
	}
	return false, errors.New("the value is no bit, which is 0 or 1")
}

// shortFloat is how many binary digits of float(n) make it a real.
const shortFloat = 24

func fraction(c *batch.Column, row int, base string, numbers []int) (float64, error) {
	var f float64
	switch c.Kind {
	case batch.Float:
		f = c.Floats[row]
	case batch.Int:
		f = float64(c.Ints[row])
	case batch.Bool:
		return 0, errors.New("the value is no number")
	case batch.Text, batch.Input:
		var err error
		if f, err = strconv.ParseFloat(c.Texts[row], 64); err != nil {
			return 0, errors.New("the value is no number")
		}
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, errInfinite
	}
	short := base == "real" || len(numbers) > 0 && numbers[0] <= shortFloat
	if short && math.Abs(f) > math.MaxFloat32 {
		return 0, errors.New("the value is too large for a real")
	}
	return f, nil
}

var number = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// decimal returns a number as a text, in which no digit of it is lost.
func decimal(c *batch.Column, row int, base string, numbers []int) (string, error) {
	text := written(c, row)
	if !number.MatchString(text) {
		return "", errors.New("the value is no number")
	}
	most := map[string]int{"money": 15, "smallmoney": 6}[base]
	if len(numbers) == 2 {
		most = numbers[0] - numbers[1]
	}
	if before, _ := digits(text); before > most && (most > 0 || base == "decimal" || base == "numeric") {
		return "", fmt.Errorf("the value has more than the %d digits before its point that fit", most)
	}
	return text, nil
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

// digits returns how many digits a number has before and behind its point.
func digits(text string) (before, behind int) {
	head, tail, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	return len(strings.TrimLeft(head, "0")), len(strings.TrimRight(tail, "0"))
}

// exact reports whether a number is one of a decimal type without being rounded, as the
// driver writes it.
func exact(text, column string) bool {
	_, numbers := split(column)
	_, behind, _ := strings.Cut(text, ".")
	return len(numbers) == 2 && len(behind) <= numbers[1]
}

// moments are the ways in which the engine's database writes them.
var moments = []string{"2006-01-02 15:04:05.999999999Z07", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02", "2006-01-02 15:04"}

// moment returns a time in UTC. One without a day is of the day that SQL Server itself
// takes for it.
func moment(c *batch.Column, row int) (time.Time, error) {
	if c.Kind == batch.Text {
		text := c.Texts[row]
		for _, layout := range moments {
			if t, err := time.Parse(layout, text); err == nil && t.UTC().Year() >= 1 && t.UTC().Year() <= 9999 {
				return t.UTC(), nil
			}
		}
		if t, err := time.Parse("2006-01-02 15:04:05.999999999", "1900-01-01 "+text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("the value is no date or time of the years 1 to 9999")
}

func identifier(c *batch.Column, row int) (lib.UniqueIdentifier, error) {
	var id lib.UniqueIdentifier
	if c.Kind != batch.Text || id.Scan(c.Texts[row]) != nil {
		return id, errors.New("the value is no uniqueidentifier")
	}
	return id, nil
}

func bytes(c *batch.Column, row int, numbers []int) ([]byte, error) {
	if c.Kind != batch.Text {
		return nil, errors.New("the value is no bytes")
	}
	raw := []byte(c.Texts[row])
	if c.Type == "BLOB" {
		var err error
		if raw, err = hex.DecodeString(c.Texts[row]); err != nil {
			return nil, err
		}
	}
	if len(numbers) > 0 && len(raw) > numbers[0] {
		return nil, fmt.Errorf("the value is longer than %d bytes", numbers[0])
	}
	return raw, nil
}

// words returns a value as text. Those of a code page are as long as the server says.
func words(c *batch.Column, row int, base string, numbers []int) (string, error) {
	text := written(c, row)
	if c.Kind == batch.Float {
		text = strconv.FormatFloat(c.Floats[row], 'g', -1, 64)
	}
	if strings.HasPrefix(base, "n") && len(numbers) > 0 && len(text) > numbers[0] && len(utf16.Encode([]rune(text))) > numbers[0] {
		return "", fmt.Errorf("the value is longer than %d characters", numbers[0])
	}
	return text, nil
}
