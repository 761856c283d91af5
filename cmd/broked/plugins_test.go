package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// numbers is the plugin of the documentation.
func numbers(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../examples/plugins/numbers")
	must(t, err)
	return dir
}

// shamPlugin does what its settings say.
const shamPlugin = `#!/bin/bash
read -r first
mode=$(sed -E 's/.*"mode":"([^"]*)".*/\1/' <<<"$first")
say() { printf '%s\n' "$1"; }
row='{"type":"record","data":{"x":1}}'
can() { if "${@:2}" >/dev/null 2>&1; then say '{"type":"log","level":"info","message":"can '"$1"'"}'; fi; }
case $mode in
reach)
  can secrets cat "$(sed -E 's/.*"path":"([^"]*)".*/\1/' <<<"$first")"
  can passwd cat /etc/passwd
  can connect bash -c "exec 3<>/dev/tcp/127.0.0.1/$(sed -E 's/.*"port":"([^"]*)".*/\1/' <<<"$first")"
  can hosts cat /etc/hosts
  can itself cat "$0"
  can home touch "$HOME/x"
  can change touch "$(dirname "$0")/x"
  say "$row" ;;
noise) say 'plain words'; say '{"no": "type"}'; say "$row"; say '{"type":"what"}'; echo 'on the other stream' >&2 ;;
broken) say "$row"; echo 'it fell over' >&2; exit 3 ;;
error) say "$row"; say '{"type":"error","message":"no such account"}'; say "$row" ;;
silent) ;;
long) say "$row"; say '{"type":"log","level":"info","message":"there"}'; exec -a "$(sed -E 's/.*"word":"([^"]*)".*/\1/' <<<"$first")" sleep 600 ;;
deaf) say "$row" ;; # reads none of the records
esac
`

// plugged is a server with the plugin of the documentation and a sham one.
func plugged(t *testing.T, network bool) (dir, place string, s *server) {
	t.Helper()
	dir = t.TempDir()
	sham := filepath.Join(t.TempDir(), "sham")
	must(t, os.MkdirAll(sham, 0o755))
	must(t, os.WriteFile(filepath.Join(sham, "run"), []byte(shamPlugin), 0o755))
	must(t, os.WriteFile(filepath.Join(sham, "manifest.json"), []byte(`{
		"protocol_version": 1, "name": "sham", "version": "0.1", "binary": "run",
		"node_types": [{"type": "sham_source", "kind": "source"}, {"type": "sham_sink", "kind": "sink"}]}`), 0o600))
	place = filepath.Join(t.TempDir(), "plugins")
	for _, from := range []string{numbers(t), sham} {
		args := []string{"plugins", "install", from, "--plugins", place}
		if network {
			args = append(args, "--allow-network")
		}
		if text, status := command(t, dir, args...); status != 0 {
			t.Fatalf("install: %d %s", status, text)
		}
	}
	return dir, place, serveCommands(t, dir, "--plugins", place)
}

func aNode(id, kind string, config map[string]any) map[string]any {
	return map[string]any{"id": id, "type": kind, "config": config}
}

// chain makes a pipeline of nodes in a row.
func chain(t *testing.T, name string, nodes ...map[string]any) string {
	t.Helper()
	edges := []any{}
	for i := range nodes[1:] {
		edges = append(edges, map[string]any{"from": nodes[i]["id"], "to": nodes[i+1]["id"]})
	}
	text, err := json.Marshal(map[string]any{"name": name, "ir_version": "2.2", "nodes": nodes, "edges": edges})
	must(t, err)
	return string(text)
}

