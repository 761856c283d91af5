package mysql

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	lib "github.com/go-sql-driver/mysql"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/driven"
)

// load puts rows into a table by LOAD DATA LOCAL. With LOCAL, MySQL makes what does not
// fit fit, leaves out what it cannot take, and only warns: then all of it is undone, and
// inserts, which are strict, find out which row it was.
func load(ctx context.Context, c *driven.Conn, t *driven.Table, rows driven.Rows) (bool, error) {
	text, ok := encode(rows)
	if !ok {
		return false, nil
	}
	if err := c.Run(ctx, "SAVEPOINT broked_rows"); err != nil {
		return false, err
	}
	name := "broked-" + rand.Text()
	lib.RegisterReaderHandler(name, func() io.Reader { return bytes.NewReader(text) })
	defer lib.DeregisterReaderHandler(name)
	err := c.Run(ctx, statement(t, rows, name))
	if e, is := errors.AsType[*lib.MySQLError](err); is && slices.Contains(notAllowed, e.Number) {
		return false, nil
	}
	return settle(ctx, c, err)
}

// settle keeps rows of which none was changed or left out, and undoes others.
func settle(ctx context.Context, c *driven.Conn, err error) (bool, error) {
	if said := say(c.At(), err); err != nil && (said == nil || !said.Row) {
		return false, err
	}
	warnings, asked := c.Query(ctx, "SHOW WARNINGS LIMIT 1")
	switch {
	case asked != nil:
		return false, asked
	case err == nil && len(warnings) == 0:
		return true, c.Run(ctx, "RELEASE SAVEPOINT broked_rows")
	}
	return false, c.Run(ctx, "ROLLBACK TO SAVEPOINT broked_rows")
}

// notAllowed is what a server says that takes no LOCAL.
var notAllowed = []uint16{1148, 3948, 4166}

// statement reads columns that text would not do for by way of variables.
func statement(t *driven.Table, rows driven.Rows, name string) string {
	fields, sets := make([]string, len(rows.Columns)), []string{}
	for i, column := range rows.Columns {
		fields[i] = quote(column)
		to, c := rows.Types[i], rows.Batch.Columns[i]
		variable := "@v" + strconv.Itoa(i)
		switch {
		case c.Type == "BLOB" && isBinary(to):
			fields[i], sets = variable, append(sets, quote(column)+" = UNHEX("+variable+")")
		case to == "bit":
			fields[i], sets = variable, append(sets, quote(column)+" = CAST("+variable+" AS UNSIGNED)")
		}
	}
	text := "LOAD DATA LOCAL INFILE 'Reader::" + name + "' INTO TABLE " + t.Quoted +
		` CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n' (` + strings.Join(fields, ", ") + ")"
	if len(sets) > 0 {
		text += " SET " + strings.Join(sets, ", ")
	}
	return text
}

// encode writes rows as LOAD DATA reads them. It reports whether it can.
func encode(rows driven.Rows) ([]byte, bool) {
	var to []byte
	for row := rows.From; row < rows.To; row++ {
		for i := range rows.Batch.Columns {
			if i > 0 {
				to = append(to, '\t')
			}
			var ok bool
			if to, ok = appendValue(to, &rows.Batch.Columns[i], row, rows.Types[i]); !ok {
				return nil, false
			}
		}
		to = append(to, '\n')
	}
	return to, true
}

func appendValue(to []byte, c *batch.Column, row int, column string) ([]byte, bool) {
	if driven.IsNull(c, row) {
		return append(to, '\\', 'N'), true
	}
	if v, done, _ := value(c, row, column); done {
		text, is := v.(string)
		return databases.Escaped(to, text, true), is
	}
	switch c.Kind {
	case batch.Int:
		return strconv.AppendInt(to, c.Ints[row], 10), true
	case batch.Float:
		f := c.Floats[row]
		return strconv.AppendFloat(to, f, 'g', -1, 64), !math.IsNaN(f) && !math.IsInf(f, 0)
	case batch.Bool:
		if c.Bools[row] {
			return append(to, '1'), true
		}
		return append(to, '0'), true
	case batch.Text, batch.Input:
	}
	return databases.Escaped(to, c.Texts[row], true), true
}
