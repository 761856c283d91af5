package store_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/broked/broked/internal/contacts"
	"github.com/broked/broked/internal/news"
)

// BenchmarkUpsertContact stores contacts from eight clients; three in ten are
// there already.
func BenchmarkUpsertContact(b *testing.B) {
	s := contacts.NewService(backend(b, filepath.Join(b.TempDir(), "broked.db")).Store, contacts.Files(b.TempDir()), &news.Board{})
	var n atomic.Int64
	b.SetParallelism(8)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			i := n.Add(1)
			if i%10 < 3 {
				i /= 2
			}
			d, err := contacts.Read(fmt.Appendf(nil, `{"email": "p%d@example.com", "first_name": "Ada", "last_name": "Lovelace", "phone": "+1 555 010 0199", "status": "s%d", "tags": ["a", "b"]}`, i, n.Load()))
			if err == nil {
				_, _, err = s.Upsert(b.Context(), d, "api")
			}
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
}
