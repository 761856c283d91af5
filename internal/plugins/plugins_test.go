package plugins_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/plugins"
)

// example is the plugin that the documentation shows.
const example = "../../examples/plugins/numbers"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// made makes a plugin of a manifest whose members change.
func made(t *testing.T, change map[string]any) string {
	t.Helper()
	manifest := map[string]any{
		"protocol_version": 1, "name": "p", "version": "1", "binary": "run",
		"node_types": []any{map[string]any{"type": "a", "kind": "source"}},
	}
	maps.Copy(manifest, change)
	dir := filepath.Join(t.TempDir(), "p")
	must(t, os.MkdirAll(dir, 0o700))
	text, err := json.Marshal(manifest)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "manifest.json"), text, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "run"), []byte("#!/bin/sh\n"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "text"), nil, 0o600))
	return dir
}

func TestManifests(t *testing.T) {
	t.Parallel()
	property := func(schema map[string]any) map[string]any {
		return map[string]any{"config_schema": map[string]any{"type": "object", "properties": map[string]any{"x": schema}}}
	}
	for _, c := range []struct {
		what   string
		change map[string]any
		path   string // of the first problem
	}{
		{"as it is to be", nil, ""},
		{"a later protocol", map[string]any{"protocol_version": 2}, "protocol_version"},
		{"a name with a slash", map[string]any{"name": "../p"}, "name"},
		{"no version", map[string]any{"version": ""}, "version"},
		{"a program elsewhere", map[string]any{"binary": "../../bin/sh"}, "binary"},
		{"an absolute program", map[string]any{"binary": "/bin/sh"}, "binary"},
		{"no program", map[string]any{"binary": "gone"}, "binary"},
		{"a program that cannot be executed", map[string]any{"binary": "text"}, "binary"},
		{"no kinds", map[string]any{"node_types": []any{}}, "node_types"},
		{"a kind that does nothing known", map[string]any{"node_types": []any{map[string]any{"type": "a", "kind": "check"}}}, "node_types[0].kind"},
		{"a kind twice", map[string]any{"node_types": []any{map[string]any{"type": "a", "kind": "sink"}, map[string]any{"type": "a", "kind": "source"}}}, "node_types[1].type"},
		{"settings that are no object", map[string]any{"config_schema": map[string]any{"type": "string"}}, "config_schema.type"},
		{"a keyword without a place in forms", property(map[string]any{"type": "string", "pattern": "a+"}), "config_schema.properties.x.pattern"},
		{"a reference", property(map[string]any{"type": "string", "$ref": "#/x"}), "config_schema.properties.x.$ref"},
		{"no type", property(map[string]any{"title": "X"}), "config_schema.properties.x.type"},
		{"a setting of every node", map[string]any{"config_schema": map[string]any{"type": "object", "properties": map[string]any{"timeout": map[string]any{"type": "string"}}}}, "config_schema.properties.timeout"},
		{"a required setting that is none", map[string]any{"config_schema": map[string]any{"type": "object", "required": []string{"y"}}}, "config_schema.required"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			_, err := plugins.Read(made(t, c.change))
			problems := fault.ProblemsOf(err)
			if c.path == "" {
				must(t, err)
				return
			}
			if len(problems) == 0 || problems[0].Path != c.path {
				t.Errorf("got %v with %v", err, problems)
			}
		})
	}
}

func TestSettingsAreThoseOfTheSchema(t *testing.T) {
	t.Parallel()
	p, err := plugins.Read(made(t, map[string]any{"config_schema": json.RawMessage(`{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["key"],
		"properties": {
			"z": {"type": "integer", "minimum": 1, "maximum": 9, "default": 5},
			"key": {"type": "string", "format": "password", "title": "Key", "minLength": 3},
			"list": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
			"more": {"type": "object", "additionalProperties": {"type": "boolean"}}
		}}`)}))
	must(t, err)
	var names []string
	for _, f := range p.Settings.Fields {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"z", "key", "list", "more"}, names); diff != "" {
		t.Errorf("the order of the form: %s", diff)
	}
	for text, path := range map[string]string{
		`{"key": "abc", "z": 9, "list": ["a"], "more": {"x": true}}`: "",
		`{"z": 1}`:                          "key",
		`{"key": "ab"}`:                     "key",
		`{"key": "abc", "z": 10}`:           "z",
		`{"key": "abc", "list": ["c"]}`:     "list[0]",
		`{"key": "abc", "more": {"x": 1}}`:  "more.x",
		`{"key": "abc", "unknown": "word"}`: "unknown",
	} {
		var value any
		must(t, json.Unmarshal([]byte(text), &value))
		problems := p.Settings.Check(value)
		if path == "" && len(problems) > 0 || path != "" && (len(problems) != 1 || problems[0].Path != path) {
			t.Errorf("%s: %v", text, problems)
		}
	}
	if f := p.Settings.Fields[1]; f.Format != node.FormatPassword || !f.Required {
		t.Errorf("the key is %+v", f)
	}
}

