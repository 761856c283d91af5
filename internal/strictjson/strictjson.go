// Package strictjson reads JSON from strangers: no duplicate members, no case
// folding, no invalid UTF-8, no bottomless nesting, nothing after the value. The
// standard library's reader lets all of them pass.
package strictjson

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/broked/broked/internal/fault"
)

// MaxDepth is how deep objects and lists may be nested.
const MaxDepth = 64

// Decode reads the one JSON value in data into the value that into points to.
// Members that it has no place for are refused, unless it embeds a fallback.
//
// What is wrong is an Invalid fault with one problem that says where.
func Decode(data []byte, into any) error {
	if err := depth(data); err != nil {
		return err
	}
	return explain(json.Unmarshal(data, into, json.RejectUnknownMembers(true)))
}

// depth refuses values nested deeper than MaxDepth before anything is built.
func depth(data []byte) error {
	dec := jsontext.NewDecoder(strings.NewReader(string(data)))
	for {
		_, err := dec.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return explain(err)
		}
		if dec.StackDepth() > MaxDepth {
			return rejected(Path(dec.StackPointer()), fmt.Sprintf("is nested more than %d levels deep", MaxDepth))
		}
	}
}

func explain(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		path := Path(e.JSONPointer)
		if errors.Is(err, json.ErrUnknownName) {
			return rejected(path, "is not a member that this call takes")
		}
		return rejected(path, fmt.Sprintf("must be %s, not %s", wanted(e), article(e.JSONKind)))
	}
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return rejected(Path(e.JSONPointer), "is there twice")
		}
		return fault.Wrap(fault.Invalid, err, "the body is not JSON: something is wrong at byte %d", e.ByteOffset).With("invalid_json")
	}
	return fault.Wrap(fault.Invalid, err, "the body is not JSON").With("invalid_json")
}

func rejected(path, what string) error {
	return fault.Rejected("the body is not what this call takes", []fault.Problem{{Path: path, Message: what}})
}

func wanted(e *json.SemanticError) string {
	if e.GoType == nil {
		return "something else"
	}
	switch kind := e.GoType.Kind().String(); {
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"):
		return "a whole number"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	case kind == "bool":
		return "true or false"
	case kind == "slice" || kind == "array":
		return "a list"
	case kind == "map" || kind == "struct":
		return "an object"
	}
	return "text"
}

func article(k jsontext.Kind) string {
	switch k {
	case '"':
		return "text"
	case '0':
		return "a number like this"
	case '{':
		return "an object"
	case '[':
		return "a list"
	default:
		return k.String()
	}
}

// Path writes a JSON pointer (RFC 6901) the way people read it: nodes[1].name.
func Path(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		if _, err := strconv.Atoi(token); err == nil {
			b.WriteString("[" + token + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(token)
	}
	return b.String()
}
