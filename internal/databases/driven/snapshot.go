package driven

import (
	"context"
	"database/sql"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

// Snapshot calls do with the database as it is now. All of it is one transaction that
// cannot write.
func (s Server) Snapshot(ctx context.Context, do func(databases.Snapshot) error) error {
	if s.Dialect.Types.Describe == nil {
		return fault.New(fault.Invalid, "%s does not say what columns are", s.Dialect.Name)
	}
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.shut(ctx)
	// As with begin, statements look at the context themselves.
	tx, err := c.conn.BeginTx(context.WithoutCancel(ctx), &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return databases.Stopped(ctx, c.fault(err))
	}
	c.tx = tx
	return databases.Stopped(ctx, do(snapshot{c}))
}

// snapshot implements databases.Snapshot.
type snapshot struct{ c *Conn }

// Read implements databases.Snapshot.
func (s snapshot) Read(ctx context.Context, q databases.Query, give func(batch.Batch) error) error {
	if err := s.c.server.Dialect.Text.reads(q.Text); err != nil {
		return err
	}
	return s.c.rows(ctx, q, give)
}

// Describe implements databases.Snapshot.
func (s snapshot) Describe(ctx context.Context, q databases.Query) ([]databases.Described, error) {
	q.Text = "SELECT * FROM (" + q.Text + ") AS t LIMIT 0"
	if err := s.c.server.Dialect.Text.reads(q.Text); err != nil {
		return nil, err
	}
	rows, err := s.c.ask(ctx, q)
	if err != nil {
		return nil, s.c.about(ctx, err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, s.c.fault(err)
	}
	all := make([]databases.Described, len(types))
	for i, t := range types {
		all[i] = s.c.server.Dialect.Types.Describe(t)
	}
	return all, s.c.fault(rows.Err())
}
