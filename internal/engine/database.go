package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// progressEvery is how often a running statement is asked how far it is.
const progressEvery = 500 * time.Millisecond

// database is one connection to the DuckDB instance of a run, which is in memory.
// It does one thing at a time, and others do theirs beside it. It implements node.DB.
type database struct {
	pool   *sql.DB
	conn   *sql.Conn
	beside []*database // more connections to the same instance, for other nodes
	// progress, when set, is told how far a statement that writes is, 0 to 1.
	progress func(done float64)
	profile  duckdb.ProfilingInfo // of the last Exec
	settings []string             // that it is locked with; nil while it is not
	tables   []string             // that were made on this connection
	// spent says that no other run may use the instance: a statement has failed, a person
	// has written one, or not all is gone that was made.
	spent bool
	translate
}

// openDatabase starts DuckDB and does what every run needs and none determines.
//
// Files are not cached, which DuckDB would do by their names and times: the system does
// so, and better, and an instance may serve runs between which they change.
func openDatabase(ctx context.Context) (*database, error) {
	// More threads start with the job, inside its sandbox.
	connector, err := duckdb.NewConnector("?threads=1&autoinstall_known_extensions=false&autoload_known_extensions=false&allow_community_extensions=false&enable_external_file_cache=false", nil)
	if err != nil {
		return nil, fmt.Errorf("start DuckDB: %w", err)
	}
	pool := sql.OpenDB(connector)
	db, err := connect(ctx, pool)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return db, nil
}

// connect makes a connection, and does what is to be done for each.
func connect(ctx context.Context, pool *sql.DB) (*database, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to DuckDB: %w", err)
	}
	for _, q := range []string{
		"SET TimeZone = 'UTC'",
		"SET enable_progress_bar = true",
		"SET enable_progress_bar_print = false",
		"PRAGMA enable_profiling = 'no_output'",
		`SET custom_profiling_settings = '{"OPERATOR_CARDINALITY": "true", "OPERATOR_NAME": "true", "EXTRA_INFO": "true"}'`,
	} {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return nil, errors.Join(fmt.Errorf("prepare DuckDB: %w", err), conn.Close())
		}
	}
	return &database{pool: pool, conn: conn}, nil
}

// warm reads and writes a small file of each format in a folder of its own. What
// is used for the first time is bound and loaded then, which costs a run 15 ms,
// and nobody waits for an engine that is not ready yet. It is no failure when
// there is no place for the files.
func (db *database) warm(ctx context.Context) {
	dir, err := os.MkdirTemp("", "broked-warm-")
	if err != nil {
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	csv, parquet := sqltext.Text(filepath.Join(dir, "w.csv")), sqltext.Text(filepath.Join(dir, "w.parquet"))
	for _, q := range []string{
		"SELECT regexp_full_match('a', 'b'), try_strptime('1', '%d'), to_json([1])",
		"COPY (SELECT 1 AS i, 'a' AS t, DATE '2026-01-01' AS d) TO " + csv + " (FORMAT csv, HEADER)",
		"COPY (SELECT CASE WHEN regexp_full_match(i, '[0-9]*') THEN CAST(i AS BIGINT) ELSE error('no') END AS i, t FROM read_csv(" + csv +
			", auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', columns = {'i': 'VARCHAR', 't': 'VARCHAR', 'd': 'VARCHAR'})) TO " +
			parquet + " (FORMAT parquet)",
		"SELECT t, sum(i), count(*) FROM read_parquet(" + parquet + ") GROUP BY t ORDER BY t LIMIT 1",
	} {
		if _, err := db.conn.ExecContext(ctx, q); err != nil {
			return
		}
	}
}

// lock gives the instance its limits, its files and so many connections, and nothing
// else any more. No text of a document has reached it before. One that has served a run
// stays if it is locked with the very same; else another takes its place.
func (db *database) lock(ctx context.Context, j job.Job, access node.Access, connections int) error {
	settings := lockedWith(j, access)
	if db.settings != nil && (!slices.Equal(db.settings, settings) || len(db.beside) > max(0, connections-1)) {
		if err := db.renew(ctx); err != nil {
			return err
		}
	}
	db.translate = translate{limits: j.Limits}
	for len(db.beside) < connections-1 {
		other, err := connect(ctx, db.pool)
		if err != nil {
			return err
		}
		other.translate = db.translate
		db.beside = append(db.beside, other)
	}
	if db.settings != nil {
		return nil
	}
	for _, q := range settings {
		if _, err := db.conn.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("lock DuckDB down: %w", err)
		}
	}
	db.settings = settings
	return nil
}

