package databases

import (
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
)

// Kind is a sort of database, called like the type of connections to it.
type Kind string

// The sorts of databases.
const (
	SQLite   Kind = connection.SQLite // files
	Postgres Kind = connection.Postgres
	MySQL    Kind = connection.MySQL // and MariaDB
	Redshift Kind = connection.Redshift

	// These are reached by connections alone.
	Snowflake Kind = connection.Snowflake
	BigQuery  Kind = connection.BigQuery

	ClickHouse Kind = connection.ClickHouse
	MSSQL      Kind = connection.MSSQL // SQL Server
	Oracle     Kind = connection.Oracle
)

// Address is where a database is.
type Address struct {
	Kind Kind
	Path string // of a database that is a file, as a person wrote it

	// Server is where a database on a server is, as a connection without a name.
	Server connection.Connection
}

// Name is what the database is called in messages: without the account.
func (a Address) Name() string {
	if a.Kind == SQLite {
		return filepath.Base(a.Path)
	}
	return a.Server.Host + "/" + a.Server.Schema
}

// servers are the databases on servers by the schemes of their addresses.
var servers = map[string]struct {
	kind Kind
	port int
}{
	"postgres": {Postgres, 5432}, "postgresql": {Postgres, 5432}, "mysql": {MySQL, 3306}, "mariadb": {MySQL, 3306},
	"redshift":   {Redshift, 5439},
	"clickhouse": {ClickHouse, 9000},
	"oracle":     {Oracle, 1521},
	"sqlserver":  {MSSQL, 1433}, "mssql": {MSSQL, 1433},
}

// goAddress is how addresses of MySQL look to the driver and to older pipelines.
var goAddress = regexp.MustCompile(`^(?:([^:@]*)(?::(.*))?@)?tcp\(([^)]*)\)/(.*)$`)

// endings are those of files that are SQLite databases.
var endings = []string{".db", ".sqlite", ".sqlite3"}

const reachable = "what can be reached is an SQLite file, written sqlite:///path/to/file.db or file.db, PostgreSQL, written postgres://user:password@host:5432/database, MySQL, written mysql://user:password@host:3306/database, SQL Server, written sqlserver://user:password@host:1433/database, ClickHouse, written clickhouse://user:password@host:9000/database, and Oracle, written oracle://user:password@host:1521/SERVICE" //nolint:gosec // an example

// Parse reads the address of a database. What cannot be reached is an Invalid fault
// that names what can be, and repeats nothing that may be a password.
func Parse(uri string) (Address, error) {
	scheme, rest, has := strings.Cut(uri, "://")
	scheme = strings.ToLower(scheme)
	switch {
	case strings.TrimSpace(uri) == "":
		return Address{}, fault.New(fault.Invalid, "is empty: %s", reachable)
	case !has && slices.Contains(endings, strings.ToLower(filepath.Ext(uri))):
		return Address{Kind: SQLite, Path: uri}, nil
	case !has:
		return Address{}, fault.New(fault.Invalid, "is no address of a database: %s", reachable)
	case servers[scheme].port != 0:
		if m := goAddress.FindStringSubmatch(rest); m != nil {
			uri = scheme + "://" + url.UserPassword(m[1], m[2]).String() + "@" + m[3] + "/" + m[4]
		}
		return parseServer(servers[scheme].kind, servers[scheme].port, uri)
	case scheme != "sqlite":
		return Address{}, fault.New(fault.Invalid, "%.20s databases cannot be reached: %s", scheme, reachable)
	case rest == "" || strings.Trim(rest, "/") == "" || strings.Contains(rest, ":memory:"):
		return Address{}, fault.New(fault.Invalid, "names no file: %s", reachable)
	case strings.ContainsAny(rest, "?#"):
		return Address{}, fault.New(fault.Invalid, "has options behind the file's name, which are not taken: leave out the ? and what follows")
	}
	return Address{Kind: SQLite, Path: rest}, nil
}

// parseServer reads the address of a database on a server.
func parseServer(kind Kind, port int, uri string) (Address, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return Address{}, fault.New(fault.Invalid, "cannot be read: it looks like %s://user:password@host:%d/database, and in the password @ is %%40, / is %%2F and so on", kind, port)
	}
	c := connection.Connection{Type: string(kind), Host: u.Hostname(), Port: port, Schema: strings.TrimPrefix(u.Path, "/"), Options: make(map[string]any)}
	if u.User != nil {
		c.Login = u.User.Username()
		c.Password, _ = u.User.Password()
	}
	if u.Port() != "" {
		n, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil || n == 0 {
			return Address{}, fault.New(fault.Invalid, "has a port that is not from 1 to 65535")
		}
		c.Port = int(n)
	}
	lacks := ""
	switch {
	case c.Host == "":
		lacks = "host"
	case c.Login == "":
		lacks = "user"
	case c.Schema == "" || strings.Contains(c.Schema, "/"):
		lacks = "database"
	}
	if lacks != "" {
		return Address{}, fault.New(fault.Invalid, "names no %s: it looks like %s://user:password@host:%d/database", lacks, kind, port)
	}
	return Address{Kind: kind, Server: c}, options(c.Options, u.Query())
}

// options takes what stands behind the ? of an address.
func options(into map[string]any, given url.Values) error {
	for name, values := range given {
		value := values[len(values)-1]
		switch name {
		case "sslmode":
			if !slices.Contains(Modes, value) {
				return fault.New(fault.Invalid, "has an sslmode that is not one of %s", strings.Join(Modes, ", "))
			}
			into[name] = value
		case "connect_timeout", "statement_timeout":
			seconds, err := strconv.ParseFloat(value, 64)
			if err != nil || seconds < 0.001 || seconds > 86400 {
				return fault.New(fault.Invalid, "has a %s that is no number of seconds", name)
			}
			into[name] = seconds
		default:
			return fault.New(fault.Invalid, "has the option %.40q, which is not taken: there are sslmode, connect_timeout and statement_timeout", name)
		}
	}
	return nil
}
