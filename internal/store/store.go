// Package store remembers everything in one SQL database, SQLite or PostgreSQL:
// accounts, contacts, pipelines with their versions, runs and what happened in them.
// Every method is one transaction; errors of the driver end here.
//
// Statements are constants over the methods that use them, in words that both
// databases understand. Parameters are numbered (?1), truth is 0 or 1, times are
// Unix milliseconds, lists and objects are JSON. One change is made at a time, on
// PostgreSQL as well, so a method may look and then write.
package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/contacts"
	"github.com/broked/broked/internal/issues"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/triggers"
)

// Queue hands runs to workers. Package queue implements it.
type Queue interface {
	// EnqueueTx makes sure that some worker with the label will get the run once tx is
	// committed; any worker when the label is empty. Enqueueing a run that is already
	// waiting is not an error.
	EnqueueTx(ctx context.Context, tx *sql.Tx, run runs.ID, label string) error
	// ResetTx takes everything out of the queue.
	ResetTx(ctx context.Context, tx *sql.Tx) error
	// ForgetTx takes out what processes other than those that live have begun on, and
	// reports whether nothing waits.
	ForgetTx(ctx context.Context, tx *sql.Tx, live []string) (empty bool, err error)
	// Wake says that a transaction which enqueued has been committed. It is a hint
	// and does not block.
	Wake()
}

// Store remembers what the services know. It may be used by any number of
// goroutines at once.
type Store struct {
	db     *DB
	queue  Queue
	convoy convoy
}

var (
	_ auth.Store               = (*Store)(nil)
	_ auth.KeyStore            = (*Store)(nil)
	_ contacts.Store           = (*Store)(nil)
	_ contacts.AttachmentStore = (*Store)(nil)
	_ issues.Store             = (*Store)(nil)
	_ pipelines.Store          = (*Store)(nil)
	_ runs.Store               = (*Store)(nil)
	_ triggers.Store           = (*Store)(nil)
)

// New returns a store in db that puts the runs it is given into queue, which
// lives in the same database.
func New(db *DB, queue Queue) *Store {
	return &Store{db: db, queue: queue, convoy: convoy{turn: make(chan struct{}, 1)}}
}

// change runs fn in a transaction, which is committed when fn returns nil.
// Doing is what an error will say was being done.
func (s *Store) change(ctx context.Context, doing string, fn func(tx *sql.Tx) error) error {
	tx, err := s.db.write.BeginTx(ctx, nil)
	if err != nil {
		return border(doing, err)
	}
	defer tx.Rollback()
	if err := s.db.shared.alone(ctx, tx); err != nil {
		return border(doing, err)
	}
	if err := fn(tx); err != nil {
		return border(doing, err)
	}
	return border(doing, tx.Commit())
}

// view runs fn in a transaction that sees one state of the database.
func (s *Store) view(ctx context.Context, doing string, fn func(tx *sql.Tx) error) error {
	tx, err := s.db.read.BeginTx(ctx, s.db.shared.view())
	if err != nil {
		return border(doing, err)
	}
	defer tx.Rollback()
	return border(doing, fn(tx))
}

// collect scans every row by scan.
func collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// affected reports whether a statement changed a row.
func affected(r sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n > 0, err
}

// instant is a time in a column: Unix milliseconds or NULL.
type instant = sql.Null[int64]

func millis(t time.Time) int64 { return t.UnixMilli() }

func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// optional returns the time of a column that may be NULL.
func optional(i instant) *time.Time {
	if !i.Valid {
		return nil
	}
	t := moment(i.V)
	return &t
}

// column returns what optional reads.
func column(t *time.Time) instant {
	if t == nil {
		return instant{}
	}
	return instant{V: millis(*t), Valid: true}
}

// pack writes v as JSON for a column; nil becomes NULL.
func pack[T any](v *T) (sql.Null[string], error) {
	if v == nil {
		return sql.Null[string]{}, nil
	}
	b, err := json.Marshal(v)
	return sql.Null[string]{V: string(b), Valid: true}, err
}

// list writes v as a JSON list, empty rather than null.
func list[T any](v []T) (string, error) {
	b, err := jsonv2.Marshal(v)
	return string(b), err
}

// unpack reads what pack wrote.
func unpack[T any](column sql.Null[string]) (*T, error) {
	if !column.Valid {
		return nil, nil
	}
	v := new(T)
	return v, json.Unmarshal([]byte(column.V), v)
}

// lastID is above every identifier: they are lower-case hexadecimal.
const lastID = "z"

// below returns the identifier that a page begins under.
func below(p pipelines.Page) string {
	if p.After == "" {
		return lastID
	}
	return p.After
}
