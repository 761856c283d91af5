package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

const (
	// previewTime bounds a preview of rows that are not the result of a statement
	// and have to be computed for it alone.
	previewTime = 2 * time.Second
	// cellLength is how many characters of a value are shown.
	cellLength = 1000
)

// preview returns the first rows of rel as they are to be shown.
func (db *database) preview(ctx context.Context, rel node.Relation, limits job.Limits) (*job.Sample, error) {
	ctx, cancel := context.WithTimeout(ctx, previewTime)
	defer cancel()
	picks := make([]string, len(rel.Columns))
	for i, c := range rel.Columns {
		picks[i] = shown(c) + " AS " + sqltext.Ident(c.Name)
	}
	query := fmt.Sprintf("SELECT %s FROM (%s)", strings.Join(picks, ", "), rel.SQL)
	if rel.SameRows || rel.Rows <= 0 || rel.Rows > int64(limits.PreviewRows) {
		query += fmt.Sprintf(" LIMIT %d", limits.PreviewRows+1) // which takes longer than to read a few rows
	}
	table, err := db.Query(ctx, query, limits.PreviewRows+1)
	if err != nil {
		return nil, err
	}
	sample := &job.Sample{Columns: rel.Columns, Rows: [][]any{}}
	size := 0
	for i, row := range table.Rows {
		for k := range row {
			row[k] = plain(row[k])
		}
		line, err := json.Marshal(row)
		if err != nil {
			return nil, fmt.Errorf("preview: %w", err)
		}
		if size += len(line); i >= limits.PreviewRows || size > limits.PreviewBytes {
			sample.Truncated = true
			break
		}
		sample.Rows = append(sample.Rows, row)
	}
	return sample, nil
}

// shown returns the expression that shows a column: numbers and booleans as they
// are, nested values as JSON, everything else as text that is not too long.
func shown(c node.Column) string {
	name := sqltext.Ident(c.Name)
	switch c.Type {
	case "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "FLOAT", "DOUBLE":
		return name
	}
	text := "CAST(" + name + " AS VARCHAR)"
	if strings.HasSuffix(c.Type, "]") || strings.HasPrefix(c.Type, "STRUCT") || strings.HasPrefix(c.Type, "MAP") {
		text = "CAST(to_json(" + name + ") AS VARCHAR)"
	}
	return fmt.Sprintf("CASE WHEN length(%[1]s) > %[2]d THEN left(%[1]s, %[2]d) || '…' ELSE %[1]s END", text, cellLength)
}

// exact is the largest whole number up to which JavaScript keeps every one.
const exact = 1 << 53

// plain makes a value fit for JSON and for JavaScript.
func plain(v any) any { //nolint:ireturn // a cell is anything
	switch v := v.(type) {
	case int64:
		if v > exact || v < -exact {
			return strconv.FormatInt(v, 10)
		}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) > exact {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
	case float32:
		return plain(float64(v))
	}
	return v
}