// TestPluginsBringKinds has rows come from a plugin, through one and into one, twice: the
// second run goes on where the first has ended.
func TestPluginsBringKinds(t *testing.T) {
	t.Parallel()
	dir, _, s := plugged(t, false)
	if text := s.call("GET", "/api/plugins", "", 200, nil); !strings.Contains(text, `"sink_numbers"`) || !strings.Contains(text, `"network":false`) {
		t.Errorf("plugins: %s", text)
	}
	if text := s.call("GET", "/api/node-types", "", 200, nil); !strings.Contains(text, `"title":"Times"`) {
		t.Error("the kinds of the plugin are not among those of the server")
	}
	s.call("POST", "/api/pipelines", chain(t, "n",
		aNode("from", "source_numbers", map[string]any{"stream": "squares"}),
		aNode("twice", "times", map[string]any{"factor": 10}),
		aNode("out", "sink_file", map[string]any{"path": "n.csv"})), 201, nil)
	s.call("POST", "/api/pipelines", chain(t, "sum",
		aNode("from", "source_numbers", map[string]any{"stream": "plain", "count": 20000}),
		aNode("to", "sink_numbers", map[string]any{"stream": "total"})), 201, nil)
	for _, want := range []string{"n\n10\n40\n90\n", "n\n160\n250\n360\n"} {
		r := s.again("n")
		s.follow(r.ID)
		if got := s.run(r.ID); got.Status != "success" {
			t.Fatalf("run %+v\n%s", got, s.call("GET", "/api/runs/"+r.ID+"/logs", "", 200, nil))
		}
		if text, _ := os.ReadFile(filepath.Join(dir, "n.csv")); string(text) != want {
			t.Errorf("got %s, want %s", text, want)
		}
	}
	r := s.again("sum")
	s.follow(r.ID)
	if log := s.call("GET", "/api/runs/"+r.ID+"/logs", "", 200, nil); !strings.Contains(log, "total: 200010000") || !strings.Contains(log, "read up to 20000") {
		t.Errorf("the log is\n%s", log)
	}
	for config, path := range map[string]string{`{}`: "stream", `{"stream": "plain", "count": -1}`: "count", `{"stream": "plain", "cuont": 1}`: "cuont"} {
		document := fmt.Sprintf(`{"name": "bad", "ir_version": "2.2", "nodes": [{"id": "a", "type": "source_numbers", "config": %s}], "edges": []}`, config)
		if text := s.call("POST", "/api/pipelines", document, 400, nil); !strings.Contains(text, "nodes[0].config."+path) {
			t.Errorf("%s: refused with %s", config, text)
		}
	}
	failing := chain(t, "gone", aNode("from", "source_numbers", map[string]any{"stream": "cubes"}))
	s.call("POST", "/api/pipelines", failing, 201, nil)
	r = s.again("gone")
	s.follow(r.ID)
	if got := s.run(r.ID); got.Status != "failed" || !strings.Contains(got.Error, "there is no stream cubes: there are plain and squares") {
		t.Errorf("run %+v", got)
	}
}

// TestPluginsAreShutIn sees what a plugin reaches, and what it says when it fails.
func TestPluginsAreShutIn(t *testing.T) {
	t.Parallel()
	for _, network := range []bool{false, true} {
		dir, place, s := plugged(t, network)
		run := func(name, kind string, config map[string]any) (runState, string) {
			config["stream"] = "s"
			nodes := []map[string]any{aNode("x", kind, config)}
			if kind == "sham_sink" {
				nodes = []map[string]any{aNode("from", "source_numbers", map[string]any{"stream": "plain", "count": 300000}), nodes[0]}
			}
			s.call("POST", "/api/pipelines", chain(t, name, nodes...), 201, nil)
			r := s.again(strings.ReplaceAll(name, "_", "-"))
			s.follow(r.ID)
			return s.run(r.ID), s.call("GET", "/api/runs/"+r.ID+"/logs", "", 200, nil)
		}
		must(t, os.WriteFile(filepath.Join(dir, "reach.json"), []byte(`{"mode":"reach"}`), 0o600))
		_, log := run("reach", "sham_source", map[string]any{
			"mode": "reach", "path": filepath.Join(dir, ".brokoli-jwt-secret"), "port": s.url[strings.LastIndex(s.url, ":")+1:],
		})
		for what, may := range map[string]bool{"secrets": false, "passwd": false, "connect": network, "itself": true, "hosts": network, "home": true, "change": false} {
			if strings.Contains(log, "can "+what) != may {
				t.Errorf("network %t: %s is not %t:\n%s", network, what, may, log)
			}
		}
		text, _ := command(t, dir, "plugins", "test", "sham", "--config", "reach.json", "--plugins", place)
		if strings.Contains(text, "can hosts") != network {
			t.Errorf("network %t: %s", network, text)
		}
		if network {
			continue
		}
		for _, c := range []struct{ mode, kind, failure, logged string }{
			{"noise", "sham_source", "", "the plugin wrote what is no message: plain words"},
			{"silent", "sham_source", "yields no columns", ""},
			{"broken", "sham_source", "the plugin sham: the program ended with exit status 3: it fell over", ""},
			{"error", "sham_source", "the plugin sham: no such account", ""},
			{"error", "sham_sink", "it may have kept some", ""},
			{"deaf", "sham_sink", "", ""},
		} {
			got, log := run(c.mode+"-"+c.kind, c.kind, map[string]any{"mode": c.mode})
			if (got.Status == "success") != (c.failure == "") || !strings.Contains(got.Error, c.failure) || !strings.Contains(log, c.logged) {
				t.Errorf("%s of %s: %+v\n%s", c.mode, c.kind, got, log)
			}
		}
	}
}

