package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/jsonwalk"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// sourceAPISpec reads what another system answers over HTTP.
var sourceAPISpec = node.Spec{
	Kind: "source_api", Title: "HTTP API", Icon: "cloud-download", Category: node.Source, Asks: asks,
	Summary: "Read rows from an HTTP API, page by page: JSON, NDJSON, CSV or TSV.",
	Settings: node.Schema{Type: node.TypeObject, Fields: append(httpFields("GET", "GET", "POST", "PUT", "PATCH"), []node.Field{
		{Name: "params", Schema: node.Schema{Type: node.TypeObject, Title: "Parameters", Values: &node.Schema{Secrets: true}, Help: "Added to the address behind the question mark. A list gives a parameter several times."}},
		{Name: "body", Schema: node.Schema{Secrets: true, Title: "Body", Help: "An object or a list is sent as JSON, text as it is."}},
		{Name: "format", Schema: node.Schema{Type: node.TypeString, Title: "Format", Default: formatAuto, Enum: []string{formatAuto, formatJSON, formatNDJSON, formatCSV, formatTSV}, Help: "Auto goes by the answer's Content-Type, and takes what has none for JSON."}},
		{Name: "records", Schema: node.Schema{Type: node.TypeString, Title: "Records", Help: "Where in a JSON answer the rows are, such as data.items. Left out, the answer is the list of rows, or one row."}},
		{Name: "json_path", Schema: node.Schema{Old: true, Type: node.TypeString, Title: "JSON path", Help: "Another word for records, such as $.data.items[*]."}},
		{Name: "types", Schema: node.Schema{Type: node.TypeObject, Names: node.FormatColumn, Title: "Column types", Values: &node.Schema{Type: node.TypeString, Enum: typeNames}, Help: "Types of columns that should not be found from the data. A column that no row has is empty, so that a run without any rows has columns."}},
		{Name: "response", Schema: node.Schema{Type: node.TypeString, Title: "Result", Default: "dataset", Enum: []string{"dataset", "scalar"}, Help: "scalar is one row with one column called value: the value at value_path."}},
		{Name: "value_path", Schema: node.Schema{Type: node.TypeString, Title: "Value", Help: "For scalar: where in the answer the value is, such as meta.total."}},
		{Name: "pagination", Schema: paginationSchema},
		{Name: "execution", Schema: node.Schema{Type: node.TypeObject, Title: "Execution", Fields: append(retryFields("page_"),
			node.Field{Name: "retry_scope", Schema: node.Schema{Type: node.TypeString, Title: "What is tried again", Default: "page", Enum: []string{"page", "node"}, Help: "page tries a page again by itself. node leaves it to the settings of the node, which then begins with the first page."}},
		), Refused: map[string]string{"checkpoint_every": "is not offered: pages that were read count only once the node has finished. Leave it out"}}},
		{Name: "max_redirects", Schema: node.Schema{Type: node.TypeInteger, Title: "Redirects", Default: 0, Min: new(0.0), Max: new(5.0), Help: "How many are followed. Another server gets none of the headers."}},
		{Name: "max_answer_mb", Schema: node.Schema{Type: node.TypeInteger, Title: "Largest answer", Default: 64, Min: new(1.0), Max: new(4096.0), Help: "MB of one answer, unpacked. A page that is larger fails the node."}},
		{Name: "source_type", Schema: node.Schema{Old: true, Type: node.TypeString, Title: "Sort of API", Default: "rest", Enum: []string{"rest"}}},
		{Name: "_schema_hint", Schema: node.Schema{Old: true, Type: node.TypeString, Title: "Note of the SDK", Help: "What the Python SDK notes for itself. It changes nothing."}},
	}...)},
	New: newSourceAPI,
}

