package script_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/script"
)

func TestProgramsAreFound(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	written := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := written("dbt", "#!/bin/sh -e\n", 0o755)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(good, link); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		good: "", link: "", "sh": "",
		written("text", "#!/bin/sh\n", 0o644):              "program_missing",
		written("lost", "#!/nowhere/bin/python3\n", 0o755): "program_missing",
		dir:                       "program_missing",
		filepath.Join(dir, "nix"): "program_missing", "no-such-program": "program_missing", "": "program_missing", "../sh": "program_missing",
	} {
		p, err := script.FindProgram(name)
		if got := fault.CodeOf(err); (err != nil || want != "") && got != want {
			t.Errorf("%q: %v", name, err)
		}
		if want == "" && (!filepath.IsAbs(p.Path) || !slices.Contains(p.Folders, p.Path)) {
			t.Errorf("%q: %+v", name, p)
		}
	}
}

func TestCommandsHaveArguments(t *testing.T) {
	t.Parallel()
	if _, err := script.Bash(); err != nil {
		t.Skip(err)
	}
	var got []string
	folder := t.TempDir()
	err := script.Command{
		Text: `printf '%s\n' "$@"`, Args: []string{"a b", "", "$(x)", "'"}, Folder: folder, Temp: folder, Timeout: 1e10, Memory: 512 << 20,
		Line: func(_ script.Stream, line string) { got = append(got, line) },
	}.Run(t.Context())
	if err != nil || !slices.Equal(got, []string{"a b", "$(x)", "'"}) { // a line of nothing is not told
		t.Errorf("%q %v", got, err)
	}
}
