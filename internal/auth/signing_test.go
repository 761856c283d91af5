package auth

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/broked/broked/internal/fault"
)

// keyFiles are where keys are kept in a test.
type keyFiles struct {
	t               *testing.T
	active, retired string
}

func newKeyFiles(t *testing.T) keyFiles {
	t.Helper()
	dir := t.TempDir()
	return keyFiles{t, filepath.Join(dir, "active"), filepath.Join(dir, "retired.json")}
}

func (f keyFiles) open(now time.Time) *SigningKeys {
	f.t.Helper()
	keys, err := OpenSigningKeys(f.active, f.retired, now)
	f.must(err)
	return keys
}

func (f keyFiles) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f keyFiles) rotate(keys *SigningKeys, now time.Time, revokeAll bool) string {
	f.t.Helper()
	_, err := keys.rotate(now, revokeAll)
	f.must(err)
	return keys.signing().id
}

// wantVerifies fails unless keys, and those that a process which starts at now
// finds in the files, verify by exactly these.
func (f keyFiles) wantVerifies(keys *SigningKeys, now time.Time, want map[string]bool) {
	f.t.Helper()
	for name, s := range map[string]*SigningKeys{"in memory": keys, "in the files": f.open(now)} {
		for id, verifies := range want {
			if _, _, got := s.find(tokenHeader(sessionToken, id), now); got != verifies {
				f.t.Errorf("%s, at %s: key %s verifies: %v, want %v", name, now.Format(time.TimeOnly), id, got, verifies)
			}
		}
		if s.signing().id != keys.signing().id {
			f.t.Errorf("%s: signs by %s, want %s", name, s.signing().id, keys.signing().id)
		}
	}
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestRotatedKeyVerifiesAsLongAsItsTokensLast(t *testing.T) {
	t.Parallel()
	f := newKeyFiles(t)
	keys := f.open(noon)
	first := keys.signing().id
	second := f.rotate(keys, noon, false)
	third := f.rotate(keys, noon.Add(time.Hour), false)
	f.wantVerifies(keys, noon.Add(SessionLife-time.Second), map[string]bool{first: true, second: true, third: true, "00000000": false, "": false})
	f.wantVerifies(keys, noon.Add(SessionLife), map[string]bool{first: false, second: true, third: true})
	text, err := os.ReadFile(f.retired)
	f.must(err)
	if n := strings.Count(string(text), `"key"`); n != 1 {
		t.Errorf("a key that is over stays in the file: %d are there", n)
	}
	fourth := f.rotate(keys, noon.Add(SessionLife), true)
	f.wantVerifies(keys, noon.Add(SessionLife), map[string]bool{first: false, second: false, third: false, fourth: true})
	for _, path := range []string{f.active, f.retired} {
		info, err := os.Stat(path)
		f.must(err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", path, info.Mode().Perm())
		}
	}
}

// TestRotationThatIsCutShort checks the state between the two files that a
// rotation writes: the old key signs, and nobody is signed out.
func TestRotationThatIsCutShort(t *testing.T) {
	t.Parallel()
	f := newKeyFiles(t)
	keys := f.open(noon)
	before, err := os.ReadFile(f.active)
	f.must(err)
	old := keys.signing().id
	f.rotate(keys, noon, false)
	f.must(os.WriteFile(f.active, before, 0o600))
	again := f.open(noon.Add(time.Minute))
	if again.signing().id != old {
		t.Fatalf("signs by %s, want %s", again.signing().id, old)
	}
	next := f.rotate(again, noon.Add(time.Hour), false)
	f.wantVerifies(again, noon.Add(SessionLife+time.Minute), map[string]bool{old: true, next: true})
}

func TestKeysAreMadeOnce(t *testing.T) {
	t.Parallel()
	f := newKeyFiles(t)
	ids := make([]string, 20)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() { ids[i] = f.open(noon).signing().id })
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("keys %s and %s", id, ids[0])
		}
	}
	if _, err := os.Stat(f.retired); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file of retired keys before any is retired: %v", err)
	}
}

func TestKeyFilesThatAreNotSafe(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("k", MinSecret)
	for name, tc := range map[string]struct {
		active, retired string
		mode            os.FileMode
		want            string
	}{
		"empty":                {"", "", 0o600, "holds 0 bytes"},
		"short":                {good[:16], "", 0o600, "needs at least 32"},
		"read by others":       {good, "", 0o644, "chmod 600"},
		"read by the group":    {good, "", 0o640, "chmod 600"},
		"retired: not JSON":    {good, "{", 0o600, "is damaged"},
		"retired: unknown":     {good, `{"retired":[],"x":1}`, 0o600, "is damaged"},
		"retired: short key":   {good, `{"retired":[{"key":"eA==","ends":"2026-03-01T12:00:00Z"}]}`, 0o600, "is damaged"},
		"retired: without end": {good, `{"retired":[{"key":"a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="}]}`, 0o600, "is damaged"},
	} {
		f := newKeyFiles(t)
		f.must(os.WriteFile(f.active, []byte(tc.active), 0o600))
		f.must(os.Chmod(f.active, tc.mode))
		if tc.retired != "" {
			f.must(os.WriteFile(f.retired, []byte(tc.retired), 0o600))
		}
		_, err := OpenSigningKeys(f.active, f.retired, noon)
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), good) {
			t.Errorf("%s: error %v, want %q", name, err, tc.want)
		}
		if text, err := os.ReadFile(f.active); err != nil || string(text) != tc.active {
			t.Errorf("%s: the file has become %q (%v)", name, text, err)
		}
	}
	f := newKeyFiles(t)
	f.must(os.Symlink(filepath.Join(t.TempDir(), "elsewhere"), f.active))
	if _, err := OpenSigningKeys(f.active, f.retired, noon); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("a link: error %v", err)
	}
}

func TestRotationsThatAreRefused(t *testing.T) {
	t.Parallel()
	given, err := GivenSigningKey([]byte(strings.Repeat("k", MinSecret)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := given.rotate(noon, true); fault.CodeOf(err) != "key_given" {
		t.Errorf("a given key: error %v", err)
	}
	if _, err := GivenSigningKey([]byte("short")); err == nil {
		t.Error("a short key was taken")
	}
	f := newKeyFiles(t)
	keys := f.open(noon)
	for range maxRetired {
		f.rotate(keys, noon, false)
	}
	last := keys.signing().id
	if _, err := keys.rotate(noon, false); fault.CodeOf(err) != "too_many_keys" {
		t.Errorf("one more: error %v", err)
	}
	f.wantVerifies(keys, noon, map[string]bool{last: true})
	f.rotate(keys, noon.Add(SessionLife), false)
}
