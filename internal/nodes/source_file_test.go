package nodes

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestGuess(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ values, want string }{
		{"1 -2 0", "BIGINT"},
		{"999999999999999999", "BIGINT"},
		{"9999999999999999999", "VARCHAR"}, // more than a BIGINT surely holds
		{"1 1.5", "DOUBLE"},
		{"1.5 1", "DOUBLE"},
		{"0.5 -0.5 0", "DOUBLE"},
		{"1.5 123456789012345", "DOUBLE"},
		{"1.5 1234567890123456", "VARCHAR"}, // a DOUBLE would lose the last digit
		{"0.30000000000000004", "DOUBLE"},
		{"1.123456789012345678", "VARCHAR"},
		{"1.5e-07 1e+16", "DOUBLE"},
		{"12E5", "VARCHAR"}, // a code rather than a number
		{"1 01", "VARCHAR"},
		{"1.5 01.5", "VARCHAR"},
		{"+1", "VARCHAR"},
		{"-0", "DOUBLE"},
		{"1. .5", "VARCHAR"},
		{"1,5", "VARCHAR"},
		{"1_000", "VARCHAR"},
		{"0x1F", "VARCHAR"},
		{"nan inf", "VARCHAR"},
		{"true FALSE True", "BOOLEAN"},
		{"true 1", "VARCHAR"},
		{"2026-01-31", "DATE"},
		{"2026-1-31", "VARCHAR"},
		{"2026-13-01", "VARCHAR"},
		{"31.01.2026", "VARCHAR"},
		{"2026-01-31T10:00:00 2026-01-31T10:00:00.123456", "TIMESTAMP"},
		{"2026-01-31T10:00:00Z 2026-01-31T10:00:00+02:00", "TIMESTAMP WITH TIME ZONE"},
		{"2026-01-31T10:00:00Z 2026-01-31T10:00:00", "VARCHAR"},
		{"10:00", "VARCHAR"},
		{"", "VARCHAR"},
	} {
		var g guess
		for value := range strings.FieldsSeq(tc.values) {
			g.see([]byte(value))
		}
		if got := g.best("f").sql; got != tc.want {
			t.Errorf("%s: %s, want %s", tc.values, got, tc.want)
		}
	}
}

// FuzzShortNumbers checks that the quick look at a number says what the patterns say.
func FuzzShortNumbers(f *testing.F) {
	for _, s := range []string{"1", "10.5", "1.", "1..2", "0", "123456789012345", "1e5", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		short, whole := isShortNumber([]byte(s))
		if short && (!guessable[1].re.MatchString(s) || whole != guessable[0].re.MatchString(s)) {
			t.Errorf("%q: whole %v", s, whole)
		}
	})
}

// FuzzRecords checks the splitting against the standard library's, wherever that
// finds the text well formed.
func FuzzRecords(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "a\r\nb\r\n", "\"a\"\"b\",\"c\nd\"\n", "a,\n,b", "\"", "a\"b,c\n", "\"a\"b\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got [][]string
		r, cells := newRecords(strings.NewReader(s), ',', '"'), [][]byte(nil)
		for {
			var err error
			if cells, err = r.next(cells); err != nil {
				if !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
				break
			}
			var row []string
			for _, cell := range cells {
				row = append(row, string(cell))
			}
			if len(row) > 1 || row[0] != "" { // the standard library skips blank lines
				got = append(got, row)
			}
		}
		std := csv.NewReader(strings.NewReader(s))
		std.FieldsPerRecord = -1
		want, err := std.ReadAll()
		want = slices.DeleteFunc(want, func(row []string) bool { return len(row) == 1 && row[0] == "" })
		// It reads \r\n inside quotes as \n, and \r alone as text.
		if err == nil && !strings.Contains(s, "\r") && !slices.EqualFunc(want, got, slices.Equal[[]string]) {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	})
}

func TestDelimiterIsFound(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]byte{"a,b,c": ',', "a;b,c;d": ';', "a\tb": '\t', "a|b|c": '|', "abc": ',', `"a;b;c",d`: ',', "": ','} {
		if got := findDelimiter([]byte(line), '"'); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ kind, config, path string }{
		{"source_file", `{"path":"a.csv"}`, ""},
		{"source_file", `{"path":"a.csv","delimiter":"\\t","quote":"","types":{"a":"text"}}`, ""},
		{"source_file", `{}`, "path"},
		{"source_file", `{"path":"a.csv","types":{"a":"txet"}}`, "types.a"},
		{"source_file", `{"path":"a.csv","columns":["a"],"header":true}`, "columns"},
		{"source_file", `{"path":"a.csv","delimiter":"ab"}`, "delimiter"},
		{"source_file", `{"path":"a.csv","quote":"é"}`, "quote"},
		{"source_file", `{"path":"a.csv","encoding":"nope"}`, "encoding"},
		{"source_file", `{"path":"a","format":"parquet","null_strings":["x"]}`, "null_strings"},
		{"source_file", `{"path":"a","format":"parquet","encoding":"latin1"}`, "encoding"},
		{"sink_file", `{"path":"a.csv"}`, ""},
		{"sink_file", `{"path":"${param.file}"}`, ""},
		{"sink_file", `{"path":"a.json","compress":true}`, ""},
		{"sink_file", `{"path":"a"}`, "format"},
		{"sink_file", `{"path":"a.json","delimiter":";"}`, "delimiter"},
		{"sink_file", `{"path":"a.json","partition_by":["x"]}`, "partition_by"},
		{"sink_file", `{"path":"a","format":"csv","partition_by":["x"]}`, ""},
		{"sink_file", `{"path":"parts","partition_by":["x"]}`, ""},
		{"sink_file", `{"path":"a.csv","compression":"snappy"}`, "compression"},
	} {
		spec := sourceFileSpec
		if tc.kind == "sink_file" {
			spec = sinkFileSpec
		}
		_, problems := spec.Build([]byte(tc.config))
		switch {
		case tc.path == "" && len(problems) > 0:
			t.Errorf("%s: %v", tc.config, problems)
		case tc.path != "" && (len(problems) == 0 || problems[0].Path != tc.path):
			t.Errorf("%s: %v, want a problem at %s", tc.config, problems, tc.path)
		}
	}
}

// endless is a line that never ends.
type endless struct{}

func (endless) ReadByte() (byte, error) { return 'x', nil }

func TestLineWithoutEnd(t *testing.T) {
	t.Parallel()
	if _, err := newRecords(endless{}, ',', '"').next(nil); !errors.Is(err, errLongLine) {
		t.Errorf("got %v", err)
	}
	if err := looksBinary(bytes.Repeat([]byte("text "), 10), "f"); err != nil {
		t.Error(err)
	}
}
