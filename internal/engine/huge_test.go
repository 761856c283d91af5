package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
)

// TestParquetOfHugeNumbersIsTold sees that nobody loses digits without a word.
func TestParquetOfHugeNumbersIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"in.csv": "a\n1\n"})
	r := execute(t.Context(), t, w.job(`
		in source_file {"path": "in.csv"}
		big sql {"query": "SELECT 12345678901234567890123::HUGEINT AS h, a FROM \"in\""}
		out sink_file {"path": "out.parquet"}`, "in>big big>out"))
	if r.end.Status != job.Success || !slices.ContainsFunc(r.messages, func(m job.Message) bool {
		return m.Level == node.Warning && m.Node == "out" && strings.HasPrefix(m.Message, "column h is written as fractions")
	}) {
		t.Errorf("%+v %+v", r.end.Error, r.messages)
	}
}
