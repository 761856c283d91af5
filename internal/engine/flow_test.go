package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
)

// spring is a source that writes what a test says.
type spring struct {
	write func(ctx context.Context, write func(batch.Batch) error) error
}

func (s spring) Process(ctx context.Context, _ node.Env, _ node.Rows, write func(batch.Batch) error) error {
	return s.write(ctx, write)
}

func springSpec(write func(ctx context.Context, write func(batch.Batch) error) error) node.Spec {
	return node.Spec{
		Kind: "spring", Category: node.Source, Settings: node.Schema{Type: node.TypeObject},
		New: func(json.RawMessage) (node.Node, error) { return spring{write}, nil },
	}
}

// manyRows is more than a table is filled with before the rest goes to a file.
const manyRows = 130_000

// numberedRows returns n rows of all sorts from a number on, in memory of their own.
func numberedRows(from, n int) batch.Batch {
	columns := []batch.Column{
		{Name: "id", Type: "BIGINT", Kind: batch.Int},
		{Name: "text", Type: "VARCHAR", Kind: batch.Text},
		{Name: "half", Type: "DOUBLE", Kind: batch.Float},
		{Name: "even", Type: "BOOLEAN", Kind: batch.Bool},
		{Name: "price", Type: "DECIMAL(18,2)", Kind: batch.Text},
		{Name: "bytes", Type: "BLOB", Kind: batch.Text},
		{Name: "list", Type: "BIGINT[]", Kind: batch.Text},
		{Name: "huge", Type: "HUGEINT", Kind: batch.Text},
		{Name: "none", Kind: batch.Text},
	}
	for i := from; i < from+n; i++ {
		columns[0].Ints = append(columns[0].Ints, int64(i))
		columns[1].Texts, columns[1].Valid = append(columns[1].Texts, strings.Repeat("ä", i%20)), append(columns[1].Valid, i%7 != 0)
		columns[2].Floats = append(columns[2].Floats, float64(i)/2)
		columns[3].Bools = append(columns[3].Bools, i%2 == 0)
		columns[4].Texts = append(columns[4].Texts, fmt.Sprintf("%d.%02d", i, i%100))
		columns[5].Texts = append(columns[5].Texts, fmt.Sprintf("%08X", i|0x80808080))
		columns[6].Texts = append(columns[6].Texts, fmt.Sprintf("[%d,null]", i))
		columns[7].Texts = append(columns[7].Texts, fmt.Sprintf("1%018d0", i))
		columns[8].Texts, columns[8].Valid = append(columns[8].Texts, ""), append(columns[8].Valid, false)
	}
	return batch.Batch{Rows: n, Columns: columns}
}

// inBatches gives n rows in batches.
func inBatches(n int, write func(batch.Batch) error) error {
	for from := 0; from < n; from += 10_000 {
		if err := write(numberedRows(from, min(10_000, n-from))); err != nil {
			return err
		}
	}
	return nil
}

func springToCSV(t *testing.T, write func(ctx context.Context, write func(batch.Batch) error) error) (w *world, r report, lines []string) {
	t.Helper()
	w = newWorld(t, nil)
	j := w.job(`
		in spring {}
		out sink_file {"path": "out.csv"}`, "in>out")
	r = execute(t.Context(), t, j, springSpec(write))
	if r.end.Status == job.Success {
		lines = strings.Split(strings.TrimSpace(w.read("out.csv")), "\n")
	}
	return w, r, lines
}

// What is in the folder of a run are the rows of its nodes, and nothing of how they came
// there.
func leftIn(t *testing.T, w *world) (names []string) {
	t.Helper()
	files, err := os.ReadDir(w.run)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name() != "tmp" {
			names = append(names, f.Name())
		}
	}
	return names
}

