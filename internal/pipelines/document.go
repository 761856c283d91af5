// Package pipelines is the document that describes a pipeline: its shape, its
// checks, its graph, its versions, their differences, and its YAML form.
package pipelines

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/strictjson"
)

// ID identifies a pipeline: a UUIDv7.
type ID string

// Document is a pipeline as people write it and as the API speaks it.
type Document struct { //nolint:recvcheck // what reads takes a value; filling in takes a pointer
	ID               ID                   `json:"id"`
	Slug             string               `json:"pipeline_id"` // unique, fixed at creation
	Name             string               `json:"name"`
	Description      string               `json:"description"`
	IRVersion        string               `json:"ir_version,omitempty"` // "" is a document of Brokoli before 2.0
	Nodes            []Node               `json:"nodes"`
	Edges            []Edge               `json:"edges"`
	Notes            []Note               `json:"notes,omitempty" doc:"Text on the canvas"`
	Groups           []Group              `json:"groups,omitempty" doc:"Named frames around nodes on the canvas"`
	Params           map[string]string    `json:"params,omitempty"` // defaults of run parameters
	Parameters       map[string]Parameter `json:"parameters,omitempty" doc:"Which values run parameters take; without it they take any"`
	Tags             []string             `json:"tags"`
	Schedule         string               `json:"schedule"` // five-field cron; "" means none
	ScheduleTimezone string               `json:"schedule_timezone,omitempty"`
	Catchup          RawObject            `json:"catchup,omitempty"` // what becomes of missed ticks; see schedules.ParseCatchUp
	SchedulePaused   bool                 `json:"schedule_paused,omitempty"`
	Schedules        []Schedule           `json:"schedules,omitempty" doc:"More schedules, each with a name"`
	Enabled          bool                 `json:"enabled"`
	Draft            bool                 `json:"draft,omitempty"` // saved unchecked, does not run
	MaxActiveRuns    int                  `json:"max_active_runs,omitempty" doc:"Runs under way at once; 0 is any number"`
	Overlap          Overlap              `json:"overlap,omitempty" enum:"queue,skip,cancel_previous" doc:"What becomes of a run that is started while as many as there may be have not ended"`
	OnRestart        OnRestart            `json:"on_restart,omitempty" enum:"resume,restart,fail" doc:"What becomes of a run whose server stops; resume when absent"`
	Pool             string               `json:"pool,omitempty" doc:"Pool whose slots the runs take"`
	Label            string               `json:"label,omitempty" doc:"Only processes that have it execute the runs"`
	Priority         int                  `json:"priority,omitempty" doc:"Of its runs: higher ones start first"`
	DependsOn        []string             `json:"depends_on,omitempty" doc:"Ids or slugs of pipelines whose last run must have succeeded: runs wait for it"`
	DependencyRules  []Dependency         `json:"dependency_rules,omitempty" doc:"The same with more to say; a rule is instead of what depends_on says of a pipeline"`
	GateSeconds      *int64               `json:"dependency_timeout_seconds,omitempty" doc:"How long runs wait for those of other pipelines before they are blocked; a day when absent"`
	Triggers         []Watcher            `json:"triggers,omitempty" doc:"What starts runs when it changes: files, contacts"`
	Hooks            map[string]RunHook   `json:"hooks,omitempty" doc:"Who is told what happens to runs: on_start, on_success, on_failure, on_node_failure"`
	WebhookURL       string               `json:"webhook_url,omitempty" doc:"Is told by a webhook when a run has ended"`
	WebhookToken     string               `json:"webhook_token,omitempty" doc:"Gives the pipeline a webhook with this token; with an empty one when it is made, the answer has one. It cannot be read afterwards"`
	SLADeadline      string               `json:"sla_deadline,omitempty"` // HH:MM
	SLATimezone      string               `json:"sla_timezone,omitempty"`
	Tests            []Test               `json:"tests,omitempty"`
	Extensions       map[string]RawObject `json:"extensions,omitempty"` // kept, not understood
	// What follows belongs to the server; a client's values are ignored.
	Source    string    `json:"source,omitempty"`
	Workspace string    `json:"workspace_id,omitempty"`
	Version   int       `json:"version"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// RawObject is JSON that is kept as it came.
type RawObject = jsontext.Value

// Node is a step of a pipeline.
type Node struct {
	ID       string               `json:"id"`
	Type     string               `json:"type"`
	Name     string               `json:"name"`
	Config   RawObject            `json:"config"`
	Position Position             `json:"position"`
	Rest     map[string]RawObject `json:",embed"` // members that are not understood
}

// Position is where a node stands on the canvas, in pixels.
type Position struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Edge carries the output of node From to node To.
type Edge struct {
	From      string               `json:"from"`
	To        string               `json:"to"`
	Condition *bool                `json:"condition,omitempty"` // of an edge that leaves a condition
	Rest      map[string]RawObject `json:",embed"`              // members that are not understood
}

// RunHook tells somebody what happened to a run.
type RunHook struct {
	Type    string    `json:"type"` // webhook, slack, teams, email
	URL     string    `json:"url"`
	Enabled bool      `json:"enabled"`
	Extra   RawObject `json:"extra,omitempty"`
}

// draft is a Document as it comes in: members that are not understood are
// caught instead of refused.
type draft struct {
	Document
	OrgID RawObject            `json:"org_id,omitempty"`
	Rest  map[string]RawObject `json:",embed"`
}

// Decode reads a document. Members that it does not know are refused when
// ir_version is set, and otherwise kept under extensions.
func Decode(data []byte) (Document, error) { return decodeOnto(Document{Enabled: true}, data) }

// decodeOnto reads data over base: members that are absent keep base's value.
func decodeOnto(base Document, data []byte) (Document, error) {
	d := draft{Document: base}
	// Lists and maps are replaced whole: decoding must not write into base's.
	d.Hooks, d.Params, d.Parameters, d.Extensions = nil, nil, nil, nil
	d.Nodes, d.Edges, d.Tags = slices.Clone(base.Nodes), slices.Clone(base.Edges), slices.Clone(base.Tags)
	d.DependsOn, d.DependencyRules = slices.Clone(base.DependsOn), slices.Clone(base.DependencyRules)
	if base.GateSeconds != nil {
		seconds := *base.GateSeconds
		d.GateSeconds = &seconds
	}
	d.Tests, d.Schedules, d.Triggers = slices.Clone(base.Tests), slices.Clone(base.Schedules), slices.Clone(base.Triggers)
	d.Notes, d.Groups = slices.Clone(base.Notes), slices.Clone(base.Groups)
	if err := strictjson.Decode(data, &d); err != nil {
		return Document{}, err
	}
	var given map[string]RawObject
	if err := strictjson.Decode(data, &given); err != nil {
		return Document{}, err
	}
	keep(given, "hooks", &d.Hooks, base.Hooks)
	keep(given, "params", &d.Params, base.Params)
	keep(given, "parameters", &d.Parameters, base.Parameters)
	keep(given, "extensions", &d.Extensions, base.Extensions)
	if d.IRVersion != "" {
		if ps := d.unknown(); len(ps) > 0 {
			return Document{}, fault.Rejected("the document has members that it must not have", ps)
		}
	}
	if len(d.Rest) > 0 {
		all := maps.Clone(d.Rest)
		maps.Copy(all, d.Extensions)
		d.Extensions = all
	}
	if text, asked := given["webhook_token"]; asked && text.Kind() == '"' && d.WebhookToken == "" && base.ID == "" {
		d.WebhookToken = NewWebhookToken()
	}
	d.normalise()
	return d.Document, nil
}

func keep[V any](given map[string]RawObject, member string, to *map[string]V, old map[string]V) {
	if _, there := given[member]; !there {
		*to = maps.Clone(old)
	}
}

// unknown lists the members of d that no release of the format has.
func (d *draft) unknown() []fault.Problem {
	var ps []fault.Problem
	add := func(prefix string, rest map[string]RawObject) {
		for _, name := range slices.Sorted(maps.Keys(rest)) {
			ps = append(ps, fault.Problem{Path: prefix + name, Message: "is not a member of a pipeline; put data of your own under extensions"})
		}
	}
	add("", d.Rest)
	for i, n := range d.Nodes {
		add(at("nodes", i)+".", n.Rest)
	}
	for i, e := range d.Edges {
		add(at("edges", i)+".", e.Rest)
	}
	return ps
}

// normalise gives absent parts the form that they are stored and answered in.
func (d *Document) normalise() {
	d.Name = strings.TrimSpace(d.Name)
	if d.Nodes == nil {
		d.Nodes = []Node{}
	}
	if d.Edges == nil {
		d.Edges = []Edge{}
	}
	if d.Tags == nil {
		d.Tags = []string{}
	}
	for i := range d.Nodes {
		if n := &d.Nodes[i]; len(n.Config) == 0 || n.Config.Kind() == 'n' {
			n.Config = RawObject("{}")
		}
	}
}

// Legacy reports whether the document is older than ir_version, so that the
// defaults of that time hold.
func (d Document) Legacy() bool { return d.IRVersion == "" }

// Slug makes the pipeline_id of a name: lower case, spaces to dashes, other
// characters dropped, dashes collapsed and trimmed. It may be empty.
func Slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == ' ' || r == '-' || r == '_':
			b.WriteByte('-')
		}
	}
	words := strings.FieldsFunc(b.String(), func(r rune) bool { return r == '-' })
	return strings.Join(words, "-")
}

// Settings returns the node's config for readers that use encoding/json.
func (n Node) Settings() json.RawMessage { return json.RawMessage(n.Config) }

// MarshalJSON writes n with the members that were not understood, which
// encoding/json by itself would not put in their place.
func (n Node) MarshalJSON() ([]byte, error) {
	type plain Node
	return jsonv2.Marshal(plain(n))
}

// MarshalJSON writes e with the members that were not understood.
func (e Edge) MarshalJSON() ([]byte, error) {
	type plain Edge
	return jsonv2.Marshal(plain(e))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *Node) UnmarshalJSON(data []byte) error {
	type plain Node
	return jsonv2.Unmarshal(data, (*plain)(n))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (e *Edge) UnmarshalJSON(data []byte) error {
	type plain Edge
	return jsonv2.Unmarshal(data, (*plain)(e))
}
