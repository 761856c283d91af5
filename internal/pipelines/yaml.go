package pipelines

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"

	"github.com/broked/broked/internal/fault"
)

// The YAML form is the JSON form with members in a fixed order, without what
// belongs to the server and without secrets. It starts with this version.
const yamlVersion = "1"

// maxYAMLNodes bounds what aliases may unfold to.
const maxYAMLNodes = 200_000

// DecodeYAML reads a document in its YAML form. Nodes without a position are
// laid out by their distance from the sources.
func DecodeYAML(text []byte) (Document, error) {
	root, err := parseYAML(text)
	if err != nil {
		return Document{}, err
	}
	w := yamlReader{left: maxYAMLNodes}
	if err := w.value(root); err != nil {
		return Document{}, fault.New(fault.Invalid, "the YAML cannot be read: %v", err).With("invalid_yaml")
	}
	var head struct {
		Version json.RawMessage `json:"version"`
	}
	if err := json.Unmarshal(w.out.Bytes(), &head); err != nil {
		return Document{}, fault.New(fault.Invalid, "the YAML is a list or a single value; a pipeline is a mapping with name, nodes and edges").With("invalid_yaml")
	}
	if v := strings.Trim(string(head.Version), `"`); v != "" && v != yamlVersion {
		return Document{}, fault.Rejected("the YAML cannot be read", []fault.Problem{{Path: "version", Message: fmt.Sprintf("must be %q, not %s", yamlVersion, head.Version)}})
	}
	body, err := withoutVersion(w.out.Bytes())
	if err != nil {
		return Document{}, err
	}
	d, err := Decode(body)
	if err != nil {
		return Document{}, err
	}
	d.layOut()
	return d, nil
}

func parseYAML(text []byte) (*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var root, more yaml.Node
	err := dec.Decode(&root)
	switch {
	case errors.Is(err, io.EOF):
		return nil, fault.New(fault.Invalid, "the file is empty").With("invalid_yaml")
	case err != nil:
		return nil, fault.Wrap(fault.Invalid, err, "the YAML cannot be read: %s", strings.TrimPrefix(err.Error(), "yaml: ")).With("invalid_yaml")
	case dec.Decode(&more) == nil:
		return nil, fault.New(fault.Invalid, "the file has more than one YAML document").With("invalid_yaml")
	}
	return &root, nil
}

// withoutVersion drops the member "version", which in the YAML form counts the
// format and in the JSON form the saves.
func withoutVersion(body []byte) ([]byte, error) {
	var members map[string]RawObject
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, fmt.Errorf("read converted YAML: %w", err)
	}
	delete(members, "version")
	return json.Marshal(members)
}

// yamlReader writes YAML as JSON, keeping the order of mappings.
type yamlReader struct {
	out  bytes.Buffer
	left int
}

func (w *yamlReader) value(n *yaml.Node) error {
	if w.left--; w.left < 0 {
		return errors.New("it unfolds to too much")
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return w.value(n.Content[0])
	case yaml.AliasNode:
		return w.value(n.Alias)
	case yaml.SequenceNode:
		w.out.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				w.out.WriteByte(',')
			}
			if err := w.value(item); err != nil {
				return err
			}
		}
		w.out.WriteByte(']')
		return nil
	case yaml.MappingNode:
		return w.mapping(n)
	default:
		return w.scalar(n)
	}
}

func (w *yamlReader) mapping(n *yaml.Node) error {
	seen := make(map[string]bool, len(n.Content)/2)
	w.out.WriteByte('{')
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			return fmt.Errorf("line %d: a key must be plain text", key.Line)
		}
		if seen[key.Value] {
			return fmt.Errorf("line %d: %q is there twice", key.Line, key.Value)
		}
		seen[key.Value] = true
		if i > 0 {
			w.out.WriteByte(',')
		}
		if err := w.quote(key.Value, key.Line); err != nil {
			return err
		}
		w.out.WriteByte(':')
		if err := w.value(n.Content[i+1]); err != nil {
			return err
		}
	}
	w.out.WriteByte('}')
	return nil
}

