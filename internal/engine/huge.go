package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// hugeType finds the types of whole numbers for which neither Parquet nor JSON as
// DuckDB writes them has a form: they become fractions of sixteen digits there.
var hugeType = regexp.MustCompile(`\bU?HUGEINT([,)\[]|$)`)

func huge(typ string) bool { return hugeType.MatchString(typ) }

// inPlaceOf returns typ with other for such whole numbers.
func inPlaceOf(typ, other string) string { return hugeType.ReplaceAllString(typ, other+"$1") }

// recast returns the part of a SELECT that gives columns with huge numbers another
// type, and nothing when there are none.
func recast(columns []node.Column, as func(typ string) string) string {
	var casts []string
	for _, c := range columns {
		if huge(c.Type) {
			name := sqltext.Ident(c.Name)
			casts = append(casts, "CAST("+name+" AS "+as(c.Type)+") AS "+name)
		}
	}
	if casts == nil {
		return ""
	}
	return " REPLACE (" + strings.Join(casts, ", ") + ")"
}

// columnsNote is where a file with huge numbers says what columns it has.
const columnsNote = "broked_columns"

// carriedHuge returns what is written of rel, huge numbers as text, and the option of
// COPY that notes their types.
func carriedHuge(rel node.Relation) (sql, option string, err error) {
	replace := recast(rel.Columns, func(typ string) string { return inPlaceOf(typ, "VARCHAR") })
	if replace == "" {
		return rel.SQL, "", nil
	}
	note, err := json.Marshal(rel.Columns)
	if err != nil {
		return "", "", fmt.Errorf("note columns: %w", err)
	}
	return "SELECT *" + replace + " FROM (" + rel.SQL + ")", ", KV_METADATA {" + columnsNote + ": " + sqltext.Text(string(note)) + "}", nil
}

// columnsIn returns the columns of a file of write's.
func (db *database) columnsIn(ctx context.Context, path string) ([]node.Column, error) {
	file := sqltext.Text(path)
	columns, err := db.Describe(ctx, "SELECT * FROM read_parquet("+file+")")
	if err != nil {
		return nil, err
	}
	notes, err := db.Query(ctx, "SELECT decode(value) FROM parquet_kv_metadata("+file+") WHERE decode(key) = "+sqltext.Text(columnsNote), 1)
	if err != nil || len(notes.Rows) == 0 {
		return columns, err
	}
	var noted []node.Column
	text, _ := notes.Rows[0][0].(string)
	if err := json.Unmarshal([]byte(text), &noted); err != nil {
		return nil, fmt.Errorf("read noted columns: %w", err)
	}
	for i, c := range columns {
		if i < len(noted) && noted[i].Name == c.Name && inPlaceOf(noted[i].Type, "VARCHAR") == c.Type {
			columns[i] = noted[i]
		}
	}
	return columns, nil
}
