package private_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/broked/broked/internal/private"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOnlyItsOwnerMayHaveReadIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.WriteFile(at("good"), []byte("x"), 0o400))
	for name, mode := range map[string]os.FileMode{"world": 0o644, "group": 0o640, "writable": 0o602} {
		must(t, os.WriteFile(at(name), []byte("x"), 0o600))
		must(t, os.Chmod(at(name), mode))
	}
	must(t, os.Symlink(at("good"), at("link")))
	must(t, os.Mkdir(at("folder"), 0o700))
	must(t, syscall.Mkfifo(at("fifo"), 0o600))
	must(t, os.WriteFile(at("large"), make([]byte, private.MaxSize+1), 0o600))
	cases := map[string]string{
		"world": "run chmod 600 ", "group": "run chmod 600 ", "writable": "run chmod 600 ",
		"link": "symbolic link", "folder": "not a regular file", "fifo": "not a regular file", "large": "more than",
	}
	if os.Geteuid() == 0 {
		must(t, os.WriteFile(at("foreign"), []byte("x"), 0o600))
		must(t, os.Chown(at("foreign"), 12345, -1))
		cases["foreign"] = "run chown 0 "
	}
	for name, want := range cases {
		if text, err := private.Read(at(name)); err == nil || !strings.Contains(err.Error(), want) || text != nil && name != "large" {
			t.Errorf("%s: %q, error %v, want %q", name, text, err, want)
		}
	}
	if text, err := private.Read(at("good")); err != nil || string(text) != "x" {
		t.Errorf("%q, error %v", text, err)
	}
	if _, err := private.Read(at("absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an absent file: error %v", err)
	}
}

// TestOneOfManyMakesIt checks that a file which many make at once has the whole
// content of one of them, and that nothing is left beside it.
func TestOneOfManyMakesIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	var made atomic.Int64
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			err := private.Make(path, []byte(strings.Repeat(strconv.Itoa(i%10), 1000)))
			switch {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	text, err := private.Read(path)
	must(t, err)
	if made.Load() != 1 || len(text) != 1000 || strings.Trim(string(text), string(text[0])) != "" {
		t.Errorf("%d made it, %d bytes", made.Load(), len(text))
	}
	must(t, private.Replace(path, []byte("new")))
	if text, err := private.Read(path); err != nil || string(text) != "new" {
		t.Errorf("%q, error %v", text, err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	if len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if err := private.Replace(filepath.Join(path, "x"), nil); err == nil {
		t.Error("a file was written below a file")
	}
}
