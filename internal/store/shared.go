package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/postgres"
	"github.com/broked/broked/migrations"
)

// shared is what a PostgreSQL needs that a file does not: other servers may be
// using it at the same time.
type shared struct {
	name string // for messages
}

const (
	// sharedReaders is more than for a file, because each waits for the network.
	sharedReaders = 8
	// oldestServer is the first PostgreSQL that is still maintained by its makers
	// and that the tests have seen.
	oldestServer = 140000
)

// openShared opens a PostgreSQL and brings its schema up to date. Of servers that
// start at once one migrates.
func openShared(ctx context.Context, o Options) (*DB, error) {
	config, err := postgres.Parse(o.Path)
	if err != nil {
		return nil, err
	}
	name := postgres.Name(config)
	started := time.Now()
	db := &DB{write: postgres.Pool(config, 1), read: &reader{postgres.Pool(config, sharedReaders)}, shared: &shared{name: name}}
	migrating := postgres.Foreign(config, 1)
	err = db.readyShared(ctx, migrating, o.Log)
	if err = errors.Join(err, migrating.Close()); err != nil {
		return nil, errors.Join(err, db.Close(ctx))
	}
	o.Log.DebugContext(ctx, "database open", "name", name, "took", time.Since(started))
	return db, nil
}

const serverState = `
	SELECT current_setting('server_version_num')::bigint, current_setting('synchronous_commit'), current_setting('fsync')`

// readyShared checks the server and brings the schema up to date.
func (db *DB) readyShared(ctx context.Context, migrating *sql.DB, log *slog.Logger) error {
	name := db.shared.name
	var version int
	var synchronous, fsync string
	if err := db.write.QueryRowContext(ctx, serverState).Scan(&version, &synchronous, &fsync); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the database %s cannot be used: %s", name, postgres.Reason(err)).With("database_unreachable")
	}
	switch {
	case version < oldestServer:
		return fault.New(fault.Invalid, "the database %s is PostgreSQL %d; the oldest that is supported is %d", name, version/10000, oldestServer/10000).With("database_too_old")
	case synchronous != "on":
		return fault.New(fault.Invalid, "the database %s answers before a commit is on its disk (synchronous_commit is %s): set it to on for this account", name, synchronous).With("database_unsafe")
	case fsync != "on":
		log.WarnContext(ctx, "the database does not wait for its disk: a crash of its machine may lose or damage what is in it", "database", name, "fsync", fsync)
	}
	return border("migrate", db.migrateShared(ctx, migrating))
}

func (db *DB) migrateShared(ctx context.Context, migrating *sql.DB) error {
	folder, err := fs.Sub(migrations.FS, "postgres")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, migrating, folder, goose.WithDisableGlobalRegistry(true), outOfOrder)
	if err != nil {
		return err
	}
	return postgres.OneAtATime(ctx, db.write, func() error {
		current, newest, err := p.GetVersions(ctx)
		if err == nil && current > newest {
			return tooNew(db.shared.name, current, newest)
		}
		if err == nil {
			_, err = p.Up(ctx)
		}
		return err
	})
}

const takeTurn = `
	SELECT pg_advisory_xact_lock(7810779, 2)`

// alone waits until no other server changes anything, and keeps it so until tx
// ends. What was found by looking still holds then when it is written, as on a
// database with one writer.
func (s *shared) alone(ctx context.Context, tx *sql.Tx) error {
	if s == nil {
		return nil
	}
	_, err := tx.ExecContext(ctx, takeTurn)
	return err
}

// view returns how a transaction begins that sees one state of the database.
func (s *shared) view() *sql.TxOptions {
	if s == nil {
		return &sql.TxOptions{ReadOnly: true} // in a file it always does
	}
	return &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}
}

const infoShared = `
	SELECT
		current_setting('server_version'),
		(SELECT max(version_id) FROM goose_db_version),
		pg_database_size(current_database())`

func (db *DB) sharedInfo(ctx context.Context) (Info, error) {
	var i Info
	err := db.read.QueryRowContext(ctx, infoShared).Scan(&i.Engine, &i.Schema, &i.Bytes)
	i.Engine = "PostgreSQL " + i.Engine
	return i, border("database info", err)
}