// sourceAPI is a configured HTTP source. Inspect brings the rows into a file of the
// run, which Select reads.
type sourceAPI struct {
	endpoint
	Params       map[string]any    `json:"params"`
	Body         any               `json:"body"`
	Format       string            `json:"format"`
	Records      string            `json:"records"`
	JSONPath     string            `json:"json_path"`
	Types        map[string]string `json:"types"`
	Response     string            `json:"response"`
	ValuePath    string            `json:"value_path"`
	Pagination   *pagination       `json:"pagination"`
	Execution    execution         `json:"execution"`
	MaxRedirects int               `json:"max_redirects"`
	MaxAnswerMB  int64             `json:"max_answer_mb"`

	records jsonwalk.Path
	brought brought
}

// execution says how pages are asked for.
type execution struct {
	MaxConcurrency    int     `json:"max_concurrency"`
	RequestsPerSecond float64 `json:"requests_per_second"`
	RetryScope        string  `json:"retry_scope"`
	MaxRetries        int     `json:"page_max_retries"`
	RetryBackoff      string  `json:"page_retry_backoff"`
	RetryDelay        int     `json:"page_retry_delay"`
}

func (e execution) retries() retries {
	if e.RetryScope == "node" {
		return retries{}
	}
	return retries{Most: e.MaxRetries, Backoff: e.RetryBackoff, Delay: e.RetryDelay}
}

func newSourceAPI(config json.RawMessage) (node.Node, error) {
	s := &sourceAPI{
		endpoint: endpoint{Method: "GET", RequestTimeout: defaultRequestTimeout}, MaxAnswerMB: 64,
		Execution: execution{MaxConcurrency: 1, MaxRetries: 3, RetryDelay: 1000},
	}
	if err := json.Unmarshal(config, s); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the API source are not readable")
	}
	if s.Format == formatAuto {
		s.Format = ""
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	for name, value := range s.Params {
		if _, err := paramTexts(value); err != nil {
			return nil, settingFault("params."+name, "%s", fault.MessageOf(err))
		}
	}
	return s, s.findRecords()
}

// whereRecords returns the path to the rows or to the value, and the setting that
// has it.
func (s *sourceAPI) whereRecords() (text, setting string, err error) {
	if s.Response == "scalar" {
		switch {
		case s.Records+s.JSONPath != "":
			err = settingFault("records", "is for rows, and response is scalar: use value_path")
		case s.Pagination != nil:
			err = settingFault("pagination", "is for rows, and response is scalar")
		case s.ValuePath == "":
			err = settingFault("value_path", "is missing: response is scalar")
		}
		return s.ValuePath, "value_path", err
	}
	switch {
	case s.ValuePath != "":
		return "", "", settingFault("value_path", "is for response scalar")
	case s.Records != "" && s.JSONPath != "":
		return "", "", settingFault("json_path", "means the same as records: leave one of them out")
	case s.JSONPath != "":
		return s.JSONPath, "json_path", nil
	}
	return s.Records, "records", nil
}

// findRecords reads where in an answer the rows or the value are.
func (s *sourceAPI) findRecords() error {
	text, setting, err := s.whereRecords()
	if err != nil {
		return err
	}
	if text != "" && s.Format != "" && s.Format != formatJSON {
		return settingFault(setting, "is for JSON, and format is %s", s.Format)
	}
	if s.records, err = pathSetting(setting, text); err != nil || s.Pagination == nil {
		return err
	}
	return s.Pagination.check(s.Format, s.Execution.MaxConcurrency)
}

func pathSetting(setting, text string) (jsonwalk.Path, error) {
	p, err := jsonwalk.Parse(strings.TrimSpace(text))
	if err != nil {
		return nil, settingFault(setting, "%v", err)
	}
	return p, nil
}

// paramTexts returns the values of a parameter.
func paramTexts(value any) ([]string, error) {
	switch v := value.(type) {
	case string:
		return []string{v}, nil
	case bool:
		return []string{strconv.FormatBool(v)}, nil
	case float64:
		text, err := json.Marshal(v)
		return []string{string(text)}, err
	case nil:
		return nil, nil
	case []any:
		var all []string
		for _, item := range v {
			if _, nested := item.([]any); nested {
				return nil, fault.New(fault.Invalid, "must not have lists in a list")
			}
			texts, err := paramTexts(item)
			if err != nil {
				return nil, err
			}
			all = append(all, texts...)
		}
		return all, nil
	}
	return nil, fault.New(fault.Invalid, "must be text, a number, true or false, or a list of them")
}