func (w *yamlReader) scalar(n *yaml.Node) error {
	switch n.ShortTag() {
	case "!!null":
		w.out.WriteString("null")
		return nil
	case "!!bool", "!!int", "!!float":
		var v any
		if err := n.Decode(&v); err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
		text, err := json.Marshal(v)
		if err != nil { // .nan and .inf
			return w.quote(n.Value, n.Line)
		}
		w.out.Write(text)
		return nil
	}
	return w.quote(n.Value, n.Line) // a date stays the text that was written
}

func (w *yamlReader) quote(s string, line int) error {
	text, err := jsontext.AppendQuote(nil, s)
	if err != nil {
		return fmt.Errorf("line %d: text is not UTF-8", line)
	}
	w.out.Write(text)
	return nil
}

// EncodeYAML writes d in its YAML form. The comments of earlier, an older text
// of the same pipeline or "", stand again where what they spoke of still is.
func EncodeYAML(d Document, earlier string) ([]byte, error) {
	root, err := d.yamlTree()
	if err != nil {
		return nil, err
	}
	if earlier != "" {
		if old, err := parseYAML([]byte(earlier)); err == nil {
			keepComments(old, root)
		}
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return out.Bytes(), nil
}

// yamlTree returns d as YAML nodes, from its JSON form.
func (d Document) yamlTree() (*yaml.Node, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	body, err := fromJSON(dec)
	if err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	kept := body.Content[:0]
	for i := 0; i+1 < len(body.Content); i += 2 {
		if key, value := body.Content[i], body.Content[i+1]; !d.omitsYAML(key.Value, value) {
			kept = append(kept, key, value)
		}
	}
	version := []*yaml.Node{{Kind: yaml.ScalarNode, Value: "version"}, {Kind: yaml.ScalarNode, Value: yamlVersion, Style: yaml.DoubleQuotedStyle}}
	body.Content = append(version, kept...)
	return &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{body}}, nil
}

// omitsYAML says which members do not travel: the server's own, secrets, and
// those that say nothing.
func (d Document) omitsYAML(member string, value *yaml.Node) bool {
	switch member {
	case "id", "workspace_id", "source", "version", "created_at", "updated_at", "webhook_token":
		return true
	case "enabled":
		return d.Enabled
	case "nodes", "edges":
		return false
	}
	return value.Kind != yaml.ScalarNode && len(value.Content) == 0 || value.Kind == yaml.ScalarNode && value.Value == "" && value.Tag == "!!str"
}

// fromJSON reads one JSON value as a YAML node, keeping the order of members.
func fromJSON(dec *jsontext.Decoder) (*yaml.Node, error) {
	token, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch kind := token.Kind(); kind {
	case '{', '[':
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		if kind == '[' {
			n = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		}
		for dec.PeekKind() != '}' && dec.PeekKind() != ']' {
			child, err := fromJSON(dec)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, child)
		}
		_, err := dec.ReadToken()
		return n, err
	case '"':
		n := &yaml.Node{}
		n.SetString(token.String())
		n.Tag = "!!str"
		return n, nil
	case 'n':
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
	case 't', 'f':
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: token.String()}, nil
	default:
		tag := "!!int"
		if strings.ContainsAny(token.String(), ".eE") {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: token.String()}, nil
	}
}

