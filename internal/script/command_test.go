package script_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/script"
)

// commanded executes a command and returns what it has printed.
func commanded(ctx context.Context, t *testing.T, text string, timeout time.Duration, line func(string)) ([]string, error) {
	t.Helper()
	if _, err := script.Bash(); err != nil {
		t.Skip(err)
	}
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var printed []string
	err = script.Command{
		Text: text, Folder: folder, Temp: folder, Timeout: timeout, Memory: 512 << 20,
		Line: func(_ script.Stream, l string) {
			printed = append(printed, l)
			line(l)
		},
	}.Run(ctx)
	return printed, err
}

func ignored(string) {}

func TestCommandsEnd(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"true":                       "<nil>",
		"exit 3":                     "command_failed the command ended with exit status 3",
		"false | true":               "command_failed the command ended with exit status 1",
		"false; true":                "<nil>",
		"printf 'a\\nb' >&2; exit 4": "command_failed the command ended with exit status 4: a / b",
		"if":                         "command_failed the command ended with exit status 2: bash: -c: line 2: syntax error: unexpected end of file",
		"kill -9 $$":                 "command_failed the command was killed, perhaps by the system for lack of memory: each of its processes may use 512 MiB",
		"for i in {1..9}; do echo $i >&2; done; exit 1": "command_failed the command ended with exit status 1: 5 / 6 / 7 / 8 / 9",
		"nix": "command_failed the command ended with exit status 127: bash: line 1: nix: command not found",
	} {
		_, err := commanded(t.Context(), t, text, time.Minute, ignored)
		got := "<nil>"
		if err != nil {
			got = fault.CodeOf(err) + " " + fault.MessageOf(err)
		}
		if text == "if" { // versions of bash say it in different words
			got, _, _ = strings.Cut(got, ": bash")
			want, _, _ = strings.Cut(want, ": bash")
		}
		if got != want || err != nil && !fault.IsTransient(err) {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func TestCommandsPrintToABound(t *testing.T) {
	t.Parallel()
	printed, err := commanded(t.Context(), t, "seq 12000", time.Minute, ignored)
	if err != nil || len(printed) != 10_001 {
		t.Fatalf("%d lines: %v", len(printed), err)
	}
	if last := printed[10_000]; last != "2000 more lines were printed, which are left out" {
		t.Errorf("the last is %q", last)
	}
	printed, err = commanded(t.Context(), t, "printf '%020000d' 0", time.Minute, ignored)
	if err != nil || len(printed) != 1 || len(printed[0]) != 16<<10+len(" …") {
		t.Errorf("%d lines: %v", len(printed), err)
	}
}

// TestCommandsAreToldToEnd sees that a command may clean up when its time is over,
// and that one which does not want to end is killed.
func TestCommandsAreToldToEnd(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"trap 'echo cleaned; exit 1' TERM; echo there; sleep 600 & wait": "[there cleaned]",
		"trap '' TERM; echo there; while :; do sleep 600; done":          "[there]",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			printed, err := commanded(t.Context(), t, text, time.Second, ignored)
			if got := fmt.Sprint(printed); got != want || fault.CodeOf(err) != "command_timeout" || fault.IsTransient(err) {
				t.Errorf("got %s %v, want %s", got, err, want)
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			printed, err = commanded(ctx, t, text, time.Minute, func(string) { stop() })
			if got := fmt.Sprint(printed); got != want || err == nil || fault.CodeOf(err) == "command_timeout" {
				t.Errorf("cancelled: got %s %v, want %s", got, err, want)
			}
		})
	}
}
