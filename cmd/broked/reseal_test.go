package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/broked/broked/internal/sealed"
)

// TestTheKeyOfSecretsIsReplaced replaces it, leaves one replacement cut short, and looks
// whether what was kept still works.
func TestTheKeyOfSecretsIsReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "broked-data", "keys", "data.key")
	s := serve(t, dir)
	s.call("POST", "/api/variables", `{"key":"token","value":"canary-token","type":"secret"}`, 200, nil)
	s.call("POST", "/api/connections", `{"conn_id":"crm","type":"http","host":"h","password":"canary"}`, 201, nil)
	if out, err := program(t.Context(), dir, "keys", "rotate", "--secrets").CombinedOutput(); err == nil || !strings.Contains(string(out), "--encryption-key-file") {
		t.Errorf("while the server runs: %v: %s", err, out)
	}
	s.kill()
	first, err := os.ReadFile(path)
	must(t, err)
	out, err := program(t.Context(), dir, "keys", "rotate", "--secrets").CombinedOutput()
	second, read := os.ReadFile(path)
	must(t, read)
	if err != nil || !strings.HasPrefix(string(out), "2 secrets are sealed with the key ") || string(second) == string(first) || len(strings.Fields(string(second))) != 1 {
		t.Errorf("%v: %s", err, out)
	}
	// It was cut short when the new key was written and nothing was sealed with it yet.
	cut := sealed.NewKey() + "\n" + string(second)
	must(t, os.WriteFile(path, []byte(cut), 0o600))
	s = serve(t, dir) // with both keys
	if said := s.call("POST", "/api/connections/crm/test", "", 200, nil); strings.Contains(said, `"failed":"secret"`) {
		t.Errorf("meanwhile: %s", said)
	}
	s.kill()
	out, err = program(t.Context(), dir, "keys", "rotate", "--secrets", "--output", "json").CombinedOutput()
	last, read := os.ReadFile(path)
	must(t, read)
	if err != nil || !strings.Contains(string(out), `"resealed": 2`) || strings.TrimSpace(string(last)) != strings.Fields(cut)[0] {
		t.Errorf("%v: %s", err, out)
	}
	s = serve(t, dir)
	if said := s.call("POST", "/api/connections/crm/test", "", 200, nil); strings.Contains(said, `"failed":"secret"`) {
		t.Errorf("afterwards: %s", said)
	}
	for _, args := range [][]string{{"--secrets", "--revoke-all"}, {"--secrets", "--server", s.url}} {
		if _, err := program(t.Context(), dir, append([]string{"keys", "rotate"}, args...)...).CombinedOutput(); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}
