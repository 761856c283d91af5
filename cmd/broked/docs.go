package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/expr"
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

type docsExpressionsCmd struct{}

// Run prints the reference of expressions.
func (docsExpressionsCmd) Run(w world) error {
	_, err := fmt.Fprint(w.out, expr.Reference())
	return err
}
