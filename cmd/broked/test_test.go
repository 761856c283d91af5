package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExamplesPassTheirTests runs the tests that the examples have, as people do.
func TestExamplesPassTheirTests(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../examples/*.yaml")
	must(t, err)
	for i := range files {
		files[i], err = filepath.Abs(files[i])
		must(t, err)
	}
	said, err := program(t.Context(), t.TempDir(), append([]string{"test"}, files...)...).CombinedOutput()
	if err != nil || strings.Contains(string(said), "no tests") || strings.Count(string(said), "✓") < len(files) {
		t.Errorf("%v:\n%s", err, said)
	}
}

func TestFailedTests(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "p.yaml")
	must(t, os.WriteFile(file, []byte(`
name: P
nodes:
  - {id: in, type: source_file, config: {path: missing.csv}}
  - {id: twice, type: transform, config: {rules: [{type: add_column, name: twice, expression: n * 2}]}}
  - {id: out, type: sink_file, config: {path: out.csv}}
edges:
  - {from: in, to: twice}
  - {from: twice, to: out}
tests:
  - name: right
    inputs: {in: [{n: 1, at: 2026-01-31T12:00:00}]}
    expect: {out: [{n: 1, twice: 2.0, at: "2026-01-31 12:00"}]}
  - name: wrong
    inputs: {in: [{n: 1}]}
    expect: {out: [{n: 2}, {n: 3}], twice: [{twize: 2}]}
  - name: without a file
    expect: {out: 1}
`), 0o600))
	cmd := program(t.Context(), dir, "test", file)
	said, _ := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("the exit status is %d", cmd.ProcessState.ExitCode())
	}
	for _, words := range []string{
		"✓  " + file + ": right", "✗  " + file + ": wrong", "out: row 1, n: is 1, want 2", "out: has 1 rows, want 2", `twice: has no column "twize" (did you mean "twice"?)`,
		"✗  " + file + ": without a file", "in: failed: ",
	} {
		if !strings.Contains(string(said), words) {
			t.Errorf("the tests do not say %q:\n%s", words, said)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "out.csv")); err == nil {
		t.Error("a test has written a file")
	}
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows(t, dir, "in.csv", 1000)
	file := filepath.Join(dir, "p.yaml")
	must(t, os.WriteFile(file, []byte(`
name: P
nodes:
  - {id: in, type: source_file, config: {path: in.csv}}
  - {id: few, type: limit, config: {rows: 7}}
  - {id: out, type: sink_file, config: {path: out.csv}}
edges:
  - {from: in, to: few}
  - {from: few, to: out}
`), 0o600))
	said, err := program(t.Context(), dir, "run", file, "--dry-run", "--rows", "30").CombinedOutput()
	if err != nil || !strings.Contains(string(said), "✓ in: 30 rows") || !strings.Contains(string(said), "✓ out: 7 rows") {
		t.Errorf("%v:\n%s", err, said)
	}
	if _, err := os.Stat(filepath.Join(dir, "out.csv")); err == nil {
		t.Error("a dry run has written a file")
	}
	said, err = program(t.Context(), dir, "run", file, "--until", "few").CombinedOutput()
	if err == nil || !strings.Contains(string(said), "--dry-run") {
		t.Errorf("--until without --dry-run: %v:\n%s", err, said)
	}
	said, err = program(t.Context(), dir, "run", file, "--dry-run", "--until", "fem").CombinedOutput()
	if err == nil || !strings.Contains(string(said), `did you mean "few"`) {
		t.Errorf("a node that is not there: %v:\n%s", err, said)
	}
}
