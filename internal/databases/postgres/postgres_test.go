package postgres_test

import (
	"testing"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/contract"
	"github.com/broked/broked/internal/databases/postgres"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/store/storetest"
)

func newServer(t *testing.T) postgres.Server {
	t.Helper()
	a, err := databases.Parse(storetest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	s := postgres.Server{At: a.Server, Dialer: &outbound.Dialer{Policy: outbound.Policy{Allow: outbound.Loopback()}}}
	if _, err := s.Script(t.Context(), "CREATE SCHEMA empty; ALTER ROLE CURRENT_USER IN DATABASE \""+a.Server.Schema+"\" SET search_path = empty"); err != nil {
		t.Fatal(err)
	}
	return s
}

func as(db contract.Database) postgres.Server { return db.(postgres.Server) }

func with(s postgres.Server, option string, value any) postgres.Server {
	options := map[string]any{option: value}
	for k, v := range s.At.Options {
		if k != option {
			options[k] = v
		}
	}
	s.At.Options = options
	return s
}

func TestContract(t *testing.T) {
	t.Parallel()
	contract.Run(t, contract.Sort{
		New: func(t *testing.T) contract.Database { t.Helper(); return newServer(t) },
		Values: []contract.Value{
			{SQL: "32767", Column: "smallint", Type: "SMALLINT", Text: "32767"},
			{SQL: "-2147483648", Column: "integer", Type: "INTEGER", Text: "-2147483648"},
			{SQL: "9223372036854775807", Column: "bigint", Type: "BIGINT", Text: "9223372036854775807"},
			{SQL: "4294967295::oid", Type: "UINTEGER", Text: "4294967295"},
			{SQL: "0.1", Column: "double precision", Type: "DOUBLE", Text: "0.1"},
			{SQL: "'NaN'", Column: "double precision", Type: "DOUBLE", Text: "NaN"},
			{SQL: "'-Infinity'", Column: "real", Type: "FLOAT", Text: "-Inf"},
			{SQL: "true", Column: "boolean", Type: "BOOLEAN", Text: "true"},
			{SQL: "12345678901234567890123456.789", Column: "numeric(38,3)", Type: "DECIMAL(38,3)", Text: "12345678901234567890123456.789"},
			{SQL: "-0.10", Column: "numeric(10,2)", Type: "DECIMAL(10,2)", Text: "-0.10"},
			{SQL: "'NaN'", Column: "numeric(10,2)", Type: "VARCHAR", Text: "NaN"},
			{SQL: "1.50::numeric", Type: "DECIMAL(18,2)", Text: "1.50"},
			{SQL: "123456789012345678901234567890123456789.5::numeric", Type: "VARCHAR", Text: "123456789012345678901234567890123456789.5"},
			{SQL: "(SELECT sum(x) FROM (VALUES (1::bigint), (2)) AS v(x))", Type: "DECIMAL(18,0)", Text: "3"},
			{SQL: "'a\tb\\c''\"\n'", Column: "text", Type: "VARCHAR", Text: "a\tb\\c'\"\n"},
			{SQL: "'x'", Column: "char(3)", Type: "VARCHAR", Text: "x  "},
			{SQL: "'2024-02-29'", Column: "date", Type: "DATE", Text: "2024-02-29"},
			{SQL: "'0044-03-15 BC'", Column: "date", Type: "DATE", Text: "0044-03-15 (BC)"},
			{SQL: "'infinity'", Column: "timestamp", Type: "TIMESTAMP", Text: "infinity"},
			{SQL: "'2024-02-29 23:59:59.123456'", Column: "timestamp", Type: "TIMESTAMP", Text: "2024-02-29 23:59:59.123456"},
			{SQL: "'2024-02-29 23:59:59+05:30'", Column: "timestamptz", Type: "TIMESTAMP WITH TIME ZONE", Text: "2024-02-29 18:29:59+00"},
			{SQL: "'23:59:59.5'", Column: "time", Type: "TIME", Text: "23:59:59.5"},
			{SQL: "'1 day 02:03:04'", Column: "interval", Type: "VARCHAR", Text: "1 day 02:03:04"},
			{SQL: `'\x00ff5c'`, Column: "bytea", Type: "BLOB", Text: "00ff5c"},
			{SQL: "'6f9619ff-8b86-d011-b42d-00c04fc964ff'", Column: "uuid", Type: "UUID", Text: "6f9619ff-8b86-d011-b42d-00c04fc964ff"},
			{SQL: `'{"a": [1, "x\n"]}'`, Column: "jsonb", Type: "JSON", Text: `{"a": [1, "x\n"]}`},
			{SQL: "'{1,NULL,3}'", Column: "integer[]", Type: "INTEGER[]", Text: "[1,null,3]"},
			{SQL: `'{{1,2},{3,4}}'::bigint[]`, Type: "JSON", Text: "[[1,2],[3,4]]"},
			{SQL: "ARRAY['a,b', 'c\"d\\e', NULL, 'NULL', '', E'\\n']", Column: "text[]", Type: "VARCHAR[]", Text: `["a,b","c\"d\\e",null,"NULL","","\n"]`},
			{SQL: "'{t,f}'", Column: "boolean[]", Type: "BOOLEAN[]", Text: "[true,false]"},
			{SQL: "'192.168.0.0/16'", Column: "inet", Type: "VARCHAR", Text: "192.168.0.0/16"},
			{SQL: "'[1,5)'", Column: "int4range", Type: "VARCHAR", Text: "[1,5)"},
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
				if user == "" {
					s.At.Login, s.At.Password = "no_such_user", "s3cret-canary"
				} else {
					s.At.Login, s.At.Password = user, "x"
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
