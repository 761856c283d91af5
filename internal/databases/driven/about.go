package driven

import (
	"context"

	"github.com/broked/broked/internal/fault"
)

// about is fault for a statement of a person's: it says which table may have been
// meant.
func (c *Conn) about(ctx context.Context, err error) error {
	said := c.server.Dialect.Say(c.server.At, err)
	if said == nil || said.Table == "" {
		return c.fault(err)
	}
	others, failed := c.tables(ctx)
	if failed != nil {
		return c.fault(err)
	}
	return fault.Wrap(fault.Invalid, err, "%s%s", said.Words, fault.DidYouMean(said.Table, others)).With(said.Code)
}
