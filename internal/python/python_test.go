package python_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/python"
)

// script runs a script without rows and returns what it has printed.
func script(ctx context.Context, t *testing.T, text string, line func(string)) ([]string, error) {
	t.Helper()
	found, err := python.Find("python3")
	if err != nil {
		t.Skip(err)
	}
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var printed []string
	s := python.Script{
		Interpreter: found, Text: text, Timeout: time.Minute, Memory: 1 << 30, Folder: folder,
		Line: func(_ python.Stream, l string) {
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
	_, err := script(ctx, t, fmt.Sprintf(`
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
	printed, err := script(t.Context(), t, `
for i in range(50000):
    print(i)
sys.stderr.write("y" * 5_000_000)
output_data = [{"a": 1}]`, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	last := printed[len(printed)-1]
	if len(printed) != 2001 || last != "the script printed 48001 more lines, which are left out" {
		t.Errorf("%d lines, the last %q", len(printed), last)
	}
	printed, err = script(t.Context(), t, `print("y" * 5_000_000)`, func(string) {})
	if err != nil || len(printed) != 1 || len(printed[0]) > 5000 || !strings.HasSuffix(printed[0], "…") {
		t.Errorf("a long line: %v, %d lines", err, len(printed))
	}
}

func TestTheScriptIsShutIn(t *testing.T) {
	t.Parallel()
	if version, err := ll.LandlockGetABIVersion(); err != nil || version < 4 {
		t.Skip("this machine has no Landlock, or an old one")
	}
	printed, err := script(t.Context(), t, `
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
		_, err := script(t.Context(), t, text, func(string) {})
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
		if _, err := python.Find(name); fault.MessageOf(err) != want || fault.CodeOf(err) != "python_missing" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
