package databases

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/fault"
)

// Problem is an Invalid fault about a setting of a load, such as table.
func Problem(setting, format string, args ...any) error {
	words := fault.New(fault.Invalid, format, args...)
	words.Problems = []fault.Problem{{Path: setting, Message: words.Msg}}
	return words
}

// NoTable says that a database has no table of a name, and which it has.
func NoTable(database, table string, others []string) error {
	there := "there are none"
	if len(others) > 0 {
		there = "there are: " + strings.Join(others[:min(len(others), 50)], ", ")
	}
	return Problem("table", "%s has no table %q%s; %s. Set create_table to true to have it made", database, table, fault.DidYouMean(table, others), there)
}

// NoColumn says that a table has no column of a name, and which it has.
func NoColumn(table, name string, has []string) error {
	return NoColumns(table, []string{name}, has)
}

// NoColumns says that a table has none of some columns, and which it has.
func NoColumns(table string, names, has []string) error {
	what := fmt.Sprintf("column %q%s", names[0], fault.DidYouMean(names[0], has))
	if len(names) > 1 {
		quoted := make([]string, len(names))
		for i, name := range names {
			quoted[i] = strconv.Quote(name)
		}
		what = "columns " + strings.Join(quoted, ", ")
	}
	return Problem("table", "the table %s has no %s; it has: %s", table, what, strings.Join(has, ", "))
}

// ofSetting is err as one about a setting, where a person can mend it.
func ofSetting(setting, words string, err error) error {
	if err == nil || fault.KindOf(err) != fault.Invalid {
		return err
	}
	return Problem(setting, "%s%s", words, fault.MessageOf(err))
}

// NoKey says that a table cannot tell rows apart by keys, and how it could.
func NoKey(table string, keys []string, remedy string) error {
	list := strings.Join(keys, ", ")
	return Problem("key_columns", "the table %s has no unique key of %s, so that rows cannot be told apart: %s (%s)", table, list, remedy, list)
}

// Elsewhere is an error about the table for rows that are refused.
func Elsewhere(err error) error {
	if fault.KindOf(err) != fault.Invalid {
		return err
	}
	return Problem("quarantine_table", "cannot take rows that are refused: %s", fault.MessageOf(err))
}

// InScript says which statement of a script it is, from 1, that failed.
func InScript(number int, err error) error {
	if fault.KindOf(err) != fault.Invalid {
		return err
	}
	return fault.Wrap(fault.Invalid, err, "statement %d of the script: %s; nothing was written", number, fault.MessageOf(err)).With("script_failed")
}

// InLasting is InScript for databases that cannot undo the statements before.
func InLasting(number int, err error) error {
	if fault.KindOf(err) != fault.Invalid {
		return err
	}
	return fault.Wrap(fault.Invalid, err, "statement %d of the script: %s; what the statements before it did stays", number, fault.MessageOf(err)).With("script_failed")
}

// ErrDivides is about a statement of a script that would end its transaction.
var ErrDivides = fault.New(fault.Invalid, "all of the script is one transaction, which it cannot divide or undo")

// Stopped tells the end of ctx in the way in which the engine tells it.
func Stopped(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return fault.Wrap(fault.Unavailable, errors.Join(context.Cause(ctx), err), "the run was stopped").With("stopped")
	}
	return err
}
