// Package bigquery reads and writes BigQuery for nodes, by its REST API. Rows go in by load
// jobs, whose names make sure that each load happens once.
package bigquery

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/databases/rest"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/google"
	"github.com/broked/broked/internal/outbound"
)

// Server is a project of BigQuery. It may be used by any number of goroutines at once.
type Server struct {
	At  connection.Connection
	Out outbound.Exit
}

// The ways to sign in.
const (
	ServiceAccount = "service_account" // the password is its key file
	Token          = "token"           // the password is an access token
)

// Options are the options of a connection.
type Options struct {
	Auth             string  `json:"auth"`
	Dataset          string  `json:"dataset"`
	Location         string  `json:"location"`
	StatementTimeout float64 `json:"statement_timeout"` // seconds
	CACertificate    string  `json:"ca_certificate"`
}

const (
	endpoint = "https://bigquery.googleapis.com"
	scope    = "https://www.googleapis.com/auth/bigquery"
)

// session is what one call needs. It is used by one goroutine at a time.
type session struct {
	rest.Client
	Options

	project string
}

func (s Server) open() (*session, error) {
	k := &session{project: s.At.Schema}
	if err := s.At.Into(&k.Options); err != nil {
		return nil, err
	}
	var err error
	if k.Base, err = rest.Endpoint(cmp.Or(s.At.Host, endpoint)); err != nil {
		return nil, err
	}
	if k.Transport, err = rest.Transport(s.Out, k.CACertificate); err != nil {
		return nil, err
	}
	if k.Auth == Token {
		k.Sign = func(context.Context, bool) (map[string]string, error) {
			return map[string]string{"Authorization": "Bearer " + s.At.Password}, nil
		}
		return k, nil
	}
	account, err := google.ReadAccount(s.At.Password, scope, k.Transport)
	if err != nil {
		return nil, err
	}
	k.Sign = func(ctx context.Context, anew bool) (map[string]string, error) {
		token, err := account.Token(ctx, anew)
		return map[string]string{"Authorization": "Bearer " + token}, err
	}
	return k, nil
}

// lexis is how statements of BigQuery are cut.
var lexis = driven.Lexis{Backslash: true, Hash: true, Quotes: "'\"`", Passed: []string{"BEGIN", "COMMIT"}, Forbidden: []string{"ROLLBACK"}}

// Read gives the rows of a query, in order, and at least one batch, which says what columns
// there are. The result is kept by BigQuery while it is read, and does not change. Rows are
// held in memory a page at a time. A query for which nobody waits is cancelled.
//
// What is no SELECT, as BigQuery itself says before anything is executed, is an Invalid
// fault, as is whatever it does not take. A server that cannot be reached is a transient fault.
func (s Server) Read(ctx context.Context, q databases.Query, give func(batch.Batch) error) error {
	if q.Split.Parts > 1 {
		return databases.Problem("partitions", "are read at once from PostgreSQL only")
	}
	k, err := s.open()
	if err != nil {
		return err
	}
	return databases.Stopped(ctx, k.read(ctx, q, give))
}

func (k *session) read(ctx context.Context, q databases.Query, give func(batch.Batch) error) error {
	config := k.query(q)
	dry := config
	dry.DryRun = true
	told, err := k.insert(ctx, "", dry)
	if err != nil {
		return err
	}
	if kind := told.Statistics.Query.Kind; kind != "SELECT" {
		return fault.New(fault.Invalid, "must be a SELECT: this node reads and changes nothing, and this is %s", cmp.Or(kind, "something else")).With("query_failed")
	}
	j, err := k.run(ctx, newID(), config)
	if err != nil {
		return err
	}
	p, err := k.page(ctx, j, "")
	if err != nil {
		return err
	}
	columns := make([]rest.Column, len(p.Schema.Fields))
	for i, f := range p.Schema.Fields {
		columns[i] = rest.Column{Name: f.Name, Type: f.duck()}
	}
	g := rest.NewGather(columns, q.BatchRows, give)
	for fields := p.Schema.Fields; ; {
		if err := p.into(g, fields); err != nil {
			return err
		}
		if p.Next == "" {
			return g.End()
		}
		if p, err = k.page(ctx, j, p.Next); err != nil {
			return err
		}
	}
}

// into gives the rows of a page.
func (p *page) into(g *rest.Gather, fields []field) error {
	for _, row := range p.Rows {
		values, err := texts(fields, row)
		if err == nil {
			err = g.Row(values)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// definitions are the words of statements that BigQuery has in no transaction.
var definitions = []string{"CREATE", "ALTER", "DROP", "TRUNCATE", "LOAD", "EXPORT", "GRANT", "REVOKE"}

// Script executes the statements of a text in one job and returns how many there were: all
// or none, unless there is one that makes or changes tables, which BigQuery has in no
// transaction.
func (s Server) Script(ctx context.Context, text string) (int, error) {
	count, defines, list := 0, false, []string{}
	for one, word := range lexis.Statements(text) {
		count++
		switch {
		case contains(lexis.Forbidden, word):
			return count, databases.InScript(count, databases.ErrDivides)
		case !contains(lexis.Passed, word):
			defines = defines || contains(definitions, word)
			list = append(list, one)
		}
	}
	if len(list) == 0 {
		return count, nil
	}
	if !defines {
		list = append(append([]string{"BEGIN TRANSACTION"}, list...), "COMMIT TRANSACTION")
	}
	k, err := s.open()
	if err != nil {
		return count, err
	}
	_, err = k.run(ctx, newID(), k.query(databases.Query{Text: strings.Join(list, ";\n")}))
	if fault.CodeOf(err) == "query_failed" {
		err = fault.Wrap(fault.Invalid, err, "the script: %s", fault.MessageOf(err)).With("script_failed")
	}
	return count, databases.Stopped(ctx, err)
}

func contains(list []string, word string) bool { return slices.Contains(list, word) }
