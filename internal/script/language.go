package script

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/broked/broked/internal/fault"
)

// The programs that the interpreters execute; the script is a part of what they are
// handed.
var (
	//go:embed runner.py
	pythonRunner string
	//go:embed runner.js
	javaScriptRunner string
)

// Language is what a script is written in. The zero Language is none.
type Language struct {
	// Name is how documents call it.
	Name string
	// Command is the interpreter that is meant when nobody says which.
	Command string

	title   string
	prefix  string // of the names of its interpreters
	setting string // that names the interpreter
	code    string // of the fault when there is none
	// arguments come before the runner; memory is how many bytes there are.
	arguments   func(memory int64) []string
	environment []string
	runner      string
	reserved    uint64 // bytes of addresses that the interpreter takes and does not use
}

// The languages.
var (
	Python = Language{
		Name: "python", Command: "python3", title: "Python 3", prefix: "python", setting: "python_path", code: "python_missing", runner: pythonRunner,
		arguments:   func(int64) []string { return []string{"-I", "-B", "-X", "utf8", "-c"} },
		environment: []string{"OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1"}, // their threads take memory that nobody uses
		reserved:    1 << 30,
	}
	JavaScript = Language{
		Name: "javascript", Command: "node", title: "Node.js", prefix: "node", setting: "node_path", code: "node_missing", runner: javaScriptRunner,
		// What is not the heap needs memory as well: buffers, and the interpreter itself.
		arguments: func(memory int64) []string {
			return []string{"--no-warnings", "--disable-wasm-trap-handler", fmt.Sprintf("--max-old-space-size=%d", max(memory>>20*3/4, 32)), "-e"}
		},
		environment: []string{"OPENSSL_CONF=/dev/null"}, // it may not read the system's
		reserved:    8 << 30,
	}
)

// Interpreter is a program that can execute scripts of a language.
type Interpreter struct {
	Language Language
	Path     string   // absolute
	Folders  []string // what it reads and runs beside the system's own: absolute, with links resolved
}

// places are where an interpreter is looked for by its name.
var places = []string{"/usr/local/bin", "/usr/bin", "/bin"}

// Find returns the interpreter of a name such as python3.12, which is looked for
// where systems keep theirs, or of an absolute path. One that is not there, and
// what is no interpreter, is an Invalid fault.
func (l Language) Find(name string) (Interpreter, error) {
	base := filepath.Base(name)
	if !strings.HasPrefix(base, l.prefix) || name != base && !filepath.IsAbs(name) || strings.ContainsAny(name, "\x00\n") {
		return Interpreter{}, l.missing("%s must be a name such as %s or an absolute path that ends with one, not %q", l.setting, l.Command, name)
	}
	candidates := []string{filepath.Clean(name)}
	if name == base {
		candidates = nil
		for _, place := range places {
			candidates = append(candidates, filepath.Join(place, name))
		}
	}
	for _, path := range candidates {
		target, err := filepath.EvalSymlinks(path)
		if err != nil {
			continue
		}
		if !isProgram(target) {
			return Interpreter{}, l.missing("%s is no interpreter but a script or something else: name the interpreter itself", path)
		}
		return Interpreter{Language: l, Path: path, Folders: homes(path, target)}, nil
	}
	if name == base {
		return Interpreter{}, l.missing("there is no %s on this machine (looked in %s): install %s, or set %s", name, strings.Join(places, ", "), l.title, l.setting)
	}
	return Interpreter{}, l.missing("there is no interpreter at %s", name)
}

func (l Language) missing(format string, args ...any) error {
	return fault.New(fault.Invalid, format, args...).With(l.code)
}

// unusable is the fault of an interpreter that was found and does not start.
func (i Interpreter) unusable(cause error) error {
	return fault.Wrap(fault.Invalid, cause, "%s does not start (%s): check %s", i.Language.title, i.Path, i.Language.setting).With(i.Language.code)
}

func isProgram(path string) bool {
	f, err := os.Open(path) //nolint:gosec // only its first bytes are looked at
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return false
	}
	magic := make([]byte, 4)
	_, err = io.ReadFull(f, magic)
	return err == nil && string(magic) == "\x7fELF"
}

// homes returns the folders that belong to an interpreter: of the virtual
// environment that path is in, and of the installation that target is in.
func homes(path, target string) []string {
	folders := []string{filepath.Dir(filepath.Dir(target))}
	venv := filepath.Dir(filepath.Dir(path))
	if _, err := os.Stat(filepath.Join(venv, "pyvenv.cfg")); err == nil {
		if resolved, err := filepath.EvalSymlinks(venv); err == nil {
			folders = append(folders, resolved)
		}
	}
	return folders
}

// System returns the files and folders that every interpreter may need.
func System() []string {
	all := []string{"/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime"}
	more, _ := filepath.Glob("/etc/python3*") // the pattern is sound
	return append(all, more...)
}
