package mysql_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/contract"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/databases/mysql"
	"github.com/broked/broked/internal/databases/mysql/mysqltest"
)

func as(db contract.Database) driven.Server { return db.(driven.Server) }

func with(s driven.Server, option string, value any) driven.Server {
	options := maps.Clone(s.At.Options)
	if options == nil {
		options = make(map[string]any)
	}
	options[option] = value
	s.At.Options = options
	return s
}

func TestContract(t *testing.T) {
	t.Parallel()
	contract.Run(t, contract.Sort{
		New: func(t *testing.T) contract.Database {
			t.Helper()
			return mysql.At(mysqltest.New(t), mysqltest.Dialer())
		},
		Values: []contract.Value{
			{SQL: "-128", Column: "tinyint", Type: "TINYINT", Text: "-128"},
			{SQL: "true", Column: "boolean", Type: "TINYINT", Text: "1"},
			{SQL: "65535", Column: "smallint unsigned", Type: "USMALLINT", Text: "65535"},
			{SQL: "-8388608", Column: "mediumint", Type: "INTEGER", Text: "-8388608"},
			{SQL: "4294967295", Column: "int unsigned", Type: "UINTEGER", Text: "4294967295"},
			{SQL: "-9223372036854775808", Column: "bigint", Type: "BIGINT", Text: "-9223372036854775808"},
			{SQL: "18446744073709551615", Column: "bigint unsigned", Type: "UBIGINT", Text: "18446744073709551615"},
			{SQL: "b'101'", Column: "bit(3)", Type: "UBIGINT", Text: "5"},
			{SQL: "0.1", Column: "double", Type: "DOUBLE", Text: "0.1"},
			{SQL: "16777217", Column: "double", Type: "DOUBLE", Text: "1.6777217e+07"},
			{SQL: "16777216", Column: "float", Type: "FLOAT", Text: "1.6777216e+07"},
			{SQL: "12345678901234567890123456.789", Column: "decimal(38,3)", Type: "DECIMAL(38,3)", Text: "12345678901234567890123456.789"},
			{SQL: "-0.10", Column: "decimal(10,2)", Type: "DECIMAL(10,2)", Text: "-0.10"},
			{SQL: "123456789012345678901234567890123456789.5", Column: "decimal(60,1)", Type: "VARCHAR", Text: "123456789012345678901234567890123456789.5"},
			{SQL: "(SELECT sum(x) FROM (SELECT CAST(1 AS SIGNED) AS x UNION ALL SELECT 2) AS v)", Type: "DECIMAL(32,0)", Text: "3"},
			{SQL: "'a\tb\\\\c''\"\n'", Column: "text", Type: "VARCHAR", Text: "a\tb\\c'\"\n"},
			{SQL: "'日本語 🐘'", Column: "varchar(20) character set utf8mb4", Type: "VARCHAR", Text: "日本語 🐘"},
			{SQL: "'b'", Column: "enum('a','b')", Type: "VARCHAR", Text: "b"},
			{SQL: "'2024-02-29'", Column: "date", Type: "DATE", Text: "2024-02-29"},
			{SQL: "'2024-02-29 23:59:59.123456'", Column: "datetime(6)", Type: "TIMESTAMP", Text: "2024-02-29 23:59:59.123456"},
			{SQL: "'2024-02-29 18:29:59'", Column: "timestamp null", Type: "TIMESTAMP WITH TIME ZONE", Text: "2024-02-29 18:29:59+00"},
			{SQL: "'23:59:59.5'", Column: "time(1)", Type: "TIME", Text: "23:59:59.5"},
			{SQL: "CAST('-26:00:00' AS TIME)", Type: "VARCHAR", Text: "-26:00:00"},
			{SQL: "2024", Column: "year", Type: "SMALLINT", Text: "2024"},
			{SQL: "x'00ff5c'", Column: "blob", Type: "BLOB", Text: "00ff5c"},
			{SQL: "x'00ff5c0a'", Column: "varbinary(10)", Type: "BLOB", Text: "00ff5c0a"},
			{SQL: `'{"a": [1, "x"]}'`, Column: "json", Type: "VARCHAR", Text: `{"a": [1, "x"]}`},
		},
		Commits: true,
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
			Nobody: "CREATE USER IF NOT EXISTS nobody_here IDENTIFIED BY 'x'; GRANT USAGE ON *.* TO nobody_here; CREATE TABLE IF NOT EXISTS visible (i INT); GRANT SELECT ON visible TO nobody_here",
			Slow: func(t *testing.T, db contract.Database) (string, contract.Database) {
				t.Helper()
				return "SELECT count(*) FROM information_schema.COLLATIONS a, information_schema.COLLATIONS b, information_schema.COLLATIONS c, information_schema.COLLATIONS d", with(as(db), "statement_timeout", 0.05)
			},
		},
	})
}

// TestALoadThatWasNotNamed ends between the commit and the table's name.
func TestALoadThatWasNotNamed(t *testing.T) {
	t.Parallel()
	db := mysql.At(mysqltest.New(t), mysqltest.Dialer())
	column := func(query string) (texts []string) {
		t.Helper()
		if err := db.Read(t.Context(), databases.Query{Text: query}, func(b batch.Batch) error {
			texts = append(texts, b.Columns[0].Texts...)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return texts
	}
	stage := ""
	load := func() *databases.Told {
		t.Helper()
		told := &databases.Told{}
		n, err := db.Write(t.Context(), databases.Load{Table: "t", Create: true, Once: true, Told: told, Attempt: databases.Attempt{Name: "run/node"}}, func(yield func(batch.Batch, error) bool) {
			b := batch.Batch{Rows: 1, Columns: []batch.Column{{Name: "s", Type: "VARCHAR", Kind: batch.Text, Texts: []string{"a"}}}}
			if yield(b, nil) {
				stage = strings.Join(column(`SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE 'broked\_stage%'`), " ")
			}
		})
		if err != nil || n != 1 {
			t.Fatal(n, err)
		}
		return told
	}
	load()
	if _, err := db.Script(t.Context(), "RENAME TABLE t TO "+stage); err != nil {
		t.Fatal(err)
	}
	if load().Before || !load().Before {
		t.Error("the rows have no table, or two times their number")
	}
	if got := column("SELECT s FROM t"); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}
