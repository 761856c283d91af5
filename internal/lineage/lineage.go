// Package lineage tells which files, tables and addresses the pipelines of a workspace
// read and write, as their documents say.
package lineage

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/broked/broked/internal/pipelines"
)

// Type is what sort of thing an asset is.
type Type string

// The types of assets.
const (
	File       Type = "file"
	Table      Type = "table"
	API        Type = "api"
	Processing Type = "processing" // a node that is between
)

// Asset is a file, a table or an address, or a node of a pipeline that makes one of another.
type Asset struct {
	ID       string       `json:"id" doc:"file:PATH, table:NAME, api:URL or proc:PIPELINE:NODE"`
	Type     Type         `json:"type" enum:"file,table,api,processing"`
	Name     string       `json:"name"`
	SubType  string       `json:"sub_type,omitempty" doc:"Of processing, the kind of node; of a file, its format"`
	Of       pipelines.ID `json:"pipeline_id,omitempty" doc:"Of processing"`
	Pipeline string       `json:"pipeline,omitempty" doc:"Of processing"`
}

// Flow says that what is From becomes a part of To.
type Flow struct {
	From       string       `json:"from"`
	To         string       `json:"to"`
	PipelineID pipelines.ID `json:"pipeline_id"`
	Pipeline   string       `json:"pipeline"`
}

// Lineage is the assets of a workspace and how they become of each other.
type Lineage struct {
	Nodes []Asset `json:"nodes" nullable:"false"`
	Edges []Flow  `json:"edges" nullable:"false"`
	Cut   bool    `json:"truncated" doc:"There are more pipelines than are looked at"`
}

// MaxPipelines is how many pipelines are looked at: the newest.
const MaxPipelines = 500

// Documents is where the documents of a workspace are. Package store implements it.
type Documents interface {
	// Documents returns the newest version of pipelines of auth.HomeFrom the context, the
	// newest pipelines first, at most limit.
	Documents(ctx context.Context, limit int) ([]pipelines.Document, error)
}

// Service tells the lineage of a workspace.
type Service struct{ documents Documents }

// NewService returns a service that tells what documents say.
func NewService(d Documents) *Service { return &Service{documents: d} }

// Graph returns the assets of the workspace of ctx. Drafts are left out.
func (s *Service) Graph(ctx context.Context) (Lineage, error) {
	all, err := s.documents.Documents(ctx, MaxPipelines+1)
	if err != nil {
		return Lineage{}, err
	}
	cut := len(all) > MaxPipelines
	g := Of(all[:min(len(all), MaxPipelines)])
	g.Cut = cut
	return g, nil
}

