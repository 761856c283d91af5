package postgres_test

import (
	"testing"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/contract"
	"github.com/broked/broked/internal/databases/postgres"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/store/storetest"
)

// redshift is what a PostgreSQL lacks that Redshift has.
const redshift = `
	CREATE SCHEMA empty; CREATE SCHEMA redshift;
	CREATE VIEW redshift.stv_sessions AS SELECT pid AS process, backend_start AS starttime FROM pg_stat_activity;
	CREATE DOMAIN redshift.super AS jsonb;
	CREATE DOMAIN redshift.varbyte AS bytea;
	CREATE FUNCTION redshift.json_parse(text varchar) RETURNS jsonb LANGUAGE sql AS 'SELECT CAST($1 AS jsonb)';
	CREATE FUNCTION redshift.from_hex(text varchar) RETURNS bytea LANGUAGE sql AS 'SELECT decode($1, ''hex'')';
	GRANT USAGE ON SCHEMA redshift TO public; GRANT SELECT ON redshift.stv_sessions TO public;
`

// newRedshift returns a PostgreSQL that is reached in the way of a Redshift.
func newRedshift(t *testing.T) postgres.Server {
	t.Helper()
	a, err := databases.Parse(storetest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	s := postgres.Server{At: a.Server, Dialer: &outbound.Dialer{Policy: outbound.Policy{Allow: outbound.Loopback()}}}
	if _, err := s.Script(t.Context(), redshift+"ALTER ROLE CURRENT_USER IN DATABASE \""+a.Server.Schema+"\" SET search_path = empty, redshift"); err != nil {
		t.Fatal(err)
	}
	s.At.Type = connection.Redshift
	return s
}

// TestRedshift runs the contract in the way of a Redshift on a PostgreSQL, which knows all
// of what is said to it but for the names above.
func TestRedshift(t *testing.T) {
	t.Parallel()
	contract.Run(t, contract.Sort{
		Lean: true,
		New:  func(t *testing.T) contract.Database { t.Helper(); return newRedshift(t) },
		Values: []contract.Value{
			{SQL: "32767", Column: "smallint", Type: "SMALLINT", Text: "32767"},
			{SQL: "-2147483648", Column: "integer", Type: "INTEGER", Text: "-2147483648"},
			{SQL: "9223372036854775807", Column: "bigint", Type: "BIGINT", Text: "9223372036854775807"},
			{SQL: "0.1", Column: "double precision", Type: "DOUBLE", Text: "0.1"},
			{SQL: "'NaN'", Column: "double precision", Type: "DOUBLE", Text: "NaN"},
			{SQL: "16777216", Column: "real", Type: "FLOAT", Text: "1.6777216e+07"},
			{SQL: "true", Column: "boolean", Type: "BOOLEAN", Text: "true"},
			{SQL: "false", Column: "boolean", Type: "BOOLEAN", Text: "false"},
			{SQL: "12345678901234567890123456.789", Column: "numeric(38,3)", Type: "DECIMAL(38,3)", Text: "12345678901234567890123456.789"},
			{SQL: "-0.10", Column: "numeric(10,2)", Type: "DECIMAL(10,2)", Text: "-0.10"},
			{SQL: "(SELECT sum(x) FROM (VALUES (1::bigint), (2)) AS v(x))", Type: "DECIMAL(18,0)", Text: "3"},
			{SQL: "'a\tb\\c''\"\n'", Column: "varchar(100)", Type: "VARCHAR", Text: "a\tb\\c'\"\n"},
			{SQL: "'日本語 🐘'", Column: "varchar(100)", Type: "VARCHAR", Text: "日本語 🐘"},
			{SQL: "'2024-02-29'", Column: "date", Type: "DATE", Text: "2024-02-29"},
			{SQL: "'0044-03-15 BC'", Column: "date", Type: "DATE", Text: "0044-03-15 (BC)"},
			{SQL: "'2024-02-29 23:59:59.123456'", Column: "timestamp", Type: "TIMESTAMP", Text: "2024-02-29 23:59:59.123456"},
			{SQL: "'2024-02-29 23:59:59+05:30'", Column: "timestamptz", Type: "TIMESTAMP WITH TIME ZONE", Text: "2024-02-29 18:29:59+00"},
			{SQL: "'23:59:59.5'", Column: "time", Type: "TIME", Text: "23:59:59.5"},
			{SQL: `'\x00ff5c'`, Column: "varbyte", Type: "BLOB", Text: "00ff5c"},
			{SQL: `'{"a": [1, "x\n"]}'`, Column: "super", Type: "JSON", Text: `{"a": [1, "x\n"]}`},
		},
		Server: &contract.Server{
			Behind: func(t *testing.T, db contract.Database, port int) contract.Database {
				t.Helper()
				s := as(db)
				s.At.Host, s.At.Port = "127.0.0.1", port
				return with(s, "sslmode", "disable")
			},
			Port: func(db contract.Database) int { return as(db).At.Port },
			Login: func(t *testing.T, db contract.Database, user string) contract.Database {
				t.Helper()
				s := as(db)
				if s.At.Login, s.At.Password = user, "x"; user == "" {
					s.At.Login, s.At.Password = "no_such_user", "s3cret-canary"
				}
				return s
			},
			Nobody: "DO $$ BEGIN CREATE ROLE nobody_here LOGIN PASSWORD 'x'; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; GRANT USAGE ON SCHEMA empty TO nobody_here; ALTER ROLE nobody_here SET search_path = empty",
			Slow: func(t *testing.T, db contract.Database) (string, contract.Database) {
				t.Helper()
				return "SELECT pg_sleep(60)", with(as(db), "statement_timeout", 0.05)
			},
		},
	})
}