func TestInstallAndRemove(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "of", "plugins")
	if all, wrong := plugins.All(dir); all != nil || wrong != nil {
		t.Errorf("a folder that is not there has %v, %v", all, wrong)
	}
	for _, network := range []bool{false, true} { // the second in the place of the first
		p, err := plugins.Install(dir, example, network)
		must(t, err)
		if p.Name != "numbers" || p.Network != network {
			t.Errorf("installed %+v", p)
		}
		all, wrong := plugins.All(dir)
		if len(all) != 1 || len(wrong) != 0 || all[0].Network != network {
			t.Errorf("there are %v, %v", all, wrong)
		}
	}
	if left, err := fs.Glob(os.DirFS(dir), ".*"); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
	linked := made(t, nil)
	must(t, os.Symlink("/etc/passwd", filepath.Join(linked, "data")))
	if _, err := plugins.Install(dir, linked, false); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("a link: %v", err)
	}
	must(t, os.Rename(filepath.Join(dir, "numbers"), filepath.Join(dir, "other")))
	if all, wrong := plugins.All(dir); len(all) != 0 || len(wrong) != 1 {
		t.Errorf("a folder of another name: %v, %v", all, wrong)
	}
	must(t, plugins.Remove(dir, "other"))
	for _, name := range []string{"other", "..", "", "."} {
		if err := plugins.Remove(dir, name); fault.KindOf(err) != fault.NotFound {
			t.Errorf("remove %q: %v", name, err)
		}
		if _, err := plugins.Find(dir, name); fault.KindOf(err) != fault.NotFound {
			t.Errorf("find %q: %v", name, err)
		}
	}
}

// TestRows sees which columns come of records.
func TestRows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what     string
		declared []plugins.StreamColumn
		records  []string
		want     string // columns with their types, then a row each
		failure  string
	}{
		{
			"types of the values", nil,
			[]string{`{"a": 1, "b": "x", "c": true, "d": 1.5}`, `{"a": 2, "e": null}`},
			"a BIGINT, b VARCHAR, c BOOLEAN, d DOUBLE, e | 1 x true 1.5 - | 2 - - - -", "",
		},
		{
			"types that differ", nil,
			[]string{`{"a": 1, "b": 1, "c": {"x": 1}, "d": 123456789012345678901}`, `{"a": 1.5, "b": "x", "c": [2], "d": 1}`},
			`a DOUBLE, b VARCHAR, c JSON, d HUGEINT | 1 1 {"x": 1} 123456789012345678901 | 1.5 x [2] 1`, "",
		},
		{
			"types that were told",
			[]plugins.StreamColumn{{"d", "date"}, {"n", "number"}, {"m", "decimal(10,2)"}, {"x", "what"}},
			[]string{`{"d": "2026-11-22", "n": 1, "m": "1.50"}`},
			"d DATE, n DOUBLE, m DECIMAL(10,2), x | 2026-11-22 1 1.50 -", "",
		},
		{"no rows", []plugins.StreamColumn{{"d", "date"}}, nil, "d DATE", ""},
		{"a value that is not as it was told", []plugins.StreamColumn{{"n", "integer"}}, []string{`{"n": "x"}`}, "", `column "n" is said to be BIGINT`},
		{"no object", nil, []string{`[1]`}, "", "record 1"},
		{"a member twice", nil, []string{`{"a": 1}`, `{"a": 1, "a": 2}`}, "", "record 2"},
		{"no members", nil, []string{`{}`}, "", "no columns"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			var got []string
			r := plugins.Rows{Write: func(b batch.Batch) error {
				got = append(got[:0], shown(b)...)
				return nil
			}}
			err := error(nil)
			if c.declared != nil {
				err = r.Declare(c.declared)
			}
			for _, record := range c.records {
				if err == nil {
					err = r.Add([]byte(record))
				}
			}
			if err == nil {
				err = r.Flush()
			}
			if c.failure != "" {
				if fault.CodeOf(err) != "plugin_failed" || !strings.Contains(err.Error(), c.failure) {
					t.Errorf("got %v", err)
				}
				return
			}
			must(t, err)
			if diff := cmp.Diff(c.want, strings.Join(got, " | ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// shown returns the columns of a batch, and its rows.
func shown(b batch.Batch) []string {
	all := make([]string, b.Rows+1)
	for i, c := range b.Columns {
		all[0] += strings.Repeat(", ", min(i, 1)) + strings.TrimSpace(c.Name+" "+c.Type)
		for row := range b.Rows {
			value := "-"
			switch {
			case !c.Valid[row]:
			case c.Kind == batch.Int:
				value = strconv.FormatInt(c.Ints[row], 10)
			case c.Kind == batch.Float:
				value = fmt.Sprint(c.Floats[row])
			case c.Kind == batch.Bool:
				value = strconv.FormatBool(c.Bools[row])
			default:
				value = c.Texts[row]
			}
			all[row+1] += strings.Repeat(" ", min(i, 1)) + value
		}
	}
	return all
}

// FuzzRows has records of any bytes come back as they are written to a plugin.
func FuzzRows(f *testing.F) {
	for _, record := range []string{`{"a": 1}`, `{"a": "\u0000\n", "b": [1, {"c": null}]}`, `{"": 1e400}`, `{"a": -0.0, "b": 99999999999999999999}`, `{`} {
		f.Add([]byte(record))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		var written bytes.Buffer
		rows := 0
		r := plugins.Rows{Write: func(b batch.Batch) error {
			rows += b.Rows
			return plugins.WriteRecords(&written, b)
		}}
		if r.Add(record) != nil || r.Flush() != nil {
			return
		}
		lines := bytes.Split(bytes.TrimSpace(written.Bytes()), []byte("\n"))
		if len(lines) != rows {
			t.Fatalf("%d rows are %d lines: %s", rows, len(lines), written.Bytes())
		}
		for _, line := range lines {
			var m plugins.Message
			must(t, json.Unmarshal(line, &m))
			again := plugins.Rows{Write: func(batch.Batch) error { return nil }}
			must(t, again.Add(m.Data))
		}
	})
}
