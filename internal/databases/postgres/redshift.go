package postgres

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/sqltext"
)

// RedshiftPort is where Redshift listens.
const RedshiftPort = 5439

// Types that only Redshift has.
const (
	superOID   = 4000
	varbyteOID = 6551
)

// redshift reports whether the server is one that lacks COPY from the client, savepoints,
// advisory locks, ON CONFLICT, and keys that are enforced.
func (s Server) redshift() bool { return s.At.Type == connection.Redshift }

func (c *conn) redshift() bool { return c.at.Type == connection.Redshift }

// lean takes out of a configuration what Redshift does not know while connecting, and
// returns what is to be said afterwards in its place.
func lean(config *pgx.ConnConfig) []string {
	after := []string{"SET datestyle TO 'ISO, YMD'", "SET timezone TO 'UTC'", "SET extra_float_digits TO 2"}
	if limit := config.RuntimeParams["statement_timeout"]; limit != "" {
		delete(config.RuntimeParams, "statement_timeout")
		after = append(after, "SET statement_timeout TO "+limit)
	}
	config.RuntimeParams["client_encoding"] = "UTF8"
	return after
}

var errTruncates = fault.New(fault.Invalid, "TRUNCATE commits at once in Redshift, and all of the script is one transaction: use DELETE FROM")

// addPlain takes a value that came as text.
func (c *column) addPlain(text string) error {
	var err error
	switch c.kind {
	case batch.Int:
		var v int64
		if text != "" {
			v, err = strconv.ParseInt(text, 10, 64)
		}
		c.ints = append(c.ints, v)
	case batch.Float:
		var v float64
		if text != "" {
			v, err = strconv.ParseFloat(text, 64)
		}
		c.floats = append(c.floats, v)
	case batch.Bool:
		c.bools = append(c.bools, strings.HasPrefix(text, "t"))
	case batch.Text, batch.Input:
	}
	if errors.Is(err, strconv.ErrRange) { // the infinity that was parsed is the nearest there is
		return nil
	}
	return err
}

// leanColumns are the columns of a table: what a PostgreSQL 8 can tell, which Redshift is.
const leanColumns = `
	SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid
	FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relname = $1 AND `

// lookLean finds the columns of the table; it has none when it is not there. Redshift has
// names in small letters, unless it is told otherwise.
func (t *table) lookLean(ctx context.Context, c *conn) error {
	parts := strings.Split(t.shown, ".")
	where, params := "pg_table_is_visible(c.oid)", []string{parts[len(parts)-1]}
	if len(parts) == 2 {
		where, params = "n.nspname = $2", append(params, parts[0])
	}
	var rows [][]string
	for _, fold := range []func(string) string{func(s string) string { return s }, strings.ToLower} {
		for i := range params {
			params[i] = fold(params[i])
		}
		var err error
		rows, err = c.lines(ctx, leanColumns+where+" AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum", params...)
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			break
		}
	}
	t.types, t.oids, t.names = make(map[string]string, len(rows)), make(map[string]uint32, len(rows)), nil
	for _, row := range rows {
		oid, err := strconv.ParseUint(row[2], 10, 32)
		if err != nil {
			return err
		}
		t.types[row[0]], t.oids[row[0]], t.names = row[1], uint32(oid), append(t.names, row[0])
	}
	return nil
}

// spelled returns the name of a column as the table has it, empty when there is none.
func (t *table) spelled(name string) string {
	if t.has(name) {
		return name
	}
	if at := slices.IndexFunc(t.names, func(n string) bool { return strings.EqualFold(n, name) }); at >= 0 {
		return t.names[at]
	}
	return ""
}

// readyLean makes the table ready for rows of columns.
func (t *table) readyLean(ctx context.Context, c *conn, load databases.Load, columns []batch.Column) error {
	if err := t.lookLean(ctx, c); err != nil {
		return err
	}
	lacks := slices.ContainsFunc(columns, func(col batch.Column) bool { return t.spelled(col.Name) == "" })
	switch {
	case load.Create && (len(t.names) == 0 || lacks && load.Mode == databases.Overwrite):
		return t.createLean(ctx, c, load, columns)
	case len(t.names) == 0:
		return t.missing(ctx, c)
	}
	if at := slices.IndexFunc(load.Keys, func(key string) bool { return t.spelled(key) == "" }); at >= 0 {
		return t.lacks(load.Keys[at : at+1])
	}
	untold := load
	untold.Told = nil
	if _, _, err := untold.Fitting(namesOf(columns), func(name string) bool { return t.spelled(name) != "" }, t.lacks); err != nil {
		return err
	}
	if load.Empties() { // TRUNCATE would commit
		return c.run(ctx, "DELETE FROM "+t.name)
	}
	return nil
}

// fitLean returns the names of those columns that go into the table, after it was given
// those that it is to have, one by one.
func (t *table) fitLean(ctx context.Context, c *conn, load databases.Load, columns []batch.Column) ([]string, error) {
	fitting, added, err := load.Fitting(namesOf(columns), func(name string) bool { return t.spelled(name) != "" }, t.lacks)
	if err != nil || len(added) == 0 {
		return fitting, err
	}
	for _, col := range columns {
		if !slices.Contains(added, col.Name) {
			continue
		}
		if err := c.run(ctx, "ALTER TABLE "+t.name+" ADD COLUMN "+sqltext.Ident(col.Name)+" "+declaredLean(col.Type, load.Widening)); err != nil {
			return nil, err
		}
	}
	return fitting, t.lookLean(ctx, c)
}

// createLean makes the table, in place of one that is there.
func (t *table) createLean(ctx context.Context, c *conn, load databases.Load, columns []batch.Column) error {
	var parts []string
	for _, col := range columns {
		parts = append(parts, sqltext.Ident(col.Name)+" "+declaredLean(col.Type, load.Widening))
	}
	if load.Mode.Merges() { // it helps the planner, and this load sees to it
		parts = append(parts, "UNIQUE ("+sqltext.Idents(load.Keys)+")")
	}
	if len(t.names) > 0 {
		if err := c.run(ctx, "DROP TABLE "+t.name); err != nil {
			return err
		}
	}
	if err := c.run(ctx, "CREATE TABLE "+t.name+" ("+strings.Join(parts, ", ")+")"); err != nil {
		return err
	}
	return t.lookLean(ctx, c)
}

// leanTypes are those of Redshift that are called otherwise than PostgreSQL's.
var leanTypes = map[string]string{
	"BLOB": "varbyte", "UUID": "varchar(36)", "JSON": "super", "INTERVAL": "varchar(100)",
	"HUGEINT": "numeric(38,0)", "UHUGEINT": "numeric(38,0)", "BIGNUM": "varchar(65535)",
}

// declaredLean returns the type that a column of a DuckDB type is made with. Text is as
// long as Redshift has it.
func declaredLean(typ string, widening bool) string {
	own, is := leanTypes[typ]
	switch {
	case is:
		return own
	case strings.HasSuffix(typ, "]"), strings.HasPrefix(typ, "STRUCT"), strings.HasPrefix(typ, "MAP"):
		return "super"
	case strings.HasPrefix(typ, "DECIMAL") && widening:
		return "numeric(38,18)"
	}
	if declared := declaredAs(typ, widening); declared != "text" {
		return declared
	}
	return "varchar(65535)"
}
