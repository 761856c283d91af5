package script_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/script"
)

// run runs a Python script without rows and returns what it has printed.
func run(ctx context.Context, t *testing.T, text string, line func(string)) ([]string, error) {
	t.Helper()
	return runIn(ctx, t, script.Python, text, line)
}

func runIn(ctx context.Context, t *testing.T, language script.Language, text string, line func(string)) ([]string, error) {
	t.Helper()
	found, err := language.Find(language.Command)
	if err != nil {
		t.Skip(err)
	}
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var printed []string
	s := script.Script{
		Interpreter: found, Text: text, Timeout: time.Minute, Memory: 1 << 30, Folder: folder,
		Line: func(_ script.Stream, l string) {
			printed = append(printed, l)
			line(l)
		},
	}
	err = s.Run(ctx, nil, func(func(batch.Batch, error) bool) {}, func(batch.Batch) error { return nil })
	return printed, err
}

// running reports whether a process has word in its command line.
func running(t *testing.T, word string) bool {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if line, err := os.ReadFile(file); err == nil && bytes.Contains(line, []byte(word)) {
			return true
		}
	}
	return false
}

func TestCancelLeavesNoProcess(t *testing.T) {
	t.Parallel()
	word := "leftover-" + id.New()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := run(ctx, t, fmt.Sprintf(`
import signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = "import time; print('there', flush=True); time.sleep(600) # %s"
subprocess.Popen([sys.executable, "-c", child])
while True:
    time.sleep(1)`, word), func(line string) {
		if line == "there" {
			if !running(t, word) {
				t.Error("the process that should be ended is not seen")
			}
			cancel()
		}
	})
	if err == nil || ctx.Err() == nil {
		t.Fatalf("got %v, want the end of the context", err)
	}
	if running(t, word) {
		t.Error("a process of the script is left")
	}
}