// lockedWith returns the statements that give an instance what a run may have, and close
// it.
func lockedWith(j job.Job, access node.Access) []string {
	files := slices.Concat(access.Reads, access.Writes, access.Folders) // a folder is not inside itself
	folders := append([]string{j.Dir}, access.Folders...)
	return []string{
		fmt.Sprintf("SET threads = %d", max(1, j.Limits.Threads)),
		fmt.Sprintf("SET memory_limit = '%dB'", j.Limits.Memory),
		"SET temp_directory = " + sqltext.Text(filepath.Join(j.Dir, "tmp")),
		fmt.Sprintf("SET max_temp_directory_size = '%dB'", j.Limits.Spill),
		"SET allowed_paths = [" + sqltext.Texts(files) + "]",
		"SET allowed_directories = [" + sqltext.Texts(folders) + "]",
		"SET enable_external_access = false",
		"SET lock_configuration = true",
	}
}

// empty drops what a run has made, unless the instance is spent.
func (db *database) empty(ctx context.Context) {
	all := append([]*database{db}, db.beside...)
	db.spent = slices.ContainsFunc(all, func(one *database) bool { return one.spent })
	for _, one := range all {
		for _, table := range one.tables {
			if db.spent {
				return
			}
			_, err := one.conn.ExecContext(ctx, "DROP TABLE IF EXISTS "+sqltext.Ident(table))
			db.spent = err != nil
		}
		one.tables, one.profile = nil, duckdb.ProfilingInfo{}
	}
}

// renew closes the instance, and opens another.
func (db *database) renew(ctx context.Context) error {
	if err := db.close(); err != nil {
		return fmt.Errorf("close DuckDB: %w", err)
	}
	fresh, err := openDatabase(ctx)
	if err != nil {
		return err
	}
	*db = *fresh
	return nil
}

func (db *database) close() error {
	var err error
	for _, other := range db.beside {
		err = errors.Join(err, other.conn.Close())
	}
	return errors.Join(err, db.conn.Close(), db.pool.Close())
}

// Query implements node.DB.
func (db *database) Query(ctx context.Context, query string, limit int) (node.Table, error) {
	rows, err := db.conn.QueryContext(ctx, query)
	if err != nil {
		return node.Table{}, db.failed(ctx, err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return node.Table{}, db.failed(ctx, err)
	}
	table := node.Table{Columns: make([]node.Column, len(types))}
	for i, t := range types {
		table.Columns[i] = node.Column{Name: t.Name(), Type: t.DatabaseTypeName()}
	}
	for len(table.Rows) < limit && rows.Next() {
		row, into := make([]any, len(types)), make([]any, len(types))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return node.Table{}, db.failed(ctx, err)
		}
		table.Rows = append(table.Rows, row)
	}
	return table, db.failed(ctx, rows.Err())
}

// Describe implements node.DB.
func (db *database) Describe(ctx context.Context, query string) ([]node.Column, error) {
	table, err := db.Query(ctx, "DESCRIBE "+query, maxColumns)
	if err != nil {
		return nil, err
	}
	columns := make([]node.Column, len(table.Rows))
	for i, row := range table.Rows {
		columns[i] = node.Column{Name: fmt.Sprint(row[0]), Type: fmt.Sprint(row[1])}
	}
	return columns, nil
}

// maxColumns bounds what Describe reads; DuckDB itself gets slow long before.
const maxColumns = 100_000

// Exec implements node.DB.
func (db *database) Exec(ctx context.Context, statement string) (int64, error) {
	stop := db.watch()
	result, err := db.conn.ExecContext(ctx, statement)
	stop()
	if err != nil {
		return 0, db.failed(ctx, err)
	}
	// Without a profile the engine counts in other ways.
	db.profile, _ = duckdb.GetProfilingInfo(db.conn)
	rows, err := result.RowsAffected()
	return rows, db.failed(ctx, err)
}

// failed is fault of what a statement has given. After an error the instance is for this
// run alone.
func (db *database) failed(ctx context.Context, err error) error {
	db.spent = db.spent || err != nil
	return db.fault(ctx, err)
}

// watch tells the progress of the statement that is about to run, until stopped.
func (db *database) watch() (stop func()) {
	if db.progress == nil {
		return func() {}
	}
	handle, ok := db.handle()
	if !ok {
		return func() {}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				if percent, _, _ := mapping.QueryProgressTypeMembers(new(mapping.QueryProgress(handle))); percent >= 0 {
					db.progress(min(percent/100, 1))
				}
			}
		}
	}()
	return func() { close(quit); <-done }
}

// handle returns DuckDB's own connection, which the driver keeps to itself though
// it has the function that tells the progress of one.
func (db *database) handle() (handle mapping.Connection, ok bool) {
	err := db.conn.Raw(func(driver any) error {
		if c, is := driver.(*duckdb.Conn); is {
			if f := reflect.ValueOf(c).Elem().FieldByName("conn"); f.IsValid() {
				handle.Ptr, ok = f.FieldByName("Ptr").UnsafePointer(), true
			}
		}
		return nil
	})
	return handle, ok && err == nil
}
