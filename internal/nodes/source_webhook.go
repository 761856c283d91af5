package nodes

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/triggers"
)

// sourceWebhookSpec reads the body of the request that has started the run.
var sourceWebhookSpec = node.Spec{
	Kind: triggers.SourceKind, Title: "Webhook", Icon: "webhook", Category: node.Source,
	Summary: "Read the rows in the body of the request by which the pipeline's webhook has started this run. The body is kept with the run, and a run that resumes it reads the same.",
	Asks:    []string{runs.AskInput},
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "records", Schema: node.Schema{Type: node.TypeString, Title: "Records", Help: "Where in the body the rows are, such as data.items. Left out, the body is the list of rows, or one row."}},
		{Name: "types", Schema: node.Schema{Type: node.TypeObject, Names: node.FormatColumn, Title: "Column types", Values: &node.Schema{Type: node.TypeString, Enum: typeNames}, Help: "Types of columns that should not be found from the data. A column that no row has is empty, so that a body without any rows has columns."}},
		{Name: "example", Schema: node.Schema{Title: "Example", Help: "A body for trials, and for runs that something else has started. Without it such runs fail."}},
	}},
	New: newSourceWebhook,
}

func newSourceWebhook(config json.RawMessage) (node.Node, error) {
	var own struct {
		Records string            `json:"records"`
		Types   map[string]string `json:"types"`
		Example json.RawMessage   `json:"example"`
	}
	if err := json.Unmarshal(config, &own); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the webhook source are not readable")
	}
	s := &webhookRows{rows: sourceAPI{Records: own.Records, Types: own.Types}, example: own.Example}
	return s, s.rows.findRecords()
}

// webhookRows reads the rows of a body, which are found as those of an answer of an API.
type webhookRows struct {
	rows    sourceAPI
	example json.RawMessage
}

// Inspect implements node.Inspector: it asks for the body.
func (s *webhookRows) Inspect(ctx context.Context, env node.Env, _ []node.Relation) (node.Verdict, error) {
	body, err := s.body(ctx, env)
	if err != nil {
		return node.Verdict{}, err
	}
	path := filepath.Join(env.Temp, "body.ndjson")
	file, err := os.Create(path) //nolint:gosec // a folder of ours
	if err != nil {
		return node.Verdict{}, fmt.Errorf("keep rows: %w", err)
	}
	f := &fetcher{sourceAPI: &s.rows, env: env, out: bufio.NewWriter(file), sum: sha256.New()}
	err = f.document(&answer{}, bytes.NewReader(body))
	if errors.Is(err, errEnough) {
		err = nil
	}
	err = errors.Join(err, f.out.Flush(), file.Close())
	s.rows.brought = brought{file: path, rows: f.rows}
	return node.Verdict{}, err
}

// body returns the body of the request, else the example.
func (s *webhookRows) body(ctx context.Context, env node.Env) (json.RawMessage, error) {
	var input runs.Input
	err := env.Ask(ctx, runs.AskInput, struct{}{}, &input)
	switch {
	case err == nil && len(input.Body) > 0:
		return input.Body, nil
	case len(s.example) > 0 && (err == nil || fault.CodeOf(err) == "no_server"):
		return s.example, nil
	case err != nil:
		return nil, err
	}
	return nil, fault.New(fault.Invalid, "no request with a body has started this run, and the node has no example of one").With("no_webhook_body")
}

// Select implements node.Relational.
func (s *webhookRows) Select(ctx context.Context, env node.Env, in []node.Relation) (node.Relation, error) {
	return s.rows.Select(ctx, env, in)
}
