package script

import (
	"bufio"
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/batch"
)

func TestFramesKeepWhatTheyCarry(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]batch.Batch{
		"numbers": {Rows: 3, Columns: []batch.Column{
			{Name: "i", Type: "BIGINT", Kind: batch.Int, Ints: []int64{math.MinInt64, 0, math.MaxInt64}},
			{Name: "f", Type: "DOUBLE", Kind: batch.Float, Floats: []float64{math.Inf(-1), math.Copysign(0, -1), 5e-324}, Valid: []bool{true, false, true}},
			{Name: "b", Type: "BOOLEAN", Kind: batch.Bool, Bools: []bool{true, false, true}},
		}},
		"hostile text": {Rows: 6, Columns: []batch.Column{
			{Name: "t", Type: "VARCHAR", Kind: batch.Text, Texts: []string{"", "'; DROP", "\n\r\"", "ü😀", strings.Repeat("x", 1<<16), "\u2028"}},
			{Name: "n", Type: "VARCHAR", Kind: batch.Text, Texts: []string{"a\x00b", "\x00", "", "\\u0000", "</script>&", "x"}, Valid: []bool{true, true, false, true, true, true}},
		}},
		"one empty text": {Rows: 1, Columns: []batch.Column{{Name: "t", Type: "VARCHAR", Kind: batch.Text, Texts: []string{""}}}},
		"no columns":     {Rows: 2, Columns: []batch.Column{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := appendFrame(nil, b)
			if err != nil {
				t.Fatal(err)
			}
			columns := make([]column, len(b.Columns))
			for i, c := range b.Columns {
				columns[i] = column{Name: c.Name, Type: c.Type, Kind: string(rune(c.Kind))}
			}
			got, err := readFrame(columns, data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(b, got); diff != "" {
				t.Error(diff)
			}
			for cut := range min(len(data), 200) {
				if _, err := readFrame(columns, data[:cut]); err == nil {
					t.Errorf("a frame cut after %d bytes is read", cut)
				}
			}
		})
	}
}

// FuzzReadFrame checks that nothing that a script writes makes the engine panic
// or gives columns that are not as long as the batch says.
func FuzzReadFrame(f *testing.F) {
	b := batch.Batch{Rows: 2, Columns: []batch.Column{
		{Kind: batch.Int, Ints: []int64{1, 2}},
		{Kind: batch.Text, Texts: []string{"a", "b"}, Valid: []bool{true, false}},
	}}
	data, err := appendFrame(nil, b)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("qs", data)
	f.Add("s", []byte("\x02\x00\x00\x00j0\x09\x00\x00\x00[\"a\",\"b\"]"))
	f.Add("bd", []byte("\xff\xff\xff\xffb1\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, kinds string, data []byte) {
		columns := make([]column, len(kinds))
		for i := range kinds {
			columns[i].Kind = kinds[i : i+1]
		}
		got, err := readFrame(columns, data)
		if err != nil {
			return
		}
		for _, c := range got.Columns {
			if n := len(c.Ints) + len(c.Floats) + len(c.Bools) + len(c.Texts); n != got.Rows || c.Valid != nil && len(c.Valid) != got.Rows {
				t.Fatalf("%d values and %d marks in a batch of %d rows", n, len(c.Valid), got.Rows)
			}
		}
	})
}

func TestLengthsAreNotBelieved(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{"too long": "F\xff\xff\xff\xff", "cut": "F\x00\x00\x00\x10abc", "no head": "F"} {
		if _, _, err := readMessage(bufio.NewReader(strings.NewReader(data)), &bytes.Buffer{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestTypesOfAResultAreNotBelieved(t *testing.T) {
	t.Parallel()
	s := Script{types: map[string]bool{"BIGINT": true, "VARCHAR[]": true}}
	for typ, good := range map[string]bool{
		"BIGINT": true, "VARCHAR[]": true, "DECIMAL(18,3)": true, "STRUCT(a BIGINT)": false, "BIGINT); DROP TABLE x; --": false, "DECIMAL(1,1) ": false,
	} {
		var columns []column
		err := s.hear('C', []byte(`[{"name":"a","type":"`+typ+`","kind":"q"}]`), &columns, func(batch.Batch) error { return nil })
		if (err == nil) != good {
			t.Errorf("%s: got %v", typ, err)
		}
	}
}
