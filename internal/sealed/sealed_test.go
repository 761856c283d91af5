package sealed_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/sealed"
)

func key(seed string) string {
	return base64.StdEncoding.EncodeToString([]byte(seed + strings.Repeat("k", sealed.KeySize-len(seed))))
}

func given(t *testing.T, seed string) *sealed.Box {
	t.Helper()
	b, err := sealed.Given(key(seed))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatIsSealedOpensInItsPlaceOnly(t *testing.T) {
	t.Parallel()
	box, at := given(t, "a"), sealed.Place{Table: "hooks", Row: "1", Column: "secret"}
	text := box.Seal(at, "whsec_x")
	if strings.Contains(text, "whsec") || text == box.Seal(at, "whsec_x") {
		t.Errorf("sealed as %s", text)
	}
	if secret, err := box.Open(at, text); err != nil || secret != "whsec_x" {
		t.Errorf("opened as %q, %v", secret, err)
	}
	changed := text[:len(text)-2] + string(text[len(text)-2]^1) + text[len(text)-1:]
	for name, try := range map[string]struct {
		box  *sealed.Box
		at   sealed.Place
		text string
	}{
		"another row":    {box, sealed.Place{Table: "hooks", Row: "2", Column: "secret"}, text},
		"another column": {box, sealed.Place{Table: "hooks", Row: "1", Column: "secreT"}, text},
		"shifted place":  {box, sealed.Place{Table: "hooks1", Row: "", Column: "secret"}, text},
		"another key":    {given(t, "b"), at, text},
		"changed":        {box, at, changed},
		"cut":            {box, at, text[:len(text)/2]},
		"plain":          {box, at, "whsec_x"},
		"empty":          {box, at, ""},
	} {
		if secret, err := try.box.Open(try.at, try.text); fault.CodeOf(err) != "secret_unreadable" || secret != "" {
			t.Errorf("%s: %q, %v", name, secret, err)
		}
	}
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data.key")
	at := sealed.Place{Table: "t", Row: "r", Column: "c"}
	texts := make([]string, 8)
	var wg sync.WaitGroup
	for i := range texts {
		wg.Go(func() {
			if b, err := sealed.Open(path); err == nil {
				texts[i] = b.Seal(at, "s")
			} else {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	b, err := sealed.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if s, err := b.Open(at, text); err != nil || s != "s" {
			t.Errorf("of those who made the key at once: %q, %v", s, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the key: %v, %v", info, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := sealed.Open(path); err == nil {
		t.Error("a key that everybody may read is used")
	}
}

func TestBadKeys(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "short", base64.StdEncoding.EncodeToString(make([]byte, 31)), base64.StdEncoding.EncodeToString(make([]byte, 32)), strings.Repeat("é", 32)} {
		if _, err := sealed.Given(text); err == nil {
			t.Errorf("%q is taken for a key", text)
		}
	}
}