func TestFloodsAreCut(t *testing.T) {
	t.Parallel()
	printed, err := run(t.Context(), t, `
for i in range(50000):
    print(i)
sys.stderr.write("y" * 5_000_000)
output_data = [{"a": 1}]`, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	last := printed[len(printed)-1]
	if len(printed) != 2001 || last != "48001 more lines were printed, which are left out" {
		t.Errorf("%d lines, the last %q", len(printed), last)
	}
	printed, err = run(t.Context(), t, `print("y" * 5_000_000)`, func(string) {})
	if err != nil || len(printed) != 1 || len(printed[0]) > 5000 || !strings.HasSuffix(printed[0], "…") {
		t.Errorf("a long line: %v, %d lines", err, len(printed))
	}
}

func TestTheScriptIsShutIn(t *testing.T) {
	t.Parallel()
	if version, err := ll.LandlockGetABIVersion(); err != nil || version < 4 {
		t.Skip("this machine has no Landlock, or an old one")
	}
	printed, err := run(t.Context(), t, `
import socket
def tried(what, do):
    try:
        do()
        print(what)
    except OSError:
        pass
tried("read passwd", lambda: open("/etc/passwd"))
tried("read the parent", lambda: open("/proc/%d/environ" % os.getppid()))
tried("read itself", lambda: open("/proc/self/environ"))
tried("list the root", lambda: os.listdir("/"))
tried("write elsewhere", lambda: open("/tmp/broked-escape", "w"))
tried("write its own", lambda: open("own", "w").write("x"))
tried("write the library", lambda: open(os.__file__, "a"))
tried("link out", lambda: (os.symlink("/etc/passwd", "link"), open("link")))
tried("connect", lambda: socket.create_connection(("127.0.0.1", 22), 1))
tried("listen", lambda: socket.create_server(("127.0.0.1", 0)))
tried("signal", lambda: os.kill(os.getppid() or 1 << 22, 0))
tried("chroot", lambda: os.chroot("."))
print(sorted(os.environ))`, func(string) {})
	want := "[write its own ['HOME', 'LANG', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'PATH', 'TMPDIR', 'TZ']]"
	if got := fmt.Sprint(printed); err != nil || got != want {
		t.Errorf("got %s %v\nwant %s", got, err, want)
	}
}

func TestEndsWithoutAResult(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"os._exit(0)": "script_died the interpreter ended without a result (exit status 0)",
		"os.kill(os.getpid(), 11)\n" + `import ctypes; ctypes.string_at(1)`: "script_died the interpreter crashed (segmentation fault), perhaps for lack of memory: it may use 1.0 GiB",
		"os.write(4, b'Z' * 5 + b'\\0' * 90)":                               "bad_result the result does not arrive: the script must not write to file descriptor 4",
		"os.close(4)":                                                       "script_died the interpreter ended without a result (exit status 1)",
	} {
		_, err := run(t.Context(), t, text, func(string) {})
		if got := fault.CodeOf(err) + " " + fault.MessageOf(err); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func TestFindInterpreters(t *testing.T) {
	t.Parallel()
	shim := filepath.Join(t.TempDir(), "python3")
	if err := os.WriteFile(shim, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"python9.99":  "there is no python9.99 on this machine (looked in /usr/local/bin, /usr/bin, /bin): install Python 3, or set python_path",
		"bash":        `python_path must be a name such as python3 or an absolute path that ends with one, not "bash"`,
		"bin/python3": `python_path must be a name such as python3 or an absolute path that ends with one, not "bin/python3"`,
		"/no/python3": "there is no interpreter at /no/python3",
		shim:          shim + " is no interpreter but a script or something else: name the interpreter itself",
	} {
		if _, err := script.Python.Find(name); fault.MessageOf(err) != want || fault.CodeOf(err) != "python_missing" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// asNobody runs the calling test again by an account that is not root, whose
// processes the kernel counts, and reports whether it did.
func asNobody(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() != 0 {
		return false
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "test")
	self, err := os.ReadFile(os.Args[0])
	if err == nil {
		err = errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.WriteFile(program, self, 0o755), os.Mkdir(filepath.Join(dir, "tmp"), 0o777), os.Chown(filepath.Join(dir, "tmp"), 65534, 65534))
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.run=^"+t.Name()+"$")
	cmd.Dir, cmd.Env = "/", []string{"TMPDIR=" + filepath.Join(dir, "tmp")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	return true
}

// TestForkBombsAreBounded checks that a script which starts processes without end
// gets no more of them than it may have, and that none is left.
func TestForkBombsAreBounded(t *testing.T) {
	t.Parallel()
	if asNobody(t) {
		return
	}
	word := "bomb-" + id.New()
	printed, err := run(t.Context(), t, fmt.Sprintf(`
import time
n, word = 0, %q
try:
    while n < 500:
        if os.fork() == 0:
            time.sleep(600)
            os._exit(0)
        n += 1
except BlockingIOError:
    print("refused")
print(n <= 64)
output_data = [{"a": 1}]`, word), func(string) {})
	if got := fmt.Sprint(printed); err != nil || got != "[refused True]" {
		t.Errorf("got %s %v", got, err)
	}
	if running(t, word) {
		t.Error("a process of the script is left")
	}
}

// TestJavaScriptIsShutIn tries in JavaScript what no script may do.
func TestJavaScriptIsShutIn(t *testing.T) {
	t.Parallel()
	if version, err := ll.LandlockGetABIVersion(); err != nil || version < 4 {
		t.Skip("this machine has no Landlock, or an old one")
	}
	printed, err := runIn(t.Context(), t, script.JavaScript, `
const fs = require("fs"), net = require("net");
const tried = (what, run) => { try { run(); console.log(what) } catch (e) { if (!e.code) throw e } };
tried("read passwd", () => fs.readFileSync("/etc/passwd"));
tried("read itself", () => fs.readFileSync("/proc/self/environ"));
tried("list the root", () => fs.readdirSync("/"));
tried("write elsewhere", () => fs.writeFileSync("/tmp/broked-escape", "x"));
tried("write its own", () => fs.writeFileSync("own", "x"));
tried("link out", () => { fs.symlinkSync("/etc/passwd", "link"); fs.readFileSync("link") });
tried("signal", () => process.kill(process.ppid || 1 << 22, 0));
console.log(Object.keys(process.env).sort().join());
net.connect(22, "127.0.0.1").on("error", (e) => console.log(e.code));
output_data = [{a: 1}];`, func(string) {})
	want := "[write its own HOME,LANG,OPENSSL_CONF,PATH,TMPDIR,TZ EACCES]"
	if got := fmt.Sprint(printed); err != nil || got != want {
		t.Errorf("got %s %v\nwant %s", got, err, want)
	}
}

func TestJavaScriptFails(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"\n a.b()":                                       "script_failed the script failed in line 2: ReferenceError: a is not defined (a.b())",
		"let x = ;":                                      "script_failed the script failed in line 1: SyntaxError: Unexpected token ';' (let x = ;)",
		"setTimeout(() => { throw null })":               "script_failed the script failed: thrown: null",
		"process.exit(2)":                                "bad_result the script ended itself: 2",
		"process.exit()":                                 " ",
		"process.reallyExit(0)":                          "script_died the interpreter ended without a result (exit status 0)",
		"output_data = 1":                                "bad_result output_data must be a list of objects, not a number",
		"output_data = [null]":                           "bad_result row 1 of output_data is null and not an object",
		"output_data = [{a: () => 1}]":                   "bad_result row 1, column a has a function, which no column can keep",
		"emit({a: 1}); output_data = []":                 "bad_result the script has called emit and has set output_data: a result comes one way or the other",
		"require('fs').writeSync(4, 'Z\\0\\0\\0\\0\\0')": "bad_result the result does not arrive: the script must not write to file descriptor 4",
	} {
		_, err := runIn(t.Context(), t, script.JavaScript, text, func(string) {})
		got := " "
		if err != nil {
			got = fault.CodeOf(err) + " " + fault.MessageOf(err)
		}
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}
