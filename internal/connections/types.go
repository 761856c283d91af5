package connections

import (
	"slices"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/clickhouse"
	"github.com/broked/broked/internal/databases/mssql"
	"github.com/broked/broked/internal/databases/mysql"
	"github.com/broked/broked/internal/databases/oracle"
	"github.com/broked/broked/internal/databases/postgres"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// Type describes a sort of connection: everything that the form, the checks and the
// documentation need to know.
type Type struct {
	Type     string   `json:"type"`
	Label    string   `json:"label"`
	Category string   `json:"category" enum:"database,storage,api,other"`
	Summary  string   `json:"description" doc:"One sentence"`
	Fields   []string `json:"fields" nullable:"false" doc:"Which of host, port, schema, login, password and extra it has"`
	Hints    Hints    `json:"hints,omitempty" doc:"What its fields mean, by their names"`
	Presets  []Preset `json:"presets,omitempty" doc:"Systems of one sort, each with what it wants to be set"`
	Labels   Hints    `json:"labels,omitempty" doc:"What its fields are called, where that is something else than usual"`
	Untried  bool     `json:"untried,omitempty" doc:"No real server of this sort could be had: what is sent and understood is tested without one"`
	// Options are the settings that it has besides. They are shown.
	Options node.Schema `json:"-"`
	// Secret are settings that are given in extra, and shown to nobody.
	Secret node.Schema `json:"-"`

	required []string // of Fields
	port     int      // when none is given
}

// Preset is what connections to systems of one sort have in common.
type Preset struct {
	Name    string         `json:"name"`
	Label   string         `json:"label"`
	Summary string         `json:"description" doc:"One sentence"`
	Hints   Hints          `json:"hints,omitempty" doc:"In place of those of the type"`
	Options map[string]any `json:"options" doc:"What the options begin with"`
}

// Hints are words about fields, by the names of these.
type Hints map[string]string

const (
	host     = "host"
	port     = "port"
	schema   = "schema"
	login    = "login"
	password = "password"
	extra    = "extra"
)

// object is a schema of named settings, all of which may be left out.
func object(fields ...node.Field) node.Schema {
	return node.Schema{Type: node.TypeObject, Fields: fields}
}

// types are those that are offered: each of them is used by a node, or by names in settings.
var types = slices.Concat(coreTypes, warehouseTypes, storageTypes, messageTypes)

var coreTypes = []Type{
	{
		Type: connection.Postgres, Label: "PostgreSQL", Category: "database", Summary: "A PostgreSQL database, or one that speaks as it does.",
		Fields:  []string{host, port, schema, login, password, extra},
		Hints:   Hints{host: "db.example.com", port: "5432 when left out", schema: "The database; that of the login's name when left out", extra: `A JSON object: {"client_key": "PEM"}`},
		Options: serverOptions(node.Field{Name: "application_name", Schema: node.Schema{Type: node.TypeString, Title: "Application name", Default: "broked", MaxLen: 63, Help: "What the database shows of who is connected."}}), Secret: clientKey,
		required: []string{host, login}, port: postgres.DefaultPort,
	},
	{
		Type: connection.MySQL, Label: "MySQL / MariaDB", Category: "database", Summary: "A MySQL or MariaDB database, or one that speaks as they do.",
		Fields:  []string{host, port, schema, login, password, extra},
		Hints:   Hints{host: "db.example.com", port: "3306 when left out", schema: "The database", extra: `A JSON object: {"client_key": "PEM"}`},
		Options: serverOptions(), Secret: clientKey, required: []string{host, schema, login}, port: mysql.DefaultPort,
	},
	{
		Type: connection.ClickHouse, Label: "ClickHouse", Category: "database", Summary: "A ClickHouse database, over its native protocol.", Untried: true,
		Fields:  []string{host, port, schema, login, password, extra},
		Hints:   Hints{host: "db.example.com", port: "9000 when left out; with TLS it is mostly 9440", schema: "The database", extra: `A JSON object: {"client_key": "PEM"}`},
		Options: serverOptions(), Secret: clientKey, required: []string{host, schema, login}, port: clickhouse.DefaultPort,
	},
	{
		Type: connection.MSSQL, Label: "SQL Server", Category: "database", Summary: "A Microsoft SQL Server database of 2016 or later, or Azure SQL.", Untried: true,
		Fields:  []string{host, port, schema, login, password},
		Hints:   Hints{host: "db.example.com", port: "1433 when left out", schema: "The database", login: "Of SQL Server itself, not of Windows"},
		Options: object(slices.DeleteFunc(protection(), func(f node.Field) bool { return f.Name == "client_certificate" })...), Secret: object(),
		required: []string{host, schema, login}, port: mssql.DefaultPort,
	},
	{
		Type: connection.Oracle, Label: "Oracle", Category: "database", Summary: "An Oracle database of 12.2 or later.", Untried: true,
		Fields: []string{host, port, schema, login, password, extra}, Labels: Hints{schema: "Service"},
		Hints:   Hints{host: "db.example.com", port: "1521 when left out; with TLS it is mostly 2484", schema: "The service, such as FREEPDB1", extra: `A JSON object: {"client_key": "PEM"}`},
		Options: serverOptions(), Secret: clientKey, required: []string{host, schema, login}, port: oracle.DefaultPort,
	},
	{
		Type: connection.SQLite, Label: "SQLite", Category: "database", Summary: "A file that is an SQLite database.",
		Fields: []string{host}, Labels: Hints{host: "File"}, Hints: Hints{host: "Path of the file, such as data/shop.db, where file nodes may go"},
		Options: object(), Secret: object(), required: []string{host},
	},
	{
		Type: connection.HTTP, Label: "HTTP / REST API", Category: "api", Summary: "An address that requests begin with, and how they say who is calling.",
		Fields:  []string{host, port, login, password, extra},
		Hints:   Hints{host: "api.example.com, or an address such as https://api.example.com/v1", port: "443 when left out; at 80 it is http", login: "For basic authentication, or the client id of oauth2", password: "The password, token, key or client secret", extra: `A JSON object: {"headers": {"X-Tenant": "7"}}`},
		Presets: httpPresets, Options: httpOptions, Secret: object(node.Field{Name: "headers", Schema: node.Schema{Type: node.TypeObject, Title: "Headers", Values: &node.Schema{Type: node.TypeString}, Help: "Sent with every request."}}), required: []string{host},
	},
}

// clientKey is the secret of databases on servers that know clients by certificates.
var clientKey = object(node.Field{Name: "client_key", Schema: pem("Client key", "Of the client certificate, in PEM.")})

// serverOptions are those of a database on a server, and further ones.
func serverOptions(further ...node.Field) node.Schema {
	return object(append(protection(), further...)...)
}

// protection are the options about TLS and time.
func protection() []node.Field {
	return []node.Field{
		{Name: "sslmode", Schema: node.Schema{Type: node.TypeString, Title: "TLS", Default: databases.Prefer, Enum: databases.Modes, Help: "As libpq has it: prefer uses TLS when the server offers it, require always; verify-ca looks at who has signed the certificate, verify-full at the host's name as well. Only verify-full is safe from somebody in between."}},
		{Name: "ca_certificate", Schema: pem("CA certificate", "Who signs the server's certificate, in PEM; those that this machine trusts when left out.")},
		{Name: "client_certificate", Schema: pem("Client certificate", "In PEM; its key is client_key in extra.")},
		{Name: "connect_timeout", Schema: node.Schema{Type: node.TypeNumber, Title: "Time to connect", Default: 10, Min: new(1.0), Max: new(300.0), Help: "Seconds."}},
		{Name: "statement_timeout", Schema: node.Schema{Type: node.TypeNumber, Title: "Time for a statement", Min: new(0.0), Max: new(604800.0), Help: "Seconds. Left out or 0, the database's own limit."}},
	}
}

// pem is the schema of something in PEM.
func pem(title, help string) node.Schema {
	return node.Schema{Type: node.TypeString, Format: node.FormatLongText, Title: title, MaxLen: 64 << 10, Help: help}
}

// Types returns the sorts of connections that this server offers.
func Types() []Type { return slices.Clone(types) }

func typeOf(name string) (Type, error) {
	known := make([]string, len(types))
	for i, t := range types {
		if known[i] = t.Type; t.Type == name {
			return t, nil
		}
	}
	return Type{}, fault.Rejected("the connection cannot be saved", []fault.Problem{{Path: "type", Message: "there is no type " + name + fault.DidYouMean(name, known)}})
}

// shown reports whether the option of a name may be shown.
func (t Type) shown(name string) bool {
	return slices.ContainsFunc(t.Options.Fields, func(f node.Field) bool { return f.Name == name })
}

// given is the schema of extra: its secret settings, and those that are shown, which
// other programs put there as well.
func (t Type) given() node.Schema {
	all := t.Secret
	all.Fields = append(slices.Clone(t.Secret.Fields), t.Options.Fields...)
	for i := range all.Fields {
		all.Fields[i].Required = false // it may be among the options
	}
	return all
}

// has reports whether the type has a field.
func (t Type) has(field string) bool { return slices.Contains(t.Fields, field) }
