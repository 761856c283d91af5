package sqlite

import (
	"context"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
)

// Snapshot calls do with the database as it is now. All of it is one transaction that
// cannot write.
func (f File) Snapshot(ctx context.Context, do func(databases.Snapshot) error) error {
	c, err := f.reader()
	if err != nil {
		return err
	}
	defer c.close()
	defer c.stoppable(ctx)()
	if err := c.run("BEGIN"); err != nil {
		return databases.Stopped(ctx, err)
	}
	return databases.Stopped(ctx, do(snapshot{c}))
}

// snapshot implements databases.Snapshot.
type snapshot struct{ c *conn }

// Read implements databases.Snapshot.
func (s snapshot) Read(ctx context.Context, q databases.Query, give func(batch.Batch) error) error {
	st, err := s.c.query(q)
	if err != nil {
		return err
	}
	defer st.close()
	return st.read(ctx, q, give)
}

// trusts are the declared types whose values, if they are as the condition says, are of
// one type, and whether they compare as the engine's do.
var trusts = map[string]struct {
	holds    string
	compares bool
}{
	"BIGINT":  {"typeof(%s) IN ('integer', 'null')", true},
	"VARCHAR": {"typeof(%s) IN ('text', 'null')", true},
	"DOUBLE":  {"typeof(%s) IN ('real', 'null')", false},
	"BLOB":    {"typeof(%s) IN ('blob', 'null')", false},
	"BOOLEAN": {"%s IS NULL OR typeof(%s) = 'integer' AND %s IN (0, 1)", true},
	"DATE":    {"%s IS NULL OR typeof(%s) = 'text' AND date(%s) IS %s AND %s BETWEEN '0001' AND '9999-12-31'", true},
}

// Describe implements databases.Snapshot. A column is what it was declared as, if all its
// values are; one that was not is up to them.
func (s snapshot) Describe(_ context.Context, q databases.Query) ([]databases.Described, error) {
	st, err := s.c.query(q)
	if err != nil {
		return nil, err
	}
	defer st.close()
	columns := st.columns()
	all := make([]databases.Described, len(columns))
	for i, c := range columns {
		all[i].Name = c.name
		if trust, is := trusts[c.declared]; is {
			all[i].Type, all[i].Holds, all[i].Compares = c.declared, trust.holds, trust.compares
		}
	}
	return all, nil
}
