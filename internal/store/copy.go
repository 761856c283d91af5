package store

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/sqltext"
)

// Copied is a table that was copied.
type Copied struct {
	Table string
	Rows  int
	// Hash is of all rows, in whatever order. It was the same on both sides.
	Hash string
}

// Copy copies everything from a SQLite database into a PostgreSQL that no server has
// used yet, and reads it back: all of it is there, or nothing is. What is waiting to be
// executed is executed by the first server that starts on the PostgreSQL. Nobody else
// may have the SQLite database open.
//
// A PostgreSQL that has accounts, keys, pipelines or contacts is a Conflict fault. It
// takes memory for a few rows.
func Copy(ctx context.Context, from, to *DB) ([]Copied, error) {
	if from.shared != nil || to.shared == nil {
		return nil, fault.New(fault.Invalid, "a copy goes from a SQLite database to a PostgreSQL").With("bad_copy")
	}
	source, err := from.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, border("copy", err)
	}
	defer source.Rollback()
	target, err := to.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, border("copy", err)
	}
	defer target.Rollback()
	tables, err := tablesOf(ctx, source)
	if err != nil {
		return nil, border("copy", err)
	}
	if err := to.shared.emptied(ctx, target, tables); err != nil {
		return nil, err
	}
	var all []Copied
	for _, t := range tables {
		c, err := t.copy(ctx, source, target)
		if err != nil {
			return nil, border("copy table "+t.name, err)
		}
		all = append(all, c)
	}
	return all, border("copy", target.Commit())
}

// used are tables of which none has a row before somebody has used an installation.
var used = []string{"users", "services", "pipelines", "contacts"}

// emptied removes what migrations have put into tables, the last one first.
func (s *shared) emptied(ctx context.Context, tx *sql.Tx, tables []table) error {
	if err := s.alone(ctx, tx); err != nil {
		return border("copy", err)
	}
	for _, name := range used {
		var some bool
		if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM "+name+")").Scan(&some); err != nil {
			return border("copy", err)
		}
		if some {
			return fault.New(fault.Conflict, "the database %s is in use: its table %s is not empty; give a database of its own", s.name, name).With("database_in_use")
		}
	}
	for _, t := range slices.Backward(tables) {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+t.name); err != nil { //nolint:gosec // a name from our own schema
			return border("copy", err)
		}
	}
	return nil
}

// table is a table that is copied.
type table struct {
	name    string
	columns []string
}

const (
	tableNames = `
		SELECT name
		FROM sqlite_schema
		WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%' AND name NOT LIKE 'river%' AND name NOT IN ('processes', 'run_counts')
		ORDER BY rowid`
	columnNames = `
		SELECT name
		FROM pragma_table_info(?1)
		ORDER BY cid`
	referred = `
		SELECT DISTINCT "table"
		FROM pragma_foreign_key_list(?1)`
)

// tablesOf returns the tables of a SQLite database, each behind those that it refers to.
func tablesOf(ctx context.Context, tx *sql.Tx) ([]table, error) {
	names, err := texts(ctx, tx, tableNames)
	if err != nil {
		return nil, err
	}
	var all []table
	var add func(name string) error
	add = func(name string) error {
		if slices.ContainsFunc(all, func(t table) bool { return t.name == name }) {
			return nil
		}
		before, err := texts(ctx, tx, referred, name)
		if err != nil {
			return err
		}
		for _, b := range before {
			if b == name {
				continue
			}
			if err := add(b); err != nil {
				return err
			}
		}
		t := table{name: name}
		if t.columns, err = texts(ctx, tx, columnNames, name); err == nil {
			all = append(all, t)
		}
		return err
	}
	for _, name := range names {
		if err := add(name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func texts(ctx context.Context, tx *sql.Tx, query string, args ...any) ([]string, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	return collect(rows, err, func(row *sql.Rows) (text string, err error) {
		err = row.Scan(&text)
		return text, err
	})
}

// rowsAtOnce is how many rows one statement inserts.
const rowsAtOnce = 50

// copy copies the rows of t and compares what is there afterwards.
func (t table) copy(ctx context.Context, source, target *sql.Tx) (Copied, error) {
	var waiting []any
	insert := func() error {
		if len(waiting) == 0 {
			return nil
		}
		_, err := target.ExecContext(ctx, t.insertion(len(waiting)/len(t.columns)), waiting...)
		waiting = waiting[:0]
		return err
	}
	rows, hash, err := t.each(ctx, source, func(row []any) error {
		if waiting = append(waiting, row...); len(waiting) < rowsAtOnce*len(t.columns) {
			return nil
		}
		return insert()
	})
	if err == nil {
		err = insert()
	}
	if err != nil {
		return Copied{}, err
	}
	there, same, err := t.each(ctx, target, func([]any) error { return nil })
	if err == nil && (there != rows || same != hash) {
		err = fmt.Errorf("%d rows with hash %s became %d with %s", rows, hash, there, same)
	}
	return Copied{Table: t.name, Rows: rows, Hash: hash}, err
}

func (t table) list() string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = sqltext.Ident(c)
	}
	return strings.Join(names, ", ")
}

func (t table) insertion(rows int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + t.name + " (" + t.list() + ") VALUES ")
	for n := range rows * len(t.columns) {
		switch {
		case n%len(t.columns) != 0:
			b.WriteString(", ")
		case n > 0:
			b.WriteString("), (")
		default:
			b.WriteByte('(')
		}
		b.WriteString("?" + strconv.Itoa(n+1))
	}
	b.WriteByte(')')
	return b.String()
}

// each gives every row to use, and returns how many there are and the hash of all.
func (t table) each(ctx context.Context, tx *sql.Tx, use func(row []any) error) (int, string, error) {
	rows, err := tx.QueryContext(ctx, "SELECT "+t.list()+" FROM "+t.name) //nolint:gosec // names from our own schema
	if err != nil {
		return 0, "", err
	}
	defer rows.Close()
	n, all := 0, make([]byte, sha256.Size)
	for ; rows.Next(); n++ {
		row, into := make([]any, len(t.columns)), make([]any, len(t.columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return n, "", err
		}
		// Rows have keys, so none cancels another one out.
		sum := sha256.Sum256(written(row))
		subtle.XORBytes(all, all, sum[:])
		if err := use(row); err != nil {
			return n, "", err
		}
	}
	return n, hex.EncodeToString(all), rows.Err()
}

// written returns the values of a row so that different ones are never written alike.
func written(row []any) []byte {
	var b []byte
	for _, v := range row {
		switch v := v.(type) {
		case nil:
			b = append(b, 'n')
		case int64:
			b = strconv.AppendInt(append(b, 'i'), v, 10)
		case float64:
			b = strconv.AppendUint(append(b, 'f'), math.Float64bits(v), 10)
		case []byte:
			b = append(strconv.AppendInt(append(b, 'b'), int64(len(v)), 10), ':')
			b = append(b, v...)
		default:
			text := fmt.Sprint(v)
			b = append(strconv.AppendInt(append(b, 's'), int64(len(text)), 10), ':')
			b = append(b, text...)
		}
		b = append(b, ',')
	}
	return b
}
