package nodes

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/contacts"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// sinkContactsSpec stores rows as contacts of the server.
var sinkContactsSpec = node.Spec{
	Kind: "sink_contacts", Title: "Contacts", Icon: "contacts", Category: node.Target, MinInputs: 1, MaxInputs: 1,
	Summary:     "Store each row as a contact of this server's workspace: a new one, or a change of the one with the same e-mail address or agent_id.",
	Permissions: []string{string(auth.ContactsCreate), string(auth.ContactsEdit)}, Asks: []string{contacts.AskPut},
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "product", Schema: withHelp(productSetting, "What rows become that do not say it in a column product; left out, recruiting.")},
		{Name: "keep_unknown", Schema: node.Schema{Type: node.TypeBoolean, Title: "Keep other columns", Default: false, Help: "Columns that are no fields are kept in custom. Otherwise they are refused. A column custom.NAME goes there in any case."}},
		{Name: "on_row_error", Schema: node.Schema{Type: node.TypeString, Title: "When a row is wrong", Default: "fail", Enum: []string{"fail", "skip"}, Help: "Fail checks all rows first and stores none unless all are right. Skip leaves the wrong ones out and writes them to the log."}},
	}},
	New: func(config json.RawMessage) (node.Node, error) {
		s := &sinkContacts{OnRowError: "fail"}
		if err := json.Unmarshal(config, s); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the settings of the contacts sink are not readable")
		}
		return s, nil
	},
}

// sinkContacts is a configured sink of contacts.
type sinkContacts struct {
	Product     contacts.Product `json:"product"`
	KeepUnknown bool             `json:"keep_unknown"`
	OnRowError  string           `json:"on_row_error"`
}

// toldRows is how many wrong rows are told one by one.
const toldRows = 20

// Write implements node.Sink.
func (s *sinkContacts) Write(ctx context.Context, env node.Env, in node.Relation) (int64, node.Relation, error) {
	path := filepath.Join(env.Temp, "contacts.ndjson")
	if _, err := env.DB.Exec(ctx, "COPY ("+asContacts(in)+") TO "+sqltext.Text(path)+" (FORMAT json)"); err != nil {
		return 0, node.Relation{}, err
	}
	defer func() { _ = os.Remove(path) }()
	put := contactPut{env: env, path: path, request: contacts.PutRequest{Columns: in.Names(), Product: s.Product, KeepUnknown: s.KeepUnknown}}
	if s.OnRowError == "fail" {
		put.request.Test = true
		if err := put.all(ctx); err != nil {
			return 0, node.Relation{}, err
		}
		if put.wrong > 0 {
			return 0, node.Relation{}, put.refusal()
		}
		put.request.Test = false
	}
	if err := put.all(ctx); err != nil {
		return 0, node.Relation{}, err
	}
	if put.wrong > 0 && s.OnRowError == "fail" {
		// The rows were right each by itself, and not with those before them.
		return 0, node.Relation{}, put.refusal()
	}
	for _, p := range put.problems {
		env.Log(node.Warning, "%s: %s", p.Path, p.Message)
	}
	if put.wrong > 0 {
		env.Log(node.Warning, "%d rows are wrong and were left out", put.wrong)
	}
	env.Log(node.Info, "%d contacts added, %d changed or as they were", put.created, put.updated)
	return put.created + put.updated, node.Relation{}, nil
}

// asContacts returns a SELECT of the rows of in with the values that contacts take:
// their fields are text.
func asContacts(in node.Relation) string {
	picks := make([]string, len(in.Columns))
	for i, c := range in.Columns {
		name := sqltext.Ident(c.Name)
		field := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(c.Name)), " ", "_")
		value := name
		switch {
		case field == "birthday" && (c.Type == "DATE" || strings.HasPrefix(c.Type, "TIMESTAMP")):
			value = "strftime(" + name + ", '%d/%m/%Y')"
		case slices.Contains(contacts.Columns(), field), field == "product":
			value = "CAST(" + name + " AS VARCHAR)"
		}
		picks[i] = value + " AS " + sqltext.Ident(fmt.Sprintf("c%d", i))
	}
	return "SELECT " + strings.Join(picks, ", ") + " FROM (" + in.SQL + ")"
}

// contactPut sends the rows of a file to the server.
type contactPut struct {
	env     node.Env
	path    string
	request contacts.PutRequest // without rows

	created, updated, wrong int64
	problems                []fault.Problem // of the first wrong rows
}

// all sends all rows, and counts anew what became of them.
func (p *contactPut) all(ctx context.Context) error {
	p.created, p.updated, p.wrong, p.problems = 0, 0, 0, nil
	file, err := os.Open(p.path)
	if err != nil {
		return fmt.Errorf("read the rows again: %w", err)
	}
	defer func() { _ = file.Close() }()
	decoder := jsontext.NewDecoder(bufio.NewReader(file))
	sent, size := 0, 0
	request := p.request
	send := func() error {
		if err := p.send(ctx, request, sent); err != nil {
			return err
		}
		sent += len(request.Rows)
		request.Rows, size = nil, 0
		return nil
	}
	for decoder.PeekKind() == '{' {
		object, err := decoder.ReadValue()
		if err != nil {
			return fmt.Errorf("read the rows again: %w", err)
		}
		row, err := cells(object, len(request.Columns))
		if err != nil {
			return err
		}
		request.Rows = append(request.Rows, row)
		if size += len(object); len(request.Rows) == contacts.MaxPut || size > mostSent {
			if err := send(); err != nil {
				return err
			}
		}
	}
	return send()
}

// mostSent is how many bytes of rows are sent at once, or one row more.
const mostSent = 1 << 20

// send sends some rows, before which there were others.
func (p *contactPut) send(ctx context.Context, r contacts.PutRequest, before int) error {
	var done contacts.Put
	if err := p.env.Ask(ctx, contacts.AskPut, r, &done); err != nil {
		return err
	}
	p.created += int64(done.Created)
	p.updated += int64(done.Updated)
	for _, row := range done.Rejected {
		if p.wrong++; len(p.problems) < toldRows {
			p.problems = append(p.problems, fault.Problem{Path: fmt.Sprintf("row %d", before+row.Line), Message: row.Error})
		}
	}
	return nil
}

// refusal returns the fault of wrong rows.
func (p *contactPut) refusal() error {
	stored := "none was stored"
	if n := p.created + p.updated; !p.request.Test && n > 0 {
		stored = fmt.Sprintf("%d others were stored, because it shows only together with them; to store them again does no harm", n)
	}
	return fault.New(fault.Invalid, "%d rows are no contacts, and %s: %s: %s", p.wrong, stored, p.problems[0].Path, p.problems[0].Message).With("bad_rows")
}

// cells returns the values of a row in the order of the columns.
func cells(object jsontext.Value, columns int) ([]jsontext.Value, error) {
	var row map[string]jsontext.Value
	if err := json.Unmarshal(object, &row); err != nil {
		return nil, fmt.Errorf("read the rows again: %w", err)
	}
	all := make([]jsontext.Value, columns)
	for i := range all {
		if all[i] = row[fmt.Sprintf("c%d", i)]; all[i] == nil {
			all[i] = jsontext.Value("null")
		}
	}
	return all, nil
}
