package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// TestTheKeyOfSecretsIsReplacedUnderKills kills replacements at all their moments. Whatever
// was done, a server opens every secret, and a replacement that may end leaves one key.
func TestTheKeyOfSecretsIsReplacedUnderKills(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "broked-data", "keys", "data.key")
	const secrets = 30
	s := serve(t, dir)
	for i := range secrets {
		s.call("POST", "/api/connections", fmt.Sprintf(`{"conn_id":"c%d","type":"http","host":"h","password":"canary %d"}`, i, i), 201, nil)
	}
	s.kill()
	begun, cut := time.Now(), 0
	first, err := os.ReadFile(path)
	must(t, err)
	out, err := program(t.Context(), dir, "keys", "rotate", "--secrets").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	whole := time.Since(begun)
	for round := range 12 {
		ctx, stop := context.WithTimeout(t.Context(), whole*time.Duration(round+1)/12)
		if _, err := program(ctx, dir, "keys", "rotate", "--secrets").CombinedOutput(); err != nil && ctx.Err() == nil {
			t.Errorf("round %d: %v", round, err)
		}
		stop()
		keys, err := os.ReadFile(path)
		must(t, err)
		if n := len(strings.Fields(string(keys))); n == 2 {
			cut++
		} else if n != 1 {
			t.Fatalf("round %d left %d keys", round, n)
		}
	}
	t.Logf("%d of 12 were cut between both keys", cut)
	s = serve(t, dir)
	for i := range secrets {
		if said := s.call("POST", fmt.Sprintf("/api/connections/c%d/test", i), "", 200, nil); strings.Contains(said, `"failed":"secret"`) {
			t.Errorf("secret %d: %s", i, said)
		}
	}
	s.kill()
	out, err = program(t.Context(), dir, "keys", "rotate", "--secrets").CombinedOutput()
	last, read := os.ReadFile(path)
	must(t, read)
	if err != nil || len(strings.Fields(string(last))) != 1 || string(last) == string(first) {
		t.Errorf("%v: %s", err, out)
	}
}
