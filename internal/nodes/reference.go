package nodes

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/broked/broked/internal/node"
)

// examples holds a small pipeline for every kind, with what it reads and writes.
// The tests of the engine run them.
//
//go:embed examples/*.txtar
var examples embed.FS

// Reference returns the documentation of all kinds in Markdown: a page each, and
// README.md, which lists them. The keys are the names of the files.
func Reference() (map[string]string, error) {
	pages := make(map[string]string)
	index := reference{}
	index.line("# Node reference\n\nMade from the program by `broked docs nodes`. What an expression may say is in [expressions](../expressions.md).\n\n| kind | what it does |\n|---|---|")
	for _, s := range All() {
		page := reference{}
		page.kind(s)
		if err := page.example(s.Kind); err != nil {
			return nil, err
		}
		pages[s.Kind+".md"] = page.text.String()
		index.line("| [`%s`](%s.md) | %s |", s.Kind, s.Kind, cell(s.Summary))
	}
	common := reference{}
	common.line("# Settings of every node\n\nBesides the settings of its kind, every node but `wait`, `subpipeline` and `map` takes these in its config. Numbers may be given as text. Where a kind has a setting of the same name, its own page tells what it means there, and `keep` is not for sinks. Members that begin with `_`, such as the `_schema_hint` of SDKs, are notes of other programs: they stay with the node and mean nothing here.\n")
	common.fields(node.CommonSettings())
	common.line("%s", commonWords)
	pages[commonPage] = common.text.String()
	index.line("\nNodes of all kinds also take the [settings of every node](%s): retries, a time limit, what happens when they fail.", commonPage)
	pages["README.md"] = index.text.String()
	return pages, nil
}

const (
	commonPage  = "every-node.md"
	commonWords = `
A node with retries, a time limit or an ` + "`on_failure`" + ` other than ` + "`fail`" + ` is computed by itself, and its inputs before it, so that
what is tried again is this node and nothing else. Nodes without them are fused with their neighbours and run faster.

Every retry is a line of the run's log and an event ` + "`node.retrying`" + ` that says which attempt of how many begins, and the node's
` + "`attempt`" + ` in the run counts them from 0. A sink that fails has changed nothing, so that trying it again cannot write rows twice.
Cancelling the run ends a wait at once.`
)

type reference struct{ text strings.Builder }

func (r *reference) line(format string, args ...any) {
	fmt.Fprintf(&r.text, format+"\n", args...)
}

// kind writes what a kind is for and its settings.
func (r *reference) kind(s node.Spec) {
	r.line("# `%s` · %s\n\n%s", s.Kind, s.Title, s.Summary)
	r.line("\nInputs: %s. Output: %s.\n\n## Settings\n\nOne in **bold** is required.\n", inputs(s), map[bool]string{true: "rows", false: "none"}[s.HasOutput()])
	r.fields(s.Settings.Fields)
	for _, f := range s.Settings.Fields {
		r.items(f)
		r.members(f)
	}
	if s.Waits {
		r.line("\nThe [settings of every node](%s) are not for it: it waits for as long as its own settings say, and is not tried again.", commonPage)
		return
	}
	r.line("\nIt also takes the [settings of every node](%s).", commonPage)
}

// members writes the settings of an object, such as execution, or of each of the
// forms that it takes, such as pagination.
func (r *reference) members(f node.Field) {
	if f.Type != node.TypeObject {
		return
	}
	if len(f.Fields) > 0 {
		r.line("\n### `%s`\n", f.Name)
		r.fields(f.Fields)
	}
	for _, v := range f.Variants {
		r.line("\n### `%s` with %s `%s`\n\n%s\n", f.Name, f.Tag, v.Tag, v.Help)
		r.fields(v.Fields)
	}
}

