package main

import (
	"github.com/broked/broked/internal/api"
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
	Nodes docsNodesCmd `cmd:"" help:"Print the node reference in Markdown."`
}

type docsNodesCmd struct{}

// Run prints the node reference.
func (docsNodesCmd) Run(w world) error {
	return nodes.Reference(w.out)
}
