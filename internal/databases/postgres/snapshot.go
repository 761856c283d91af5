package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
)

// Snapshot calls do with the database as it is now. All of it is one transaction that
// cannot write.
func (s Server) Snapshot(ctx context.Context, do func(databases.Snapshot) error) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.shut(ctx)
	if err := c.run(ctx, "BEGIN READ ONLY, ISOLATION LEVEL REPEATABLE READ"); err != nil {
		return databases.Stopped(ctx, err)
	}
	return databases.Stopped(ctx, do(snapshot{c}))
}

// snapshot implements databases.Snapshot.
type snapshot struct{ c *conn }

// Read implements databases.Snapshot.
func (s snapshot) Read(ctx context.Context, q databases.Query, give func(batch.Batch) error) error {
	return s.c.rows(ctx, q, give)
}

// trusted is whether texts are in UTF-8, and whether they are equal only when their
// bytes are.
const trusted = `
	SELECT concat(current_setting('server_encoding') = 'UTF8', ' ', NOT EXISTS (SELECT 1 FROM pg_collation WHERE NOT collisdeterministic))`

// Describe implements databases.Snapshot.
func (s snapshot) Describe(ctx context.Context, q databases.Query) ([]databases.Described, error) {
	said, err := s.c.texts(ctx, trusted)
	if err != nil {
		return nil, err
	}
	utf8, bytewise := strings.HasPrefix(said[0], "t"), strings.HasSuffix(said[0], "t")
	prepared, err := s.c.Prepare(ctx, "", q.Text, nil)
	if err != nil {
		return nil, s.c.about(ctx, err)
	}
	all := make([]databases.Described, len(prepared.Fields))
	for i, f := range prepared.Fields {
		all[i] = describe(newColumn(f.Name, f.DataTypeOID, f.TypeModifier))
		if isText := f.DataTypeOID == pgtype.TextOID || f.DataTypeOID == pgtype.VarcharOID; isText {
			all[i].Compares, all[i].Bytewise = utf8, bytewise
		}
	}
	return all, nil
}

// describe says what is known of values by their type.
func describe(c *column) databases.Described {
	d := databases.Described{Name: c.name, Type: c.typ}
	switch typ, _, _ := strings.Cut(c.typ, "("); {
	case strings.HasSuffix(c.typ, "[]"):
		d.Type = "" // how many dimensions there are is up to each value
	case typ == "DECIMAL":
		d.Compares, d.Holds = true, "%s IS NULL OR %s <> 'NaN'"
	case typ == "SMALLINT", typ == "INTEGER", typ == "BIGINT", typ == "BOOLEAN", typ == "DATE":
		d.Compares = true
	case strings.HasPrefix(typ, "TIMESTAMP"):
		// A few years at the end of PostgreSQL's are beyond those of the engine.
		d.Compares, d.Holds = true, "%s IS NULL OR %s < '290000-01-01' OR %s = 'infinity'"
	}
	return d
}
