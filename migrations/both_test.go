package migrations_test

import (
	"context"
	"database/sql"
	"io/fs"
	"log/slog"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/broked/broked/internal/postgres"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/store/storetest"
	"github.com/broked/broked/migrations"
)

// TestBothHaveEachMigration checks that from the first one of PostgreSQL on there
// is each for both databases, under the same name.
func TestBothHaveEachMigration(t *testing.T) {
	t.Parallel()
	names := func(folder string) (all []string) {
		found, err := fs.Glob(migrations.FS, folder+"/*.sql")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if name := path.Base(f); name > "00018" {
				all = append(all, name)
			}
		}
		return all
	}
	if diff := cmp.Diff(names("sqlite"), names("postgres")); diff != "" {
		t.Errorf("a migration is there for one database only (-sqlite +postgres):\n%s", diff)
	}
}

// types are what a column of SQLite is on PostgreSQL.
var types = map[string]string{"TEXT": "text", "INTEGER": "bigint", "REAL": "double precision", "BLOB": "bytea"}

// TestBothLeadToTheSame compares the tables of both databases, the columns of each,
// and which of them may be NULL.
func TestBothLeadToTheSame(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	file, err := store.Open(ctx, store.Options{Path: filepath.Join(t.TempDir(), "x.db"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close(context.WithoutCancel(ctx)) })
	here := columns(ctx, t, file.Writer(), `
		SELECT t.name, c.name, c.type, c."notnull" = 1
		FROM sqlite_schema t
		JOIN pragma_table_info(t.name) c
		WHERE t.type = 'table'`)
	for name, column := range here {
		kind, null, _ := strings.Cut(column, " ")
		here[name] = types[kind] + " " + null
	}
	there := columns(ctx, t, shared(t), `
		SELECT table_name, column_name, data_type, is_nullable = 'NO'
		FROM information_schema.columns
		WHERE table_schema = current_schema()`)
	if diff := cmp.Diff(here, there); diff != "" {
		t.Errorf("the schemas differ (-sqlite +postgres):\n%s", diff)
	}
}

// columns returns what rows of table, column, type and NOT NULL say, by the name of
// the column.
func columns(ctx context.Context, t *testing.T, db *sql.DB, query string) map[string]string {
	t.Helper()
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]string{}
	for rows.Next() {
		var table, column, kind string
		var filled bool
		if err := rows.Scan(&table, &column, &kind, &filled); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(table, "goose_") || strings.HasPrefix(table, "river_") || strings.HasPrefix(table, "sqlite_") {
			continue
		}
		if filled {
			kind += " NOT NULL"
		} else {
			kind += " NULL"
		}
		all[table+"."+column] = kind
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func shared(t *testing.T) *sql.DB {
	t.Helper()
	config, err := postgres.Parse(storetest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	db := postgres.Foreign(config, 2)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestPostgresDownUp checks that every file undoes what it does.
func TestPostgresDownUp(t *testing.T) {
	t.Parallel()
	ctx, db := t.Context(), shared(t)
	folder, err := fs.Sub(migrations.FS, "postgres")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DownTo(ctx, 0); err != nil {
		t.Fatal(err)
	}
	var left int
	err = db.QueryRowContext(ctx, `
		SELECT count(*)
		FROM information_schema.tables
		WHERE table_schema = current_schema() AND table_name !~ '^(goose|river)_'`).Scan(&left)
	if err != nil || left > 0 {
		t.Errorf("%d tables are left after going down, error %v", left, err)
	}
	if _, err := p.Up(ctx); err != nil {
		t.Fatal(err)
	}
}
