package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// chains times runs of many nodes one after the other over two rows, which is what a
// node costs beyond its rows. It must not grow with their number.
func (s *server) chains(ctx context.Context, w io.Writer, dir string) error {
	small := filepath.Join(dir, "small.csv")
	if err := os.WriteFile(small, []byte("id,amount\n1,2\n3,4\n"), 0o600); err != nil {
		return err
	}
	for _, length := range []int{100, 400} {
		var t task
		for i := range length {
			t.nodes = append(t.nodes, fmt.Sprintf(`{"id":"n%d","type":"filter","config":{"condition":"amount > 0"}}`, i))
		}
		id, err := s.create(ctx, t, small)
		if err != nil {
			return err
		}
		var costs []cost
		for range rounds {
			c, err := s.run(ctx, id)
			if err != nil {
				return fmt.Errorf("a chain of %d nodes: %w", length, err)
			}
			costs = append(costs, c)
		}
		wall := median(costs, func(c cost) float64 { return c.wall.Seconds() * 1000 })
		fmt.Fprintf(w, "a run of %d nodes in a chain\t%.0f ms\t%.2f ms a node\n", length, wall, wall/float64(length))
	}
	return nil
}
