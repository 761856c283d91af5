package snowflake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/sqltext"
)

// commit lets the staged rows become part of the table, by one request. From there on it is
// no longer to be stopped: nobody would know what has become of it.
func (w *writer) commit(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if w.anew {
		if done, err := w.replace(ctx); err != nil || done {
			return err
		}
	}
	statements, pruning, err := w.statements()
	if err != nil {
		return err
	}
	r, err := w.k.execute(ctx, together(statements))
	if err != nil {
		return w.unknown(ofScope(w.load, w.stale(err)))
	}
	if pruning < 0 || w.load.Told == nil || pruning >= len(r.Handles) {
		return nil
	}
	if r, err := w.k.finishOf(ctx, r.Handles[pruning]); err == nil { // the rows are committed in any case
		w.load.Told.Deleted = r.number()
	}
	return nil
}

// replace makes the table that is to be made. One that takes the place of another has its
// rows from the beginning, and others see the one or the other.
func (w *writer) replace(ctx context.Context) (done bool, err error) {
	t := w.table
	if w.load.Mode != databases.Overwrite {
		_, err := w.k.execute(ctx, statement{text: "CREATE TABLE IF NOT EXISTS " + t.quoted() + " (" + definitions(t.columns) + ")"})
		return false, err
	}
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	text := "CREATE OR REPLACE TABLE " + t.quoted() + " COPY GRANTS AS SELECT " + sqltext.Idents(names) + " FROM " + sqltext.Ident(w.stage)
	if w.load.Attempt.Held != nil {
		text += " WHERE 1 = 1 / IFF((SELECT MAX(STAGE) FROM " + attemptsTable + " WHERE ATTEMPT = " + literal(w.name()) + ") = " + literal(w.stage) + ", 1, 0)"
	}
	if _, err := w.k.execute(ctx, statement{text: text}); err != nil {
		return true, w.unknown(w.stale(err))
	}
	if !w.load.Once { // made again, the table is the same
		return true, nil
	}
	_, err = w.k.execute(ctx, statement{text: w.note()})
	return true, databases.OnceFault(err)
}

// stale says of a commit that failed whether a newer attempt has begun.
func (w *writer) stale(err error) error {
	if w.load.Attempt.Held != nil && strings.Contains(strings.ToLower(fault.MessageOf(err)), "division by zero") {
		return fault.Wrap(fault.Stale, err, "another attempt at the same load has begun").With("stale")
	}
	return err
}

// unknown says of a commit that failed for want of an answer that nobody knows about it.
func (w *writer) unknown(err error) error {
	if fault.IsTransient(err) && fault.CodeOf(err) != "database_locked" {
		return fault.Wrap(fault.Unavailable, err, "%s did not say whether the rows were committed: look before you run this again (%s)", w.k.name(), fault.MessageOf(err)).With("commit_unknown")
	}
	return err
}

// statements are those of the transaction, and which of them tells how many rows went, or -1.
func (w *writer) statements() (all []string, pruning int, err error) {
	t, stage, pruning := w.table.quoted(), sqltext.Ident(w.stage), -1
	all = []string{"BEGIN TRANSACTION"}
	if w.load.Attempt.Held != nil {
		all = append(all, "UPDATE "+attemptsTable+" SET CHECKED = 1 / IFF(STAGE = "+literal(w.stage)+", 1, 0) WHERE ATTEMPT = "+literal(w.name()))
	}
	if w.load.Empties() {
		all = append(all, "DELETE FROM "+t)
	}
	names := sqltext.Idents(w.every)
	if w.load.Mode.Merges() {
		all = append(all, w.merge())
	} else {
		all = append(all, "INSERT INTO "+t+" ("+names+") SELECT "+names+" FROM "+stage)
	}
	if w.load.Mode == databases.MergeDelete {
		text := "DELETE FROM " + t + " WHERE NOT EXISTS (SELECT 1 FROM " + stage + " s WHERE " + w.matching("s", t) + ")"
		if w.load.Scope.Text != "" {
			scope, err := inlined(w.load.Scope)
			if err != nil {
				return nil, -1, databases.ScopeFault(err)
			}
			text += " AND (" + scope + "\n)"
		}
		pruning, all = len(all), append(all, text)
	}
	if w.load.Once {
		all = append(all, w.note())
	}
	return append(all, "COMMIT"), pruning, nil
}

func (w *writer) note() string {
	return "INSERT INTO " + strings.ToUpper(databases.LoadsTable) + " (LOAD, WRITTEN, COMMITTED_AT) SELECT " + literal(w.name()) + ", " + strconv.FormatInt(w.rows, 10) + ", SYSDATE()"
}

func (w *writer) keys() []string {
	keys := make([]string, len(w.load.Keys))
	for i, key := range w.load.Keys {
		keys[i] = w.table.column(key).name
	}
	return keys
}

func (w *writer) matching(a, b string) string {
	keys := w.keys()
	for i, key := range keys {
		keys[i] = a + "." + sqltext.Ident(key) + " = " + b + "." + sqltext.Ident(key)
	}
	return strings.Join(keys, " AND ")
}

// merge moves the staged rows into the table, the last of those with one key counting.
func (w *writer) merge() string {
	keys, names := w.keys(), sqltext.Idents(w.every)
	var sets, values []string
	for _, name := range w.every {
		values = append(values, "s."+sqltext.Ident(name))
		if !slices.Contains(keys, name) {
			sets = append(sets, "t."+sqltext.Ident(name)+" = s."+sqltext.Ident(name))
		}
	}
	text := "MERGE INTO " + w.table.quoted() + " t USING (SELECT " + names + " FROM " + sqltext.Ident(w.stage) + " QUALIFY ROW_NUMBER() OVER (PARTITION BY " + sqltext.Idents(keys) + " ORDER BY " + rowColumn + " DESC) = 1) s ON " + w.matching("t", "s")
	if len(sets) > 0 {
		text += " WHEN MATCHED THEN UPDATE SET " + strings.Join(sets, ", ")
	}
	return text + " WHEN NOT MATCHED THEN INSERT (" + names + ") VALUES (" + strings.Join(values, ", ") + ")"
}

// literal writes a text as Snowflake reads it.
func literal(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(text) + "'"
}

// inlined returns a condition with its parameters in it, because Snowflake takes none beside
// several statements.
func inlined(q databases.Query) (string, error) {
	var out strings.Builder
	next, text := 0, q.Text
	for at := 0; at < len(text); at++ {
		switch c := text[at]; {
		case c == '\'' || c == '"':
			end := closing(text, at)
			out.WriteString(text[at : end+1])
			at = end
		case c == '?' && next >= len(q.Params):
			return "", errors.New("it has more places than values")
		case c == '?':
			value, err := valueOf(q.Params[next])
			if err != nil {
				return "", err
			}
			out.WriteString(value)
			next++
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), nil
}

// closing returns where the text or name ends that begins at a quote.
func closing(text string, at int) int {
	end := at + 1
	for ; end < len(text) && text[end] != text[at]; end++ {
		if text[at] == '\'' && text[end] == '\\' {
			end++
		}
	}
	return min(end, len(text)-1)
}

func valueOf(p any) (string, error) {
	switch v := p.(type) {
	case nil:
		return "NULL", nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case string:
		return literal(v), nil
	}
	return "", fmt.Errorf("a %T cannot be part of a statement", p)
}
