package bigquery

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/databases"
)

// stageLife is after how long BigQuery removes a stage that was left.
const stageLife = 24 * time.Hour

// makeStage makes the table where rows are before they become part of the other.
func (w *writer) makeStage(ctx context.Context, fields []field) error {
	body, err := json.Marshal(map[string]any{
		"tableReference": w.table.stage, "schema": schema{fields}, "expirationTime": strconv.FormatInt(time.Now().Add(stageLife).UnixMilli(), 10),
	})
	if err != nil {
		return err
	}
	a, err := w.k.Do(ctx, http.MethodPost, tablesPath(w.table.stage), body)
	if err == nil && a.Status != http.StatusOK && a.Status != http.StatusConflict {
		err = w.k.fault(a)
	}
	return err
}

// merge moves the staged rows into the table by one statement, the last of those with one
// key counting.
func (w *writer) merge(ctx context.Context) error {
	defer w.clear(ctx)
	config := w.k.query(databases.Query{Text: w.statement(), Params: w.load.Scope.Params})
	config.Labels = map[string]string{rowsLabel: strconv.FormatInt(w.rows, 10)}
	// From here on it is no longer to be stopped: nobody would know what has become of it.
	j, err := w.k.run(context.WithoutCancel(ctx), w.id, config)
	if err != nil {
		if w.load.Scope.Text != "" {
			return databases.ScopeFault(err)
		}
		return err
	}
	if w.load.Told != nil && w.load.Mode == databases.MergeDelete {
		w.load.Told.Deleted, _ = strconv.ParseInt(j.Statistics.Query.DML.Deleted, 10, 64)
	}
	return nil
}

func (w *writer) statement() string {
	var keys, on, sets, names, values []string
	for _, key := range w.load.Keys {
		column := name(w.table.column(key).Name)
		keys, on = append(keys, column), append(on, "t."+column+" = s."+column)
	}
	for _, f := range w.to {
		column := name(f.Name)
		names, values = append(names, column), append(values, "s."+column)
		if !slices.Contains(keys, column) {
			sets = append(sets, column+" = s."+column)
		}
	}
	text := fmt.Sprintf("MERGE %s t USING (SELECT * FROM %s WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY %s ORDER BY %s DESC) = 1) s ON %s", quoted(w.table.at), quoted(w.table.stage), strings.Join(keys, ", "), rowColumn, strings.Join(on, " AND "))
	if len(sets) > 0 {
		text += " WHEN MATCHED THEN UPDATE SET " + strings.Join(sets, ", ")
	}
	text += " WHEN NOT MATCHED BY TARGET THEN INSERT (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")"
	if w.load.Mode != databases.MergeDelete {
		return text
	}
	if w.load.Scope.Text != "" {
		return text + " WHEN NOT MATCHED BY SOURCE AND (" + w.load.Scope.Text + "\n) THEN DELETE"
	}
	return text + " WHEN NOT MATCHED BY SOURCE THEN DELETE"
}

// clear removes the stage; what is left of it goes by itself.
func (w *writer) clear(ctx context.Context) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	_, _ = w.k.Do(ctx, http.MethodDelete, tablesPath(w.table.stage)+"/"+url.PathEscape(w.table.stage.Table), nil)
}
