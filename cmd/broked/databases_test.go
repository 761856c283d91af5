package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/broked/broked/internal/store/storetest"
)

// TestPipelinesReachDatabases has the real program, whose engines are confined, write to
// PostgreSQL and read from it.
func TestPipelinesReachDatabases(t *testing.T) {
	t.Parallel()
	at, dir := storetest.Postgres(t), t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "in.csv"), []byte("id,name\n1,Ann\n2,Bob\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "p.yaml"), []byte(`name: people
ir_version: "2.2"
params: {at: ""}
nodes:
  - {id: in, type: source_file, config: {path: in.csv}}
  - {id: out, type: sink_db, config: {uri: "${param.at}", table: people, mode: upsert, key_columns: [id], create_table: true}}
edges: [{from: in, to: out}]
`), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "q.yaml"), []byte(`name: names
ir_version: "2.2"
params: {at: ""}
nodes:
  - {id: in, type: source_db, config: {uri: "${param.at}", query: "SELECT name FROM people ORDER BY id"}}
  - {id: out, type: sink_file, config: {path: out.csv}}
edges: [{from: in, to: out}]
`), 0o600))
	for _, tc := range []struct {
		args   []string
		status int
		has    string
	}{
		{[]string{"p.yaml", "--outbound-loopback", "all"}, 0, "✓ out: 2 rows"},
		{[]string{"p.yaml", "--outbound-loopback", "all"}, 0, "✓ out: 2 rows"}, // the same keys
		{[]string{"q.yaml", "--outbound-loopback", "all"}, 0, "✓ out: 2 rows"},
		{[]string{"q.yaml"}, 1, "may not be reached from this server: it is this machine"},
	} {
		out, err := program(t.Context(), dir, append([]string{"run", "--param", "at=" + at}, tc.args...)...).CombinedOutput()
		if exitStatus(err) != tc.status || !strings.Contains(string(out), tc.has) {
			t.Errorf("%v: %v: %s", tc.args, err, out)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, "out.csv")); err != nil || string(got) != "name\nAnn\nBob\n" {
		t.Errorf("got %q, %v", got, err)
	}
}
