package nodes

import (
	"os"
	"testing"
)

// BenchmarkLook measures looking into a file to find its columns and their types.
func BenchmarkLook(b *testing.B) {
	file := os.Getenv("BROKED_BENCH_CSV")
	if file == "" {
		b.Skip("set BROKED_BENCH_CSV to a CSV file")
	}
	s := &sourceFile{files: []string{file}, format: formatCSV}
	for b.Loop() {
		if _, err := s.look(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
