package nodes

import (
	"context"
	"crypto/rand"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/sqlite"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// database is what the database nodes ask of a database, whichever sort it is.
type database interface {
	// Read gives the rows of a query, in order, and at least one batch.
	Read(ctx context.Context, q databases.Query, give func(batch.Batch) error) error
	// Write puts rows into a table, all or none; the first batch has the columns.
	Write(ctx context.Context, load databases.Load, rows iter.Seq2[batch.Batch, error]) (int64, error)
	// Script executes statements, all or none, and returns their number.
	Script(ctx context.Context, text string) (int, error)
}

// use is what a node does with a database.
type use int

// The uses.
const (
	reads use = iota
	writes
)

// address checks the address of a database that a setting has. One with a
// placeholder in it is looked at before the run.
func address(setting, uri, connectionSetting, connection string) error {
	switch {
	case connection != "":
		return settingFault(connectionSetting, "names a connection, and this server has none: leave it out and set %s", setting)
	case strings.TrimSpace(uri) == "":
		return settingFault(setting, "is missing: the database's address, such as sqlite:///data/shop.db")
	case strings.Contains(uri, "${"):
		return nil
	}
	if _, err := databases.Parse(uri); err != nil {
		return settingFault(setting, "%s", fault.MessageOf(err))
	}
	return nil
}

// openDatabase finds a database and says what of it the engine must let the node
// touch.
func openDatabase(env node.Env, setting, uri string, how use) (database, node.Access, error) {
	refuse := func(err error) (database, node.Access, error) {
		if fault.KindOf(err) != fault.Invalid {
			return nil, node.Access{}, err
		}
		words := fault.Wrap(fault.Invalid, err, "%s", fault.MessageOf(err)).With(fault.CodeOf(err))
		words.Problems = []fault.Problem{{Path: setting, Message: words.Msg}}
		return nil, node.Access{}, words
	}
	a, err := databases.Parse(uri)
	if err != nil {
		return refuse(err)
	}
	if how == reads {
		found, err := env.Roots.Read(a.Path)
		if err != nil {
			return refuse(err)
		}
		if len(found) > 1 {
			return refuse(fault.New(fault.Invalid, "names %d files, and a database is one", len(found)))
		}
		if err := sqlite.Check(found[0]); err != nil {
			return refuse(err)
		}
		return sqlite.File{Path: found[0], Temp: env.Temp}, node.Access{Databases: found}, nil
	}
	path, err := env.Roots.Write(a.Path)
	if err != nil {
		return refuse(err)
	}
	f := sqlite.File{Path: path, Temp: env.Temp}
	access := node.Access{Databases: []string{path}}
	if _, err := os.Lstat(path); err == nil {
		if err := sqlite.Check(path); err != nil {
			return refuse(err)
		}
	}
	// Another node of the run may make it first, so that the name is there in any case.
	f.Fresh = filepath.Join(filepath.Dir(path), "."+shorten(filepath.Base(path))+"."+rand.Text()[:8]+node.Leftover)
	access.Leftovers = []string{f.Fresh}
	return f, access, nil
}

// joined returns what two nodes' worth of access is together.
func joined(a, b node.Access) node.Access {
	return node.Access{Databases: append(a.Databases, b.Databases...), Leftovers: append(a.Leftovers, b.Leftovers...)}
}

// about is err with the setting that it is about, where it is about the whole of a
// statement and not about some row.
func about(setting string, err error) error {
	switch code := fault.CodeOf(err); {
	case err == nil, len(fault.ProblemsOf(err)) > 0:
		return err
	case fault.KindOf(err) == fault.Invalid && (code == "query_failed" || code == "invalid_request" || code == "too_large"):
		return settingFault(setting, "%s", fault.MessageOf(err))
	}
	return err
}
