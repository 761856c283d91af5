package queue

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/broked/broked/internal/postgres"
)

// sharedConnections are those of River: one listens, the others fetch and
// complete entries.
const sharedConnections = 4

// dial returns the connections on which River reads the queue of a PostgreSQL.
func dial(ctx context.Context, url string) (*pgxpool.Pool, error) {
	own, err := postgres.Parse(url)
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	config.ConnConfig.RuntimeParams = own.RuntimeParams
	config.MaxConns = sharedConnections
	return pgxpool.NewWithConfig(ctx, config)
}

// insertShared is River's own insertion, in a transaction that River's driver does
// not know. Every entry rings, as the servers hear of it when it is committed.
const insertShared = `
	WITH made AS (
		INSERT INTO river_job (args, kind, queue, max_attempts)
		VALUES (CAST(?1 AS jsonb), ?2, ?3, 1)
		RETURNING queue
	)
	SELECT pg_notify(current_schema() || '.river_insert', json_build_object('queue', queue)::text)
	FROM made`

func insertEntry(ctx context.Context, tx *sql.Tx, args []byte, line string) error {
	_, err := tx.ExecContext(ctx, insertShared, string(args), entry{}.Kind(), line)
	return err
}

func (q *Queue) sharedDriver() riverdriver.Driver[pgx.Tx] { return riverpgxv5.New(q.pool) }

const (
	forgetDead = `
		DELETE FROM river_job
		WHERE state = 'running' AND NOT attempted_by[array_length(attempted_by, 1)] = ANY(CAST(?1 AS text[]))`
	someWait = `
		SELECT EXISTS (SELECT 1 FROM river_job WHERE state = 'available')`
)

// ForgetTx takes out the entries that processes have begun on which are not among
// live, and reports whether no entry waits. On SQLite there is one process, whose own
// entries these are.
func (q *Queue) ForgetTx(ctx context.Context, tx *sql.Tx, live []string) (empty bool, err error) {
	if q.pool != nil {
		if _, err := tx.ExecContext(ctx, forgetDead, "{"+strings.Join(live, ",")+"}"); err != nil {
			return false, fmt.Errorf("forget entries: %w", err)
		}
	}
	var some bool
	if err := tx.QueryRowContext(ctx, someWait).Scan(&some); err != nil {
		return false, fmt.Errorf("look into the queue: %w", err)
	}
	return !some, nil
}
