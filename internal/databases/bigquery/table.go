package bigquery

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
)

// loadJob is a job that puts rows into a table.
type loadJob struct {
	Table  reference `json:"destinationTable"`
	Format string    `json:"sourceFormat"`
	Create string    `json:"createDisposition"`
	Write  string    `json:"writeDisposition"`
	Schema any       `json:"schema,omitempty"`
}

type schema struct {
	Fields []field `json:"fields"`
}

// table is a table that rows go to.
type table struct {
	at     reference
	stage  reference
	shown  string // for people
	fields []field
	raw    json.RawMessage // the whole schema
	made   bool            // it is made by the load
}

// tableNamed reads the name of a table, perhaps with its dataset and its project in front.
func (k *session) tableNamed(written string) (*table, error) {
	parts := strings.Split(strings.ReplaceAll(written, "`", ""), ".")
	t := &table{at: reference{Project: k.project, Dataset: k.Dataset}, shown: strings.Join(parts, ".")}
	switch len(parts) {
	case 3:
		t.at.Project, parts = parts[0], parts[1:]
		fallthrough
	case 2:
		t.at.Dataset, parts = parts[0], parts[1:]
	}
	if t.at.Table = parts[0]; len(parts) != 1 || t.at.Table == "" || t.at.Dataset == "" || t.at.Project == "" {
		return nil, databases.Problem("table", "must be a name behind its dataset with a point between them, unless the connection has a dataset")
	}
	return t, nil
}

// quoted is the name of a table in SQL.
func quoted(r reference) string {
	return "`" + strings.ReplaceAll(r.Project+"."+r.Dataset+"."+r.Table, "`", "") + "`"
}

func name(column string) string { return "`" + strings.ReplaceAll(column, "`", "") + "`" }

func (t *table) column(name string) *field {
	at := slices.IndexFunc(t.fields, func(f field) bool { return strings.EqualFold(f.Name, name) })
	if at < 0 {
		return nil
	}
	return &t.fields[at]
}

func (t *table) has(name string) bool { return t.column(name) != nil }

func (t *table) lacks(names []string) error {
	has := make([]string, len(t.fields))
	for i, f := range t.fields {
		has[i] = f.Name
	}
	return databases.NoColumns(t.shown, names, has)
}

func tablesPath(r reference) string {
	return "/bigquery/v2/projects/" + url.PathEscape(r.Project) + "/datasets/" + url.PathEscape(r.Dataset) + "/tables"
}

// look finds the columns of the table; it has none when it is not there.
func (t *table) look(ctx context.Context, k *session) error {
	a, err := k.Do(ctx, http.MethodGet, tablesPath(t.at)+"/"+url.PathEscape(t.at.Table), nil)
	if err != nil {
		return err
	}
	if a.Status == http.StatusNotFound && !strings.Contains(string(a.Body), "Not found: Dataset") && !strings.Contains(string(a.Body), "Not found: Project") {
		return nil
	}
	if a.Status != http.StatusOK {
		return k.fault(a)
	}
	var found struct {
		Schema json.RawMessage `json:"schema"`
	}
	var s schema
	if err := json.Unmarshal(a.Body, &found); err != nil {
		return k.Lost(err)
	}
	t.raw = found.Schema
	if err := json.Unmarshal(found.Schema, &s); err != nil {
		return k.Lost(err)
	}
	t.fields = s.Fields
	return nil
}

func (t *table) missing(ctx context.Context, k *session) error {
	a, err := k.Do(ctx, http.MethodGet, tablesPath(t.at)+"?maxResults=200", nil)
	if err != nil {
		return err
	}
	var found struct {
		Tables []struct {
			Reference reference `json:"tableReference"`
		} `json:"tables"`
	}
	if a.Status != http.StatusOK {
		return k.fault(a)
	}
	if err := json.Unmarshal(a.Body, &found); err != nil {
		return k.Lost(err)
	}
	var names []string
	for _, one := range found.Tables {
		if !strings.HasPrefix(one.Reference.Table, "broked_") {
			names = append(names, one.Reference.Table)
		}
	}
	return databases.NoTable(t.at.Project+"."+t.at.Dataset, t.shown, names)
}

// first finds the table and makes it ready for rows of columns.
func (w *writer) first(ctx context.Context, columns []batch.Column) error {
	if err := keyed(w.load.Keys, namesOf(columns)); err != nil {
		return err
	}
	t, err := w.k.tableNamed(w.load.Table)
	if err == nil {
		err = t.look(ctx, w.k)
	}
	if err != nil {
		return err
	}
	w.table = t
	lacks := slices.ContainsFunc(columns, func(c batch.Column) bool { return !t.has(c.Name) })
	switch {
	case w.load.Create && (len(t.fields) == 0 || lacks && w.load.Mode == databases.Overwrite):
		t.made, t.fields = true, nil
		for _, c := range columns {
			t.fields = append(t.fields, declared(c.Name, c.Type))
		}
		if w.load.Mode.Merges() {
			return w.define(ctx, "CREATE TABLE IF NOT EXISTS "+quoted(t.at)+" ("+definition(t.fields, "")+")")
		}
		return nil
	case len(t.fields) == 0:
		return t.missing(ctx, w.k)
	}
	return w.widen(ctx, columns)
}

// widen adds the columns that the table lacks, where that is wanted. BigQuery does that at
// once.
func (w *writer) widen(ctx context.Context, columns []batch.Column) error {
	t := w.table
	_, added, err := w.load.Fitting(namesOf(columns), t.has, t.lacks)
	if err != nil {
		return err
	}
	if at := slices.IndexFunc(w.load.Keys, func(key string) bool { return !t.has(key) && !slices.Contains(added, key) }); at >= 0 {
		return t.lacks(w.load.Keys[at : at+1])
	}
	var more []field
	for _, c := range columns {
		if slices.Contains(added, c.Name) {
			more = append(more, declared(c.Name, c.Type))
		}
	}
	if len(more) == 0 {
		return nil
	}
	if err := w.define(ctx, "ALTER TABLE "+quoted(t.at)+" "+definition(more, "ADD COLUMN ")); err != nil {
		return err
	}
	return t.look(ctx, w.k)
}

func definition(fields []field, before string) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = before + name(f.Name) + " " + standard(f.Type)
	}
	return strings.Join(parts, ", ")
}

// define executes a statement about tables.
func (w *writer) define(ctx context.Context, text string) error {
	_, err := w.k.run(ctx, newID(), w.k.query(databases.Query{Text: text}))
	return err
}