// Of returns the assets of documents. The order of nodes and edges depends on the
// documents alone.
func Of(documents []pipelines.Document) Lineage {
	g := &drawing{Lineage: Lineage{Nodes: []Asset{}, Edges: []Flow{}}, seen: make(map[string]bool), edges: make(map[Flow]bool)}
	for _, d := range documents {
		if !d.Draft {
			g.document(d)
		}
	}
	slices.SortFunc(g.Nodes, func(a, b Asset) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(g.Edges, func(a, b Flow) int {
		return cmp.Or(cmp.Compare(a.PipelineID, b.PipelineID), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return g.Lineage
}

// drawing is a graph that is being made.
type drawing struct {
	Lineage
	seen  map[string]bool
	edges map[Flow]bool
}

// place is what a node of a document is in the graph: where rows come into it, and
// where they come out.
type place struct{ in, out []string }

func (g *drawing) document(d pipelines.Document) {
	at := make(map[string]place, len(d.Nodes))
	for _, n := range d.Nodes {
		at[n.ID] = g.node(d, n)
	}
	for _, e := range d.Edges {
		for _, from := range at[e.From].out {
			for _, to := range at[e.To].in {
				g.edge(d, from, to)
			}
		}
	}
}

// node adds what a node of a document is.
func (g *drawing) node(d pipelines.Document, n pipelines.Node) place {
	reads, writes := assets(n)
	for _, a := range slices.Concat(reads, writes) {
		g.add(a)
	}
	switch {
	case len(reads) > 0 && len(writes) == 0:
		return place{in: ids(reads), out: ids(reads)}
	case len(writes) > 0 && len(reads) == 0:
		return place{in: ids(writes), out: ids(writes)}
	}
	own := Asset{ID: "proc:" + string(d.ID) + ":" + n.ID, Type: Processing, Name: cmp.Or(n.Name, n.ID), SubType: n.Type, Of: d.ID, Pipeline: d.Name}
	g.add(own)
	for _, from := range reads {
		g.edge(d, from.ID, own.ID)
	}
	for _, to := range writes {
		g.edge(d, own.ID, to.ID)
	}
	return place{in: []string{own.ID}, out: []string{own.ID}}
}

func (g *drawing) add(n Asset) {
	if !g.seen[n.ID] {
		g.seen[n.ID] = true
		g.Nodes = append(g.Nodes, n)
	}
}

func (g *drawing) edge(d pipelines.Document, from, to string) {
	e := Flow{From: from, To: to, PipelineID: d.ID, Pipeline: d.Name}
	if from != to && !g.edges[e] {
		g.edges[e] = true
		g.Edges = append(g.Edges, e)
	}
}

func ids(all []Asset) []string {
	names := make([]string, len(all))
	for i, n := range all {
		names[i] = n.ID
	}
	return names
}

// settings are those of nodes that name assets, in all the words that kinds have for
// them.
type settings struct {
	Path        string `json:"path"`
	URL         string `json:"url"`
	Table       string `json:"table"`
	Query       string `json:"query"`
	SourceQuery string `json:"source_query"`
	DestTable   string `json:"dest_table"`
	ConnID      string `json:"conn_id"`
}

// assets returns what a node reads and what it writes. Placeholders stay as they are.
func assets(n pipelines.Node) (reads, writes []Asset) {
	var s settings
	if json.Unmarshal(n.Config, &s) != nil {
		return nil, nil
	}
	switch n.Type {
	case "source_file":
		return file(s.ConnID, s.Path), nil
	case "sink_file":
		return nil, file(s.ConnID, s.Path)
	case "source_api":
		return address(s.URL), nil
	case "sink_api":
		return nil, address(s.URL)
	case "source_db":
		return tables(s.Query), nil
	case "sink_db":
		return nil, table(s.Table)
	case "migrate":
		return tables(s.SourceQuery), table(s.DestTable)
	case "source_contacts":
		return table("contacts"), nil
	case "sink_contacts":
		return nil, table("contacts")
	}
	return nil, nil
}

// file returns a file, which is elsewhere when there is a connection to there.
func file(connection, name string) []Asset {
	if name == "" {
		return nil
	}
	name = path.Clean(name)
	id := name
	if connection != "" {
		id = connection + ":" + strings.TrimPrefix(name, "/")
	}
	return []Asset{{ID: "file:" + id, Type: File, Name: path.Base(name), SubType: strings.TrimPrefix(path.Ext(name), ".")}}
}

func table(name string) []Asset {
	if name == "" {
		return nil
	}
	return []Asset{{ID: "table:" + name, Type: Table, Name: name}}
}

// address returns the asset of a URL, without what may be secret in it.
func address(text string) []Asset {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return []Asset{{ID: "api:" + u.String(), Type: API, Name: u.Host + u.Path, SubType: u.Scheme}}
}

var (
	// noSQL is what is no code in a statement: comments and texts.
	noSQL = regexp.MustCompile(`(?s)--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'`)
	// named finds what a statement selects from: names, in quotes or not, with those of schemas.
	named = regexp.MustCompile("(?i)\\b(?:from|join)\\s+((?:\"[^\"]+\"|`[^`]+`|\\[[^\\]]+\\]|[\\p{L}_$][\\p{L}\\p{N}_$]*)(?:\\s*\\.\\s*(?:\"[^\"]+\"|`[^`]+`|\\[[^\\]]+\\]|[\\p{L}_$][\\p{L}\\p{N}_$]*))*)(\\s*\\()?")
	// defined finds what WITH gives names to.
	defined = regexp.MustCompile(`(?i)(?:\bwith|\brecursive|,)\s+"?([\p{L}_$][\p{L}\p{N}_$]*)"?\s*(?:\([^)]*\)\s*)?as\s*(?:not\s+materialized\s*|materialized\s*)?\(`)
	quotes  = strings.NewReplacer(`"`, "", "`", "", "[", "", "]", "")
)

// tables returns what a statement of any dialect selects from. It reads no grammar, and
// what it does not understand is left out.
func tables(sql string) []Asset {
	sql = noSQL.ReplaceAllString(sql, " ")
	with := make(map[string]bool)
	for _, m := range defined.FindAllStringSubmatch(sql, -1) {
		with[strings.ToLower(m[1])] = true
	}
	var all []Asset
	for _, m := range named.FindAllStringSubmatch(sql, -1) {
		name := quotes.Replace(m[1])
		if m[2] != "" || with[strings.ToLower(name)] || strings.EqualFold(name, "select") || strings.EqualFold(name, "lateral") {
			continue
		}
		if !slices.ContainsFunc(all, func(n Asset) bool { return n.Name == name }) {
			all = append(all, table(name)...)
		}
	}
	return all
}