// example writes the example of a kind: what it shows, the pipeline and its files.
func (r *reference) example(kind string) error {
	text, err := examples.ReadFile(path.Join("examples", kind+".txtar"))
	if err != nil {
		return fmt.Errorf("the kind %s has no example: %w", kind, err)
	}
	archive := txtar.Parse(text)
	r.line("\n## Example\n\n%s", strings.TrimSpace(string(archive.Comment)))
	for _, f := range archive.Files {
		name, comesOut := strings.CutPrefix(f.Name, "want/")
		words := map[string]string{"rows": "Rows of every node:", "log": "In the log:", "requests": "What the server is asked:", "plan": "The runs that the server is told to start, with their parameters:"}[name]
		switch {
		case comesOut && words != "":
			r.line("\n%s", words)
		case comesOut:
			r.line("\nWhat comes out, `%s`:", name)
		case strings.Contains(name, " /"):
			r.line("\nThe server answers `%s` with:", name)
		case name != "pipeline.yaml":
			r.line("\nThe file `%s`:", name)
		}
		language := strings.TrimPrefix(path.Ext(name), ".")
		if strings.Contains(name, " /") {
			language = "json"
		}
		r.line("\n```%s\n%s\n```", language, strings.TrimRight(string(f.Data), "\n"))
	}
	return nil
}

func inputs(s node.Spec) string {
	switch {
	case s.MaxInputs == 0:
		return "none"
	case s.MinInputs == s.MaxInputs:
		return strconv.Itoa(s.MinInputs)
	case s.MaxInputs < 0:
		return fmt.Sprintf("%d or more", s.MinInputs)
	}
	return fmt.Sprintf("%d to %d", s.MinInputs, s.MaxInputs)
}

func (r *reference) fields(fields []node.Field) {
	if len(fields) == 0 {
		r.line("No settings.")
		return
	}
	r.line("| setting | takes | default | meaning |\n|---|---|---|---|")
	for _, f := range fields {
		name := "`" + f.Name + "`"
		if f.Required {
			name = "**" + name + "**"
		}
		r.line("| %s | %s | %s | %s |", name, takes(f.Schema), byDefault(f.Default), cell(f.Help))
	}
}

// items writes the settings of the objects in a list, such as the columns of an
// aggregate or the rules of a transform.
func (r *reference) items(f node.Field) {
	if f.Items == nil {
		return
	}
	if len(f.Items.Fields) > 0 {
		r.line("\n### `%s[]`\n", f.Name)
		r.fields(f.Items.Fields)
	}
	for _, v := range f.Items.Variants {
		also := ""
		if len(v.Aliases) > 0 {
			also = " (also `" + strings.Join(v.Aliases, "`, `") + "`)"
		}
		r.line("\n### `%s[]` of %s `%s`%s\n\n%s\n", f.Name, f.Items.Tag, v.Tag, also, v.Help)
		r.fields(v.Fields)
		for _, inner := range v.Fields {
			r.inner(inner)
		}
	}
}

// inner writes the members of an object that is a setting of a list's object.
func (r *reference) inner(f node.Field) {
	fields := f.Fields
	if f.Items != nil {
		fields = f.Items.Fields
	}
	if len(fields) > 0 {
		r.line("\nIn `%s`:\n", f.Name)
		r.fields(fields)
	}
}

func takes(s node.Schema) string {
	switch {
	case len(s.Enum) > 0:
		return "`" + strings.Join(s.Enum, "`, `") + "`"
	case s.Type == node.TypeArray && s.Items != nil:
		return "list of " + plural(takes(*s.Items))
	case s.Type == node.TypeObject && s.Values != nil:
		return "names to " + takes(*s.Values)
	case s.Format != "":
		return strings.ReplaceAll(string(s.Format), "-", " ")
	case s.Type == node.TypeString:
		return "text"
	case s.Type == node.TypeBoolean:
		return "true or false"
	case s.Type == node.TypeInteger:
		return "whole number"
	case s.Type == "":
		return "text, a number, true, false or null"
	}
	return string(s.Type)
}

func plural(word string) string {
	switch word {
	case "column", "object", "new column", "path", "expression":
		return word + "s"
	}
	return word
}

func byDefault(v any) string {
	if v == nil {
		return ""
	}
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return "`" + string(text) + "`"
}

// cell keeps text from ending a table's cell.
func cell(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "|", `\|`), "\n", " ")
}
