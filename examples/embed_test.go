package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/examples"
)

func TestEveryExampleIntroducesItself(t *testing.T) {
	t.Parallel()
	all, err := examples.All()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("there are no examples")
	}
	for _, e := range all {
		if e.Name == "" || e.Description == "" || e.Icon == "" || e.Source == "" {
			t.Errorf("%s lacks a name, a description, an icon or a source: %+v", e.ID, e)
		}
		if slug := strings.ReplaceAll(strings.ToLower(e.Name), " ", "-"); slug != e.ID {
			t.Errorf("%s is called %q, which makes the slug %s", e.ID, e.Name, slug)
		}
	}
}

func TestExamplesReadOnlyWhatIsUnpacked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := examples.Unpack(dir); err != nil {
		t.Fatal(err)
	}
	all, err := examples.All()
	if err != nil {
		t.Fatal(err)
	}
	paths := regexp.MustCompile(`(?m)^ *path: (\S+)$`)
	for _, e := range all {
		for _, m := range paths.FindAllSubmatch(e.YAML, -1) {
			path, ours := strings.CutPrefix(string(m[1]), "examples/")
			if !ours {
				t.Errorf("%s uses %s, which is not in examples", e.ID, path)
			}
			if strings.HasPrefix(path, "out/") {
				continue
			}
			if _, err := os.Stat(filepath.Join(dir, path)); err != nil {
				t.Errorf("%s reads %s: %v", e.ID, path, err)
			}
		}
	}
}

func TestUnpackLeavesFilesAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := examples.Unpack(dir); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	mine := filepath.Join(data, "weather.csv")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	lost := filepath.Join(data, "airports.csv")
	if err := os.Remove(lost); err != nil {
		t.Fatal(err)
	}

	if err := examples.Unpack(dir); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(mine); err != nil || string(got) != "mine" {
		t.Errorf("a file that was there was changed: %q, %v", got, err)
	}
	info, err := os.Stat(lost)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o644 {
		t.Errorf("an unpacked file has mode %o, want 644", got)
	}
	if diff := cmp.Diff(names(t, "data"), names(t, data)); diff != "" {
		t.Errorf("the folder differs from the repository's (-want +got):\n%s", diff)
	}
}

func TestUnpackSaysWhereItFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "data"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := examples.Unpack(dir)
	if err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want an error that names %s", err, dir)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}