// Open implements node.Opener.
func (*sourceAPI) Open(context.Context, node.Env) (node.Access, error) {
	return node.Access{Network: true}, nil
}

// Inspect implements node.Inspector: it asks for all pages.
func (s *sourceAPI) Inspect(ctx context.Context, env node.Env, _ []node.Relation) (node.Verdict, error) {
	f, err := s.fetcher(env)
	if err != nil {
		return node.Verdict{}, err
	}
	s.brought, err = f.all(ctx)
	return node.Verdict{}, err
}

// Select implements node.Relational.
func (s *sourceAPI) Select(ctx context.Context, env node.Env, in []node.Relation) (node.Relation, error) {
	switch {
	case s.brought.csv != nil:
		return s.brought.csv.Select(ctx, env, in)
	case s.brought.rows == 0:
		return s.noRows()
	}
	file := sqltext.Text(s.brought.file)
	columns, err := env.DB.Describe(ctx, fmt.Sprintf("SELECT * FROM read_json(%s, format='newline_delimited', hive_partitioning=false, sample_size=-1, maximum_object_size=%d)", file, 2*maxLine))
	if err != nil {
		return node.Relation{}, err
	}
	if err := s.alike(columns); err != nil {
		return node.Relation{}, err
	}
	var pairs, picks []string
	for i, c := range columns {
		name := sqltext.Ident(c.Name)
		pairs = append(pairs, sqltext.Text(c.Name)+": "+sqltext.Text(c.Type))
		pick := name
		if asked := s.Types[c.Name]; asked != "" {
			t := askedType(asked, defaultScale)
			columns[i].Type, pick = t.sql, t.cast("CAST("+name+" AS VARCHAR)", c.Name, "the answer")+" AS "+name
		}
		picks = append(picks, pick)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Types)) {
		if !slices.Contains(names(columns), name) {
			t := askedType(s.Types[name], defaultScale)
			columns = append(columns, node.Column{Name: name, Type: t.sql})
			picks = append(picks, "CAST(NULL AS "+t.sql+") AS "+sqltext.Ident(name))
		}
	}
	return node.Relation{
		SQL: fmt.Sprintf("SELECT %s FROM read_json(%s, format='newline_delimited', hive_partitioning=false, maximum_object_size=%d, columns={%s})",
			strings.Join(picks, ", "), file, 2*maxLine, strings.Join(pairs, ", ")),
		Columns: columns, Rows: s.brought.rows,
	}, nil
}

// noRows returns the relation when the answers had no rows.
func (s *sourceAPI) noRows() (node.Relation, error) {
	if len(s.Types) == 0 {
		return node.Relation{}, fault.New(fault.Invalid, "the answer has no rows, so that nobody knows the columns: name them in types, and a run without rows goes on").With("no_records")
	}
	rel := node.Relation{Rows: 0}
	var picks []string
	for _, name := range slices.Sorted(maps.Keys(s.Types)) {
		t := askedType(s.Types[name], defaultScale)
		rel.Columns = append(rel.Columns, node.Column{Name: name, Type: t.sql})
		picks = append(picks, "CAST(NULL AS "+t.sql+") AS "+sqltext.Ident(name))
	}
	rel.SQL = "SELECT " + strings.Join(picks, ", ") + " WHERE false"
	return rel, nil
}

// Revise implements node.Reviser, for answers in CSV.
func (s *sourceAPI) Revise(ctx context.Context, env node.Env, failure error) (bool, error) {
	if s.brought.csv == nil {
		return false, nil
	}
	return s.brought.csv.Revise(ctx, env, failure)
}
