package script

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/broked/broked/internal/fault"
)

// Program is a program of another project, such as dbt.
type Program struct {
	Path    string   // absolute, with links resolved
	Folders []string // files and folders that it reads and runs beside the system's own
}

// FindProgram returns the program of a name, which is looked for where systems keep
// theirs, or of an absolute path. It may be a script whose first line names its
// interpreter. One that is not there, or cannot be executed, is an Invalid fault.
func FindProgram(name string) (Program, error) {
	candidates := []string{filepath.Clean(name)}
	if name == filepath.Base(name) {
		candidates = nil
		for _, place := range places {
			candidates = append(candidates, filepath.Join(place, name))
		}
	}
	for _, path := range candidates {
		if target, err := filepath.EvalSymlinks(path); err == nil && filepath.IsAbs(target) {
			return program(path, target)
		}
	}
	return Program{}, fault.New(fault.Invalid, "there is no program %s on this machine: install it, or name it by its absolute path", strings.Join(candidates, ", ")).With("program_missing")
}

func program(path, target string) (Program, error) {
	info, err := os.Stat(target)
	if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return Program{}, fault.New(fault.Invalid, "%s is no program that may be executed", path).With("program_missing")
	}
	p := Program{Path: target, Folders: []string{target}}
	switch interpreter := shebang(target); {
	case strings.HasPrefix(filepath.Base(interpreter), Python.prefix):
		found, err := Python.Find(interpreter)
		if err != nil {
			return Program{}, fault.Wrap(fault.Invalid, err, "the interpreter of %s: %s", path, fault.MessageOf(err)).With("program_missing")
		}
		p.Folders = append(p.Folders, found.Folders...)
	case interpreter != "":
		if resolved, err := filepath.EvalSymlinks(interpreter); err == nil {
			p.Folders = append(p.Folders, resolved)
		}
	case isProgram(target):
		p.Folders = append(p.Folders, filepath.Dir(target))
	}
	slices.Sort(p.Folders)
	p.Folders = slices.Compact(p.Folders)
	return p, nil
}

// shebang returns the interpreter that the first line of a script names, or nothing.
func shebang(path string) string {
	f, err := os.Open(path) //nolint:gosec // only its first line is looked at
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	line, _ := bufio.NewReader(io.LimitReader(f, 512)).ReadString('\n')
	rest, is := strings.CutPrefix(line, "#!")
	if words := strings.Fields(rest); is && len(words) > 0 {
		return words[0]
	}
	return ""
}
