package files_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/files"
)

// TestGrounds sees what programs are let into: all of a root, or what is beside the
// things in it that are closed, and no other way to them.
func TestGrounds(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	for _, folder := range []string{at("work", "broked-data", "keys"), at("work", "broked-data", "files", "deep"), at("work", "sales"), at("whole", "deep")} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{at("work", "in.csv"), at("work", "broked-data", "broked.db"), at("work", "broked-data", "keys", "k")} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		os.Symlink(at("work", "broked-data", "keys"), at("work", "link")),
		os.Link(at("work", "broked-data", "broked.db"), at("work", "other-name")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	roots := files.Roots{
		Base: at("work"), Allow: []string{at("work"), at("whole"), at("nix"), at("work", "sales")},
		Deny: []string{at("work", "broked-data", "keys"), at("work", "broked-data", "broked.db"), at("work", "broked-data", "broked.db-wal")},
	}
	got, err := roots.Grounds()
	want := []string{at("whole"), at("work", "broked-data", "files"), at("work", "in.csv"), at("work", "sales")}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v %v\nwant %v", got, err, want)
	}
	for path, want := range map[string]string{
		".": "", "sales": "", at("whole", "deep"): "", "nix": "file_not_found", "in.csv": "bad_path", "link": "path_not_allowed",
		"broked-data/keys": "path_not_allowed", "..": "path_not_allowed", "/": "path_not_allowed",
	} {
		if _, err := roots.Existing(path); (err == nil) != (want == "") || err != nil && fault.CodeOf(err) != want {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}
