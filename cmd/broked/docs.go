package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/expr"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/nodes"
)

type openapiCmd struct{}

// Run prints the OpenAPI document.
func (openapiCmd) Run(w world) error {
	text, err := api.Document()
	if err != nil {
		return err
	}
	_, err = w.out.Write(text)
	return err
}

type docsCmd struct {
	Nodes       docsNodesCmd       `cmd:"" help:"Write the node reference in Markdown, a page for every kind, into a folder."`
	Kinds       docsKindsCmd       `cmd:"" help:"Print the kinds of nodes with their settings as JSON Schema, as the API does."`
	Expressions docsExpressionsCmd `cmd:"" help:"Print the reference of expressions in Markdown."`
}

type docsNodesCmd struct {
	Folder string `arg:"" help:"An empty or missing folder." type:"path"`
}

// Run writes the node reference.
func (c docsNodesCmd) Run() error {
	pages, err := nodes.Reference()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Folder, 0o755); err != nil { //nolint:gosec // documentation is for everybody
		return err
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(c.Folder, name), []byte(text), 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
	return nil
}

type docsKindsCmd struct{}

// Run prints what the API answers for node types.
func (docsKindsCmd) Run(w world) error {
	kinds, err := node.NewRegistry(nodes.All()...)
	if err != nil {
		return err
	}
	text, err := api.NodeTypes(kinds)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "%s\n", text)
	return err
}

type docsExpressionsCmd struct {
	Functions bool `help:"Only the functions, as JSON."`
}

// Run prints the reference of expressions, or the functions that they may call.
func (c docsExpressionsCmd) Run(w world) error {
	if c.Functions {
		text, err := json.MarshalIndent(signatures(), "", " ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.out, "%s\n", text)
		return err
	}
	_, err := fmt.Fprint(w.out, expr.Reference())
	return err
}

type signature struct {
	Name string `json:"name"`
	Call string `json:"call"`
	Help string `json:"help"`
}

func signatures() []signature {
	var all []signature
	for _, f := range expr.Functions() {
		all = append(all, signature{Name: f.Name, Call: f.Signature(), Help: f.Doc})
	}
	return all
}
