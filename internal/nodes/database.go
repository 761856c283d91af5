package nodes

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/servers"
	"github.com/broked/broked/internal/databases/sqlite"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/outbound"
)

// database is what the database nodes ask of a database, whichever sort it is.
type database = servers.Database

// use is what a node does with a database.
type use int

// The uses.
const (
	reads use = iota
	writes
)

// dbPlace is where a setting says that a database is: by an address or by a connection.
type dbPlace struct {
	setting, uri           string
	connecting, connection string // the other setting
}

// check looks at what can be seen before a run. An address with a placeholder in it is
// looked at before the run.
func (p dbPlace) check() error {
	switch {
	case p.connection != "":
		return nil // which takes the place of an address
	case strings.TrimSpace(p.uri) == "":
		return settingFault(p.setting, "is missing: the database's address, such as sqlite:///data/shop.db, unless %s names a connection", p.connecting)
	case strings.Contains(p.uri, "${"):
		return nil
	}
	if _, err := databases.Parse(p.uri); err != nil {
		return settingFault(p.setting, "%s", fault.MessageOf(err))
	}
	return nil
}

// opened is a database that a node has opened.
type opened struct {
	kind    databases.Kind
	address databases.Address
	in      func(env node.Env) database // the way to other machines is known only when the node works
}

// address returns where the database is, with its secrets.
func (p dbPlace) address(env node.Env) (databases.Address, error) {
	if p.connection == "" {
		return databases.Parse(p.uri)
	}
	c, err := env.Connection(p.connection)
	if err != nil {
		return databases.Address{}, err
	}
	if c.Type == connection.SQLite {
		return databases.Address{Kind: databases.SQLite, Path: c.Host}, nil
	}
	_, err = servers.At(c, outbound.Exit{})
	return databases.Address{Kind: databases.Kind(c.Type), Server: c}, err
}

// open finds the database and says what the engine must let the node touch.
func (p dbPlace) open(env node.Env, how use) (opened, node.Access, error) {
	o, access, err := p.find(env, how)
	if err == nil || fault.KindOf(err) != fault.Invalid {
		return o, access, err
	}
	words := fault.Wrap(fault.Invalid, err, "%s", fault.MessageOf(err)).With(fault.CodeOf(err))
	words.Problems = []fault.Problem{{Path: p.at(), Message: words.Msg}}
	return opened{}, node.Access{}, words
}

// at is the setting that says where the database is.
func (p dbPlace) at() string {
	if p.connection != "" {
		return p.connecting
	}
	return p.setting
}

func (p dbPlace) find(env node.Env, how use) (opened, node.Access, error) {
	a, err := p.address(env)
	if err != nil {
		return opened{}, node.Access{}, err
	}
	if a.Kind != databases.SQLite {
		return opened{a.Kind, a, func(env node.Env) database {
			db, _ := servers.At(a.Server, *env.Out) // the address is of one
			return db
		}}, node.Access{Network: true}, nil
	}
	f, access, err := file(env, a, how)
	return opened{a.Kind, a, func(node.Env) database { return f }}, access, err
}

// file finds a database that is a file.
func file(env node.Env, a databases.Address, how use) (sqlite.File, node.Access, error) {
	if how == reads {
		found, err := env.Roots.Read(a.Path)
		if err != nil {
			return sqlite.File{}, node.Access{}, err
		}
		if len(found) > 1 {
			return sqlite.File{}, node.Access{}, fault.New(fault.Invalid, "names %d files, and a database is one", len(found))
		}
		return sqlite.File{Path: found[0], Temp: env.Temp}, node.Access{Databases: found}, sqlite.Check(found[0])
	}
	path, err := env.Roots.Write(a.Path)
	if err != nil {
		return sqlite.File{}, node.Access{}, err
	}
	f := sqlite.File{Path: path, Temp: env.Temp}
	access := node.Access{Databases: []string{path}}
	if _, err := os.Lstat(path); err == nil {
		if err := sqlite.Check(path); err != nil {
			return sqlite.File{}, node.Access{}, err
		}
	}
	// Another node of the run may make it first, so that the name is there in any case.
	f.Fresh = filepath.Join(filepath.Dir(path), "."+shorten(filepath.Base(path))+"."+rand.Text()[:8]+node.Leftover)
	access.Leftovers = []string{f.Fresh}
	return f, access, nil
}

// joined returns what two nodes' worth of access is together.
func joined(a, b node.Access) node.Access {
	return node.Access{Databases: append(a.Databases, b.Databases...), Leftovers: append(a.Leftovers, b.Leftovers...), Network: a.Network || b.Network}
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