// keepComments gives the nodes of fresh the comments that stand at the same
// place in old. Items of a list that have an id or ends are matched by them.
func keepComments(old, fresh *yaml.Node) {
	fresh.HeadComment, fresh.LineComment, fresh.FootComment = old.HeadComment, old.LineComment, old.FootComment
	if old.Kind != fresh.Kind {
		return
	}
	switch fresh.Kind {
	case yaml.DocumentNode:
		keepComments(old.Content[0], fresh.Content[0])
	case yaml.MappingNode:
		for i := 0; i+1 < len(fresh.Content); i += 2 {
			for j := 0; j+1 < len(old.Content); j += 2 {
				if old.Content[j].Value == fresh.Content[i].Value {
					keepComments(old.Content[j], fresh.Content[i])
					keepComments(old.Content[j+1], fresh.Content[i+1])
				}
			}
		}
	case yaml.SequenceNode:
		for i, item := range fresh.Content {
			if match := sameItem(old.Content, item, i); match != nil {
				keepComments(match, item)
			}
		}
	default:
	}
}

// sameItem finds in a list the item that item is the later state of.
func sameItem(list []*yaml.Node, item *yaml.Node, i int) *yaml.Node {
	name := itemName(item)
	for _, other := range list {
		if name != "" && itemName(other) == name {
			return other
		}
	}
	if name == "" && i < len(list) {
		return list[i]
	}
	return nil
}

// itemName identifies a node by its id and an edge by its ends.
func itemName(n *yaml.Node) string {
	if n.Kind != yaml.MappingNode {
		return ""
	}
	var names []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch n.Content[i].Value {
		case "id", "from", "to":
			names = append(names, n.Content[i].Value+"="+n.Content[i+1].Value)
		}
	}
	return strings.Join(names, " ")
}

// Export returns the YAML form of a pipeline's newest version, with the
// comments of the text that it was once imported from.
func (s *Service) Export(ctx context.Context, ref string) (Document, []byte, error) {
	v, err := s.find(ctx, ref)
	if err != nil {
		return Document{}, nil, err
	}
	text, err := EncodeYAML(v.Document, v.YAML)
	return v.Document, text, err
}

// Import stores the pipeline in text, which is JSON when it begins with a brace
// and YAML otherwise. With update, a pipeline of the same pipeline_id gets a new
// version; without, that is a Conflict.
func (s *Service) Import(ctx context.Context, text []byte, update bool) (Document, error) {
	d, source, err := DecodeFile(text)
	if err != nil {
		return Document{}, err
	}
	if update && d.Slug != "" {
		old, err := s.find(ctx, d.Slug)
		if err == nil {
			old.YAML = source
			return s.save(ctx, old, d, "imported")
		}
		if fault.KindOf(err) != fault.NotFound {
			return Document{}, err
		}
	}
	return s.create(ctx, d, source, "imported")
}

// DecodeFile reads a document in its JSON form when text begins with a brace, and
// in its YAML form otherwise; then source is the text, for its comments.
func DecodeFile(text []byte) (d Document, source string, err error) {
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && trimmed[0] == '{' {
		d, err = Decode(trimmed)
		return d, "", err
	}
	d, err = DecodeYAML(text)
	return d, string(text), err
}

// Grid of the automatic layout, in pixels.
const (
	columnWidth = 280
	rowHeight   = 100
	origin      = 50
)

// layOut places the nodes when none has a position: in columns by their longest
// path from a source, in rows by their order.
func (d *Document) layOut() {
	for _, n := range d.Nodes {
		if n.Position != (Position{}) {
			return
		}
	}
	if d.circle() != nil {
		return // the checks will tell
	}
	known := map[string]int{}
	var depth func(id string) int
	depth = func(id string) int {
		if deepest, ok := known[id]; ok {
			return deepest
		}
		deepest := 0
		for _, e := range d.Edges {
			if e.To == id {
				deepest = max(deepest, depth(e.From)+1)
			}
		}
		known[id] = deepest
		return deepest
	}
	rows := map[int]int{}
	for i := range d.Nodes {
		column := depth(d.Nodes[i].ID)
		d.Nodes[i].Position = Position{X: float64(origin + column*columnWidth), Y: float64(origin + rows[column]*rowHeight)}
		rows[column]++
	}
}
