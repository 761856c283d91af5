package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// TestCommandsOfDeployments sees that the program takes what the files in deploy start it
// with.
func TestCommandsOfDeployments(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../deploy/kubernetes/*.yaml")
	must(t, err)
	commands := 0
	for _, file := range append(files, "../../deploy/compose.yaml") {
		text, err := os.ReadFile(file)
		must(t, err)
		for part := range strings.SplitSeq(string(text), "\n---\n") {
			var document any
			must(t, yaml.Unmarshal([]byte(part), &document))
			for _, args := range commandsIn(document) {
				commands++
				var c cli
				parser, err := kong.New(&c, kong.Exit(func(int) {}))
				must(t, err)
				if _, err := parser.Parse(append(args, "--db", "postgres://h/d")); err != nil {
					t.Errorf("%s: %v: %v", file, args, err)
				}
			}
		}
	}
	if commands != 4 {
		t.Errorf("%d commands, want those of a server and a worker, twice", commands)
	}
}

// commandsIn returns the lists of a document that begin with a command of the program.
func commandsIn(document any) (all [][]string) {
	switch d := document.(type) {
	case map[string]any:
		for name, member := range d {
			if !strings.HasPrefix(name, "x-") {
				all = append(all, commandsIn(member)...)
			}
		}
	case []any:
		var words []string
		for _, one := range d {
			word, is := one.(string)
			if !is {
				all = append(all, commandsIn(one)...)
				continue
			}
			words = append(words, word)
		}
		if len(words) > 0 && (words[0] == "serve" || words[0] == "worker") {
			all = append(all, words)
		}
	}
	return all
}
