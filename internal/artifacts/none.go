package artifacts

import (
	"context"

	"github.com/broked/broked/internal/runs"
)

// None is no store: files stay in the folders of their runs, on the machine that has
// written them.
type None struct{}

// Keep returns the zero Stored.
func (None) Keep(context.Context, runs.ID, string) (runs.Stored, error) { return runs.Stored{}, nil }

// Fetch says that the file is gone.
func (None) Fetch(context.Context, runs.Stored, string) error { return lost(errMissing) }

// Has says that the file is gone.
func (None) Has(context.Context, runs.Stored) error { return lost(errMissing) }

// Discard does nothing.
func (None) Discard(context.Context, runs.Stored) error { return nil }
