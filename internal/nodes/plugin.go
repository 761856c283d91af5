package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/plugins"
	"github.com/broked/broked/internal/script"
)

// WithPlugins returns specs and those of the kinds that plugins bring, and what is wrong with plugins
// that are left out: a kind is brought by one alone, and never in the place of one of specs.
func WithPlugins(specs []node.Spec, all []plugins.Plugin) (offered []node.Spec, wrong []error) {
	offered = slices.Clone(specs)
	by := make(map[string]string, len(specs))
	for _, s := range specs {
		by[s.Kind] = "broked itself"
	}
	for _, p := range all {
		taken := slices.IndexFunc(p.NodeTypes, func(t plugins.Type) bool { return by[t.Type] != "" })
		if taken >= 0 {
			kind := p.NodeTypes[taken].Type
			wrong = append(wrong, fault.New(fault.Invalid, "the plugin %s brings the kind %s, which is brought by %s", p.Name, kind, by[kind]))
			continue
		}
		for _, t := range p.NodeTypes {
			by[t.Type] = "the plugin " + p.Name
			offered = append(offered, pluginSpec(p, t))
		}
	}
	return offered, wrong
}

// pluginStream is the setting that names what a node of a plugin reads or writes.
const pluginStream = "stream"

// pluginSpec is one kind of a plugin's.
func pluginSpec(p plugins.Plugin, t plugins.Type) node.Spec {
	s := node.Spec{
		Kind: t.Type, Title: t.DisplayName, Summary: t.Description, Icon: "code", Category: node.Transform, MinInputs: 1, MaxInputs: 1,
		Settings: p.Settings,
		Lacks: func(json.RawMessage) []fault.Problem {
			if _, err := p.Find(); err != nil {
				return problem("", "%s", fault.MessageOf(err))
			}
			return nil
		},
	}
	if s.Title == "" {
		s.Title = t.Type
	}
	if s.Summary == "" {
		s.Summary = p.Description
	}
	if s.Summary == "" {
		s.Summary = fmt.Sprintf("A %s of the plugin %s.", t.Role, p.Name)
	}
	if t.Role != plugins.Transform {
		help := "What is read, by the plugin's name for it. broked plugins inspect lists the names."
		s.Icon, s.Category, s.MinInputs, s.MaxInputs = "cloud-download", node.Source, 0, 0
		if t.Role == plugins.Sink {
			s.Icon, s.Category, s.MinInputs, s.MaxInputs = "cloud-upload", node.Target, 1, 1
			help = "Where the rows go, by the plugin's name for it."
		}
		s.Settings.Fields = append([]node.Field{{Name: pluginStream, Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Stream", MinLen: 1, Help: help}}}, p.Settings.Fields...)
	}
	s.New = func(config json.RawMessage) (node.Node, error) {
		n := pluginNode{plugin: p}
		if err := n.configure(s, config); err != nil {
			return nil, err
		}
		switch t.Role {
		case plugins.Source:
			return &pluginSource{n}, nil
		case plugins.Sink:
			return &pluginSink{n}, nil
		case plugins.Transform:
		}
		return &pluginTransform{n}, nil
	}
	return s
}

// pluginNode is what nodes of all plugins have in common.
type pluginNode struct {
	plugin  plugins.Plugin
	stream  string
	config  map[string]json.RawMessage // what the plugin gets
	timeout time.Duration

	found script.Program
}

// configure takes the settings, of which all that are not of every node are the plugin's.
func (n *pluginNode) configure(s node.Spec, config json.RawMessage) error {
	common, err := s.Common(config)
	if err == nil {
		err = json.Unmarshal(config, &n.config)
	}
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the settings of the node are not readable")
	}
	n.timeout = plugins.Patience
	if common.Timeout > 0 {
		n.timeout = common.Timeout
	}
	n.stream = word(n.config[pluginStream])
	delete(n.config, pluginStream)
	for _, f := range node.CommonSettings() {
		delete(n.config, f.Name)
	}
	return nil
}

// Open implements node.Opener.
func (n *pluginNode) Open(_ context.Context, env node.Env) (node.Access, error) {
	var err error
	if n.found, err = n.plugin.Find(); err != nil {
		return node.Access{}, err
	}
	if err := script.Refused(); err != nil {
		return node.Access{}, err
	}
	n.found.Folders = append(n.found.Folders, n.plugin.Dir)
	if err := trusted(env, n.found); err != nil {
		return node.Access{}, err
	}
	return node.Access{Programs: append(script.System(), n.found.Folders...), Network: n.plugin.Network}, nil
}

// call returns a call of the plugin in a run.
func (n *pluginNode) call(env node.Env, command plugins.Command) (plugins.Call, error) {
	config := maps.Clone(n.config)
	for _, f := range n.plugin.Settings.Fields {
		var named string
		if f.Format != node.FormatConnection || json.Unmarshal(config[f.Name], &named) != nil || named == "" {
			continue
		}
		c, err := env.Connection(named)
		if err != nil {
			return plugins.Call{}, about(f.Name, err)
		}
		if config[f.Name], err = json.Marshal(pluginConnection{c.Type, c.Host, c.Port, c.Schema, c.Login, c.Password, c.Options}); err != nil { //nolint:gosec // it is the plugin's to have
			return plugins.Call{}, fmt.Errorf("connection %s: %w", named, err)
		}
	}
	text, err := json.Marshal(config)
	return plugins.Call{
		Plugin: n.plugin, Program: n.found, Command: command, Config: text, Stream: n.stream, Folder: env.Temp,
		Timeout: n.timeout, Memory: env.Memory, Log: func(level, line string) { env.Log(pluginLevel(level), "%s", line) },
	}, err
}

// pluginConnection is a connection as a plugin gets it, in the place of its name.
type pluginConnection struct {
	Type     string         `json:"type"`
	Host     string         `json:"host,omitempty"`
	Port     int            `json:"port,omitempty"`
	Schema   string         `json:"schema,omitempty"`
	Login    string         `json:"login,omitempty"`
	Password string         `json:"password,omitempty"`
	Options  map[string]any `json:"options,omitempty"`
}

// pluginLevel returns the level that a plugin means.
func pluginLevel(word string) node.Level {
	switch word {
	case "debug":
		return node.Debug
	case "warn", "warning":
		return node.Warning
	case "error":
		return node.Error
	}
	return node.Info
}

// pluginRecords gives the records of a call to write, in batches, and keeps the last state.
func pluginRecords(env node.Env, call func(hear func(plugins.Message) error) error, write func(batch.Batch) error) (state json.RawMessage, err error) {
	rows := plugins.Rows{Write: write}
	err = call(func(m plugins.Message) error {
		switch {
		case m.Type == "record":
			return rows.Add(m.Data)
		case m.Type == "state":
			state = slices.Clone(m.Value)
		case m.Type == "stream" && m.Stream != nil && rows.Total() == 0:
			return rows.Declare(m.Stream.Columns)
		case m.Type == "status":
		default:
			env.Log(node.Warning, "the plugin wrote a message that has no meaning here: %.100q", m.Type)
		}
		return nil
	})
	if err == nil {
		err = rows.Flush()
	}
	return state, err
}

// pluginSource reads rows by a plugin.
type pluginSource struct{ pluginNode }

// pluginState is what a source was told last, and of what.
type pluginState struct {
	Stream string          `json:"stream"`
	Value  json.RawMessage `json:"value"`
}

// Process implements node.Procedural.
func (s *pluginSource) Process(ctx context.Context, env node.Env, _ node.Rows, write func(batch.Batch) error) error {
	c, err := s.call(env, plugins.CommandRead)
	if err != nil {
		return err
	}
	var last pluginState
	if env.State != nil && json.Unmarshal(env.State, &last) == nil && last.Stream == s.stream {
		c.State = last.Value
	}
	said, err := pluginRecords(env, func(hear func(plugins.Message) error) error { return c.Run(ctx, nil, hear) }, write)
	if err != nil || said == nil {
		return err
	}
	state, err := json.Marshal(pluginState{s.stream, said})
	if err == nil {
		env.Keep(state)
	}
	return err
}

// pluginTransform makes rows of rows by a plugin.
type pluginTransform struct{ pluginNode }

// Process implements node.Procedural.
func (t *pluginTransform) Process(ctx context.Context, env node.Env, in node.Rows, write func(batch.Batch) error) error {
	c, err := t.call(env, plugins.CommandTransform)
	if err != nil {
		return err
	}
	_, err = pluginRecords(env, func(hear func(plugins.Message) error) error {
		return c.Run(ctx, func(w io.Writer) error { _, err := sent(w, in); return err }, hear)
	}, write)
	return err
}

// sent writes rows to a plugin and returns their number.
func sent(w io.Writer, in node.Rows) (rows int64, err error) {
	for b, err := range in.Batches {
		if err == nil {
			err = plugins.WriteRecords(w, b)
		}
		if err != nil {
			return rows, err
		}
		rows += int64(b.Rows)
	}
	return rows, nil
}

// pluginSink takes rows elsewhere by a plugin.
type pluginSink struct{ pluginNode }

// Write implements node.Sink. What a plugin has taken before it fails is its own business,
// and said so.
func (s *pluginSink) Write(ctx context.Context, env node.Env, in node.Relation) (int64, node.Relation, error) {
	c, err := s.call(env, plugins.CommandWrite)
	if err != nil {
		return 0, node.Relation{}, err
	}
	var rows int64
	refused := false
	err = c.Run(ctx, func(w io.Writer) (err error) {
		rows, err = sent(w, env.DB.Read(ctx, in))
		return err
	}, func(m plugins.Message) error {
		if m.Type == "status" && m.Status == "error" {
			refused = true
			return fault.Transient(fault.New(fault.Invalid, "the plugin %s: %s", s.plugin.Name, m.Message).With("plugin_failed"))
		}
		return nil
	})
	if code := fault.CodeOf(err); refused || code == "plugin_failed" {
		words := fault.Wrap(fault.Invalid, err, "%s (of the rows that it was given, it may have kept some)", fault.MessageOf(err)).With("plugin_failed")
		if fault.IsTransient(err) {
			return 0, node.Relation{}, fault.Transient(words)
		}
		return 0, node.Relation{}, words
	}
	return rows, node.Relation{}, err
}