// TestCancelEndsAPlugin leaves no process of it.
func TestCancelEndsAPlugin(t *testing.T) {
	t.Parallel()
	_, _, s := plugged(t, false)
	word := "cancelled-" + rand.Text()
	s.call("POST", "/api/pipelines", chain(t, "long", aNode("x", "sham_source", map[string]any{"stream": "s", "mode": "long", "word": word})), 201, nil)
	s.cancelled("long", word)
}

// TestPluginCommands does what an operator does.
func TestPluginCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	place := filepath.Join(dir, "plugins")
	must(t, os.WriteFile(filepath.Join(dir, "good.json"), []byte(`{"count": 1}`), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "none.json"), []byte(`{"count": 0}`), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "wrong.json"), []byte(`{"count": "x"}`), 0o600))
	taking := filepath.Join(dir, "taking")
	must(t, os.MkdirAll(taking, 0o700))
	must(t, os.WriteFile(filepath.Join(taking, "run"), []byte("#!/bin/sh\n"), 0o700))
	must(t, os.WriteFile(filepath.Join(taking, "manifest.json"), []byte(`{
		"protocol_version": 1, "name": "taking", "version": "1", "binary": "run", "node_types": [{"type": "source_file", "kind": "source"}]}`), 0o600))
	for _, c := range []struct {
		args   string
		status int
		want   string
	}{
		{"list", 0, "There are no plugins"},
		{"install gone", exitUsage, "gone"},
		{"install " + dir, 1, "no manifest.json"},
		{"install " + taking, 1, "brings the kind source_file, which is brought by broked itself"},
		{"install " + numbers(t), 0, "without the network"},
		{"list", 0, "source_numbers (source), times (transform), sink_numbers (sink)"},
		{"list --json", 0, `"network": false`},
		{"inspect numbers", 0, `"config_schema"`},
		{"inspect numbers --config good.json", 0, `"cursor_field": "n"`},
		{"show other", 1, `there is no plugin "other"`},
		{"test numbers", 0, "numbers 1.0.0: it answers"},
		{"test numbers --config good.json", 0, "the settings work"},
		{"test numbers --config none.json", 1, "there would be no numbers"},
		{"test numbers --config wrong.json", 1, "count: must be a number"},
		{"rm numbers", 0, "is removed"},
		{"remove numbers", 1, `there is no plugin "numbers"`},
	} {
		text, status := command(t, dir, append([]string{"plugins"}, append(strings.Fields(c.args), "--plugins", place)...)...)
		if status != c.status || !strings.Contains(text, c.want) {
			t.Errorf("%s: %d %s", c.args, status, text)
		}
	}
}
