package oracle

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/batch"
)

var (
	errNumber   = errors.New("the value is no number")
	errInfinite = errors.New("the column has no infinite numbers, and none that are no numbers")
	errMoment   = errors.New("the value is no date or time of the years 1 to 9999")
	errFraction = errors.New("a DATE has no fractions of seconds: have the column be a TIMESTAMP")
	errBytes    = errors.New("the value is no bytes")
)

// value returns a value as the text from which Oracle makes it, by the formats of the
// session. An empty text is a null there.
func value(c *batch.Column, row int, column string) (any, bool, error) { //nolint:ireturn // as drivers have it
	text, err := words(c, row, column)
	return text, true, err
}

func words(c *batch.Column, row int, column string) (string, error) {
	base := baseOf(column)
	switch {
	case base == "BINARY_DOUBLE", base == "BINARY_FLOAT":
		return fraction(c, row)
	case base == "NUMBER", base == "FLOAT":
		return number(c, row)
	case base == "DATE", strings.HasPrefix(base, "TIMESTAMP"):
		return moment(c, row, base)
	case base == "RAW", base == "BLOB":
		return digits(c, row)
	}
	return plain(c, row), nil
}

// plain returns a value as a text for people.
func plain(c *batch.Column, row int) string {
	switch c.Kind {
	case batch.Int:
		return strconv.FormatInt(c.Ints[row], 10)
	case batch.Float:
		return strconv.FormatFloat(c.Floats[row], 'g', -1, 64)
	case batch.Bool:
		return strconv.FormatBool(c.Bools[row])
	case batch.Text, batch.Input:
	}
	return c.Texts[row]
}

// exact is how numbers are written, and fractions with an exponent.
var exact = regexp.MustCompile(`^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$`)

func number(c *batch.Column, row int) (string, error) {
	switch {
	case c.Kind == batch.Bool && c.Bools[row]:
		return "1", nil
	case c.Kind == batch.Bool:
		return "0", nil
	case c.Kind == batch.Float && !finite(c.Floats[row]):
		return "", errInfinite
	}
	text := plain(c, row)
	if text != "" && !exact.MatchString(text) {
		return "", errNumber
	}
	return text, nil
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// fraction is number for columns that know infinity.
func fraction(c *batch.Column, row int) (string, error) {
	if c.Kind == batch.Float {
		switch f := c.Floats[row]; {
		case math.IsNaN(f):
			return "NaN", nil
		case math.IsInf(f, 1):
			return "Inf", nil
		case math.IsInf(f, -1):
			return "-Inf", nil
		}
	}
	return number(c, row)
}

// layouts are the ways in which the engine's database writes moments.
var layouts = []string{"2006-01-02 15:04:05.999999999Z07", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02", "2006-01-02 15:04"}

const lastYear = 9999

// moment returns a time in UTC.
func moment(c *batch.Column, row int, base string) (string, error) {
	if c.Kind != batch.Text {
		return "", errMoment
	}
	text := c.Texts[row]
	if text == "" {
		return "", nil
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		t = t.UTC()
		switch {
		case t.Year() < 1 || t.Year() > lastYear:
			return "", errMoment
		case base == "DATE" && t.Nanosecond() != 0:
			return "", errFraction
		case base == "DATE":
			return t.Format("2006-01-02 15:04:05"), nil
		case strings.Contains(base, "ZONE"):
			return t.Format("2006-01-02 15:04:05.000000000") + zone(base), nil
		}
		return t.Format("2006-01-02 15:04:05.000000000"), nil
	}
	return "", errMoment
}

// zone is what stands behind a moment. One in the zone of the session, which is UTC, is
// made of a text without.
func zone(base string) string {
	if strings.Contains(base, "LOCAL") {
		return ""
	}
	return " +00:00"
}

// digits returns bytes in hexadecimal digits.
func digits(c *batch.Column, row int) (string, error) {
	if c.Kind != batch.Text || c.Type != "BLOB" {
		return "", errBytes
	}
	return c.Texts[row], nil
}