func TestManyRowsFlowIntoAFile(t *testing.T) {
	t.Parallel()
	w, r, lines := springToCSV(t, func(_ context.Context, write func(batch.Batch) error) error {
		return inBatches(manyRows, write)
	})
	if r.end.Status != job.Success || *r.nodes["in"].Rows != manyRows || len(lines) != manyRows+1 {
		t.Fatalf("got %v with %d lines", r.end, len(lines))
	}
	for i, line := range lines[1:] {
		text := strings.Repeat("ä", i%20)
		switch {
		case i%7 == 0:
			text = ""
		case text == "":
			text = `""`
		}
		half := strings.TrimSuffix(fmt.Sprintf("%.1f", float64(i)/2), ".0")
		want := fmt.Sprintf(`%d,%s,%s,%t,%d.%02d,\x80\x%02X\x%02X\x%02X,"[%d,null]",1%018d0,`, i, text, half, i%2 == 0, i, i%100, i>>16&255|128, i>>8&255|128, i&255|128, i, i)
		if line != want {
			t.Fatalf("row %d is\n%s, want\n%s", i, line, want)
		}
	}
	if names := leftIn(t, w); !slices.Equal(names, []string{"in.parquet"}) {
		t.Errorf("in the folder are %v", names)
	}
}

// Columns may change after many rows as after few: the same rows are told.
func TestColumnsChangeBehindAFile(t *testing.T) {
	t.Parallel()
	texts := func(name, typ string, values ...string) batch.Column {
		return batch.Column{Name: name, Type: typ, Kind: batch.KindOf(typ), Texts: values}
	}
	for name, change := range map[string]batch.Batch{
		"no rows, and types": {Columns: []batch.Column{{Name: "id", Kind: batch.Text}, texts("none", "DATE")}},
		"a type for nulls":   {Rows: 1, Columns: []batch.Column{{Name: "id", Type: "BIGINT", Kind: batch.Int, Ints: []int64{-1}}, texts("none", "DATE", "2026-01-01")}},
		"more digits":        {Rows: 1, Columns: []batch.Column{texts("price", "DECIMAL(18,4)", "0.0001")}},
		"text":               {Rows: 1, Columns: []batch.Column{texts("bytes", "VARCHAR", "x"), texts("list", "VARCHAR", "y"), texts("id", "VARCHAR", "z")}},
		"another column":     {Rows: 1, Columns: []batch.Column{texts("new", "VARCHAR", "x")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after := func(rows int) []string {
				w, r, lines := springToCSV(t, func(_ context.Context, write func(batch.Batch) error) error {
					return errors.Join(inBatches(rows, write), write(change), inBatches(3, write))
				})
				if r.end.Status != job.Success || len(lines) != 1+rows+change.Rows+3 {
					t.Fatalf("got %v with %d lines", r.end, len(lines))
				}
				if names := leftIn(t, w); !slices.Equal(names, []string{"in.parquet"}) {
					t.Errorf("in the folder are %v", names)
				}
				return append(lines[:10], lines[1+rows:]...)
			}
			few, many := after(9), after(manyRows)
			if !slices.Equal(few, many) {
				t.Errorf("after many rows:\n%s\nafter few:\n%s", strings.Join(many, "\n"), strings.Join(few, "\n"))
			}
		})
	}
}

func TestAFlowEndsWithItsNode(t *testing.T) {
	t.Parallel()
	t.Run("that fails", func(t *testing.T) {
		t.Parallel()
		w, r, _ := springToCSV(t, func(_ context.Context, write func(batch.Batch) error) error {
			return errors.Join(inBatches(manyRows, write), errors.New("the source broke"))
		})
		if r.end.Status != job.Failed || len(leftIn(t, w)) != 0 {
			t.Errorf("got %v, left %v", r.end, leftIn(t, w))
		}
	})
	t.Run("whose rows cannot be kept", func(t *testing.T) {
		t.Parallel()
		_, r, _ := springToCSV(t, func(_ context.Context, write func(batch.Batch) error) error {
			err := inBatches(manyRows, write)
			for err == nil {
				b := numberedRows(0, 10_000)
				b.Columns[4].Texts[5000] = "no decimal"
				err = write(b)
			}
			return err
		})
		if r.end.Status != job.Failed || r.end.Error.Code != "bad_value" || !strings.Contains(r.end.Error.Message, "no decimal") {
			t.Errorf("got %v", r.end.Error)
		}
	})
	t.Run("that is stopped", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		ctx, stop := context.WithCancel(t.Context())
		r := execute(ctx, t, w.job(`in spring {}`, ""), springSpec(func(_ context.Context, write func(batch.Batch) error) error {
			err := inBatches(manyRows, write)
			stop()
			for err == nil {
				err = inBatches(10_000, write)
			}
			return err
		}))
		if r.end.Error == nil || r.end.Error.Code != "stopped" {
			t.Errorf("got %v", r.end)
		}
	})
}
