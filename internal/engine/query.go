package engine

import (
	"fmt"
	"strings"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// asked reports whether node i is the one whose rows a query wants.
func (r *run) asked(i int) bool {
	return r.job.Query != nil && r.job.Query.Node == r.steps[i].ID
}

// bounded returns so much of rel as a query wants.
func bounded(rel node.Relation, q job.Query) node.Relation {
	picks := []string{"*"}
	if q.Spreadsheet {
		picks = make([]string, len(rel.Columns))
		for i, c := range rel.Columns {
			if picks[i] = sqltext.Ident(c.Name); c.Type == "VARCHAR" {
				picks[i] = fmt.Sprintf("CASE WHEN left(%[1]s, 1) IN ('=', '+', '-', '@', chr(9), chr(13)) THEN '''' || %[1]s ELSE %[1]s END AS %[1]s", picks[i])
			}
		}
	}
	sql := fmt.Sprintf("SELECT %s FROM (%s) LIMIT %d", strings.Join(picks, ", "), rel.SQL, q.Rows)
	return node.Relation{Name: rel.Name, SQL: sql, Columns: rel.Columns, Rows: -1, Heavy: rel.Heavy}
}
