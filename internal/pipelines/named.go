package pipelines

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// Meaning is what a name stands for that a workspace or a server gives a meaning to, such
// as var.region.
type Meaning struct {
	Text    string // empty of a secret that is not opened
	JSON    bool   // the text is a JSON value that is no string
	Secret  bool
	Version int // of a variable: how often its value has been set
}

// Known is what the names in a document stand for, by their full names, and All are those
// that there are. A nil Known is for places that do not know.
type Known struct {
	Named map[string]Meaning
	All   []string
}

// Names knows what names stand for. Package names implements it.
type Names interface {
	// Known looks names up in the workspace of ctx. It opens no secret.
	Known(ctx context.Context, names []string) (*Known, error)
}

// elsewhere are the prefixes of names that a workspace or a server gives a meaning to.
var elsewhere = []string{"var", "secret", "conn", "env"}

// Names returns the full names in settings of d that a workspace or a server gives a
// meaning to, each once, in their alphabet's order.
func (d Document) Names() []string {
	var all []string
	for _, n := range d.Nodes {
		for _, name := range Placeholders(string(n.Config)) {
			if fromElsewhere(name) {
				all = append(all, name)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// missing says in words why a placeholder has no value.
func (k *Known) missing(full string) string {
	prefix, name, _ := strings.Cut(full, ".")
	word := "${" + full + "}"
	known := []string{}
	if k != nil {
		known = k.All
	}
	switch prefix {
	case "conn":
		if !strings.Contains(name, ".") {
			return word + " has no value: write ${conn." + name + ".host}, or port, schema, login or type; secrets of a connection are for nodes that name it in conn_id"
		}
	case "env":
		return word + " has no value: the server's environment does not have it, or does not let it be read (--pipeline-env)"
	case "secret":
		if k.has("var." + name) {
			return word + " has no value: the variable is no secret; write ${var." + name + "}"
		}
	}
	return word + " has no value" + fault.DidYouMean(full, known)
}

func (k *Known) has(full string) bool { return k != nil && slices.Contains(k.All, full) }

// Resolved is what became of the settings of a document.
type Resolved struct {
	Configs []json.RawMessage // of each node, in document order
	Values  Values            // what the nodes bind themselves, besides what was given
	Secrets []string          // that are in the settings
}

// Resolve returns the settings of each node of d with the placeholders filled in. Those in
// expressions and SQL stay: the node binds them as values, so that no value can change
// what an expression says. A setting that is one placeholder, and takes no text, gets a
// value of its type.
//
// A placeholder without a value, one whose value is not of the type, and a secret where none may
// stand are Invalid faults that name the place.
func (d Document) Resolve(kinds *node.Registry, values Values, known *Known) (Resolved, error) {
	r := resolver{values: maps.Clone(values), known: known, bound: Values{}}
	done := Resolved{Configs: make([]json.RawMessage, len(d.Nodes))}
	for i, n := range d.Nodes {
		spec, err := kinds.Spec(n.Type)
		if err != nil {
			return done, err
		}
		r.at = at("nodes", i) + ".config"
		if done.Configs[i], err = r.node(spec, n); err != nil {
			return done, err
		}
	}
	if len(r.problems) > 0 {
		return done, fault.Rejected("the run lacks values", r.problems).With("missing_value")
	}
	done.Values, done.Secrets = r.bound, r.secrets
	maps.Copy(done.Values, values)
	return done, nil
}

// resolver fills placeholders in.
type resolver struct {
	values   Values
	known    *Known
	before   bool // there is no run yet: what is not known may still be given
	at       string
	bound    Values
	secrets  []string
	problems []fault.Problem
	typed    bool // a setting of the node got a value of its type
	unsure   bool // one of them is not known yet, and nothing can be said instead of it
}

func (r *resolver) add(path, message string) {
	r.problems = append(r.problems, fault.Problem{Path: joinPath(r.at, path), Message: message})
}

func (r *resolver) node(spec node.Spec, n Node) (json.RawMessage, error) {
	r.typed, r.unsure = false, false
	var settings any
	if err := json.Unmarshal(n.Settings(), &settings); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of node %s are not JSON", n.ID)
	}
	wrong := len(r.problems)
	filled, err := spec.Form().MapTexts(settings, r.text)
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(filled)
	if err != nil || !r.typed || r.before || len(r.problems) > wrong {
		return config, err
	}
	_, problems := spec.Build(config)
	for _, p := range problems {
		r.add(p.Path, p.Message)
	}
	return config, nil
}

// text returns what stands in the place of a text.
func (r *resolver) text(path string, s node.Schema, text string) (any, error) { //nolint:ireturn // JSON
	names := Placeholders(text)
	if len(names) == 0 || s.Format == node.FormatPython || s.Format == node.FormatCode {
		return text, nil // a program has no placeholders: its kind refuses them
	}
	if s.Format.Bound() {
		r.bind(path, s, names)
		return text, nil
	}
	whole := len(names) == 1 && text == "${"+names[0]+"}"
	if whole && (s.Type != node.TypeString || len(s.Enum) > 0) {
		return r.one(path, s, names[0]), nil
	}
	if r.before {
		for _, name := range names {
			r.find(path, s, name)
		}
		return text, nil
	}
	return placeholder.ReplaceAllStringFunc(text, func(p string) string {
		v, _ := r.find(path, s, p[2:len(p)-1])
		return v
	}), nil
}

// bind notes the values that a node is to bind itself. What it lacks of the run's own it
// says when it does, because a comment needs no value.
func (r *resolver) bind(path string, s node.Schema, names []string) {
	for _, name := range names {
		if !r.before && !fromElsewhere(name) {
			continue
		}
		if text, found := r.find(path, s, name); found != nil && fromElsewhere(name) {
			r.bound[name] = text
		}
	}
}

func fromElsewhere(name string) bool {
	prefix, _, _ := strings.Cut(name, ".")
	return slices.Contains(elsewhere, prefix)
}

// find returns the text of a name, and what it stands for when that is a value. What must
// not stand there is a problem.
func (r *resolver) find(path string, s node.Schema, name string) (string, *Meaning) {
	if text, is := r.values[name]; is {
		return text, &Meaning{Text: text}
	}
	v, is := r.known.named(name)
	switch {
	case is && v.Secret && !s.Secrets:
		r.add(path, "${"+name+"} is a secret and must not stand here, where it would become readable: secrets go in headers, addresses, bodies, passwords and the environment of programs, or in a connection")
		return "", nil
	case is:
		if v.Secret && v.Text != "" {
			r.secrets = append(r.secrets, v.Text)
		}
		return v.Text, &v
	case r.before && (strings.HasPrefix(name, "param.") || r.known == nil && fromElsewhere(name)):
		return "", nil // it may still be given
	}
	r.add(path, r.missing(name))
	return "", nil
}

// named returns what a name stands for, if that is known.
func (k *Known) named(name string) (Meaning, bool) {
	if k == nil {
		return Meaning{}, false
	}
	m, is := k.Named[name]
	return m, is
}

func (r *resolver) missing(name string) string {
	if fromElsewhere(name) {
		return r.known.missing(name)
	}
	return "${" + name + "} has no value" + fault.DidYouMean(name, slices.Sorted(maps.Keys(r.values)))
}

// one returns the value of a name as a setting takes it that is no free text.
func (r *resolver) one(path string, s node.Schema, name string) any { //nolint:ireturn // JSON
	r.typed = true
	wrong := len(r.problems)
	text, found := r.find(path, s, name)
	switch {
	case len(r.problems) > wrong, found == nil, r.before && text == "":
		return r.instead(s)
	case s.Type == node.TypeString || s.Type == "" && !found.JSON:
		return text
	}
	var value any
	if json.Unmarshal([]byte(strings.TrimSpace(text)), &value) == nil && takes(s.Type, value) {
		return value
	}
	r.add(path, "${"+name+"} must be "+noun(s.Type)+" here")
	return r.instead(s)
}

func (r *resolver) instead(s node.Schema) any { //nolint:ireturn // JSON
	v := standIn(s)
	r.unsure = r.unsure || v == nil
	return v
}

// takes reports whether a value is of the type of a setting.
func takes(t node.Type, value any) bool {
	switch value.(type) {
	case float64:
		return t == node.TypeNumber || t == node.TypeInteger || t == ""
	case bool:
		return t == node.TypeBoolean || t == ""
	case []any:
		return t == node.TypeArray || t == ""
	case map[string]any:
		return t == node.TypeObject || t == ""
	}
	return t == ""
}

func noun(t node.Type) string {
	switch t {
	case node.TypeArray:
		return "a list"
	case node.TypeObject:
		return "an object"
	case node.TypeInteger:
		return "a whole number"
	case node.TypeBoolean:
		return "true or false"
	case node.TypeNumber, node.TypeString:
	}
	return "a number"
}

// standIn returns a value that a setting takes, for one that is not known yet; nil when
// there is none.
func standIn(s node.Schema) any { //nolint:ireturn // JSON
	switch {
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Min != nil:
		return max(*s.Min, 1)
	case s.Type == node.TypeNumber || s.Type == node.TypeInteger:
		return 1
	case s.Type == node.TypeBoolean:
		return false
	case s.Type == "" || s.Type == node.TypeString:
		return ""
	}
	return nil
}

// before returns what is known of the values of a run before there is one.
func (d Document) before() Values {
	v := Values{}
	for _, name := range runValues {
		v["run."+name] = ""
	}
	for _, name := range intervalValues {
		v["interval."+name] = ""
	}
	for name, value := range d.Params {
		v["param."+name] = value
	}
	return v
}
