package files_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/files"
)

func TestLook(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	actual, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := files.Roots{Base: dir, Allow: []string{dir}}
	if all, err := r.Look("in/*.csv"); err != nil || len(all) != 0 {
		t.Errorf("without a folder: %v %v", all, err)
	}
	old := time.Date(2020, 1, 1, 0, 0, 0, 5, time.UTC)
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "in"), 0o700),
		os.WriteFile(filepath.Join(dir, "in/a.csv"), []byte("abc"), 0o600),
		os.Chtimes(filepath.Join(dir, "in/a.csv"), old, old),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	all, err := r.Look("in/*.csv")
	if err != nil || len(all) != 1 || all[0].Path != filepath.Join(actual, "in/a.csv") || all[0].Size != 3 || !all[0].Modified.Equal(old) || !all[0].Changed.After(old) {
		t.Errorf("a file: %+v %v", all, err)
	}
	for _, pattern := range []string{"/etc/*", "../*.csv", "in", "in/[.csv"} {
		if all, err := r.Look(pattern); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v %v", pattern, all, err)
		}
	}
}
