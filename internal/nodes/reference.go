package nodes

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/node"
)

// Reference writes the documentation of all kinds in Markdown: what each is for,
// and its settings as a table.
func Reference(w io.Writer) error {
	r := reference{}
	r.line("# Node reference\n\nMade from the program by `broked docs nodes`. A setting in **bold** is required.")
	for _, s := range All() {
		r.line("\n## `%s` · %s\n\n%s", s.Kind, s.Title, s.Summary)
		r.line("\nInputs: %s. Output: %s.\n", inputs(s), map[bool]string{true: "rows", false: "none"}[s.HasOutput()])
		r.fields(s.Settings.Fields)
		for _, f := range s.Settings.Fields {
			r.variants(f)
		}
	}
	_, err := io.WriteString(w, r.text.String())
	return err
}

type reference struct{ text strings.Builder }

func (r *reference) line(format string, args ...any) {
	fmt.Fprintf(&r.text, format+"\n", args...)
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

// variants writes the forms of a list of tagged objects, such as the rules of a
// transform.
func (r *reference) variants(f node.Field) {
	if f.Items == nil {
		return
	}
	for _, v := range f.Items.Variants {
		also := ""
		if len(v.Aliases) > 0 {
			also = " (also `" + strings.Join(v.Aliases, "`, `") + "`)"
		}
		r.line("\n### `%s[]` of %s `%s`%s\n\n%s\n", f.Name, f.Items.Tag, v.Tag, also, v.Help)
		r.fields(v.Fields)
	}
}

func takes(s node.Schema) string {
	switch {
	case len(s.Enum) > 0:
		return "`" + strings.Join(s.Enum, "`, `") + "`"
	case s.Type == node.TypeArray && s.Items != nil:
		return "list of " + takes(*s.Items)
	case s.Type == node.TypeObject && s.Values != nil:
		return "names to " + takes(*s.Values)
	case s.Format != "":
		return strings.ReplaceAll(string(s.Format), "-", " ")
	case s.Type == node.TypeString:
		return "text"
	case s.Type == node.TypeBoolean:
		return "true or false"
	}
	return string(s.Type)
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
