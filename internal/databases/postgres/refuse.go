package postgres

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

var (
	copyPlace = regexp.MustCompile(`^COPY .*, line (\d+)(?:, column (.+?))?(?:: |$)`)
	keyPlace  = regexp.MustCompile(`^Key \((.+?)\)=`)
)

// lineOf returns the row, from 0, that a failure of COPY is about, or -1.
func lineOf(err error) int {
	e, is := errors.AsType[*pgconn.PgError](err)
	if !is {
		return -1
	}
	for line := range strings.SplitSeq(e.Where, "\n") {
		if m := copyPlace.FindStringSubmatch(line); m != nil {
			n, _ := strconv.Atoi(m[1])
			return n - 1
		}
	}
	return -1
}

// ofRow reports whether an error is about a row and not about the database.
func ofRow(err error) bool {
	e, is := errors.AsType[*pgconn.PgError](err)
	return is && (strings.HasPrefix(e.Code, "22") || strings.HasPrefix(e.Code, "23") || e.Code == "P0001" || e.Code == "42804")
}

// blamed returns the columns that are at fault, as far as PostgreSQL names them.
func blamed(err error) []string {
	e, is := errors.AsType[*pgconn.PgError](err)
	if !is {
		return nil
	}
	if e.ColumnName != "" {
		return []string{e.ColumnName}
	}
	if m := keyPlace.FindStringSubmatch(e.Detail); m != nil {
		return strings.Split(m[1], ", ")
	}
	for line := range strings.SplitSeq(e.Where, "\n") {
		if m := copyPlace.FindStringSubmatch(line); m != nil && m[2] != "" {
			return []string{m[2]}
		}
	}
	return nil
}

// refused says which row it is that PostgreSQL does not take.
func (w *writer) refused(row int, known bool, err error) error {
	if !ofRow(err) {
		return err
	}
	where := "some row"
	if known {
		where = "row " + strconv.FormatInt(w.rows+int64(row)+1, 10)
	}
	reason := fault.MessageOf(err)
	if names := blamed(err); len(names) > 0 && !strings.Contains(reason, names[0]) {
		reason = "column " + strings.Join(names, ", ") + ": " + reason
	}
	return fault.Wrap(fault.Invalid, err, "%s cannot be written to %s: %s; nothing was written", where, w.table.shown, reason).With("row_refused")
}

// take is told that a row of a batch was refused. It returns an error when the load
// cannot go on.
func (w *writer) take(ctx context.Context, b *batch.Batch, row int, err error) error {
	r := w.load.Refusals
	one := databases.Refused(b, row, w.rows+int64(row)+1, blamed(err), fault.MessageOf(err))
	r.Add(one)
	if r.Table != "" {
		return w.putAside(ctx, b, row, one)
	}
	if w.failed == nil {
		w.failed = w.refused(row, true, err)
	}
	if r.Count == databases.MostShown {
		return w.failed
	}
	return nil
}

// putAside writes a refused row into the table for such rows.
func (w *writer) putAside(ctx context.Context, b *batch.Batch, row int, r databases.Refusal) error {
	if w.aside == "" {
		t, err := tableNamed(w.load.Refusals.Table)
		if err != nil {
			return databases.Elsewhere(err)
		}
		if err := w.c.run(ctx, "CREATE TABLE IF NOT EXISTS "+t.name+" (run_id text, node_id text, rejected_at timestamptz, row_number bigint, column_name text, reason text, \"row\" text)"); err != nil {
			return databases.Elsewhere(err)
		}
		w.aside = "INSERT INTO " + t.name + " (run_id, node_id, rejected_at, row_number, column_name, reason, \"row\") VALUES ($1, $2, $3, $4, nullif($5, ''), $6, $7)"
	}
	text, err := databases.RowText(b, row)
	if err != nil {
		return err
	}
	text = strings.ReplaceAll(text, `\u0000`, `\ufffd`)
	if err := w.c.run(ctx, w.aside, w.load.Refusals.Run, w.load.Refusals.Node, time.Now().UTC().Format(time.RFC3339Nano), strconv.FormatInt(r.Row, 10), r.Column, r.Reason, text); err != nil {
		return databases.Elsewhere(err)
	}
	return nil
}
