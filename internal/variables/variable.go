// Package variables keeps values of a workspace that settings of many pipelines share,
// and secrets among them, which are told to nobody.
package variables

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/sealed"
)

// Mask stands for a secret wherever one would be shown. It is never kept as one.
const Mask = "********"

// Type says what values a variable takes.
type Type string

// The types of variables.
const (
	String  Type = "string"
	Number  Type = "number"
	Boolean Type = "boolean"
	JSON    Type = "json"
	Secret  Type = "secret"
)

// Types are the types of variables, as forms offer them.
var Types = []Type{String, Number, Boolean, JSON, Secret}

// MaxValue is how many bytes a value has at most.
const MaxValue = 64 << 10

// Variable is a value with a name, as people see it.
type Variable struct {
	ID          string           `json:"id"`
	Key         string           `json:"key" doc:"What settings call it: ${var.KEY}"`
	Type        Type             `json:"type" enum:"string,number,boolean,json,secret"`
	Value       string           `json:"value" doc:"As text, whatever its type; ******** of a secret"`
	Description string           `json:"description"`
	Version     int              `json:"version" doc:"How often its value has been set. Runs note it"`
	Workspace   auth.WorkspaceID `json:"workspace_id"`
	CreatedAt   time.Time        `json:"created_at"`
	UpdatedAt   time.Time        `json:"updated_at"`
}

// Stored is a variable as it is kept: the value of a secret is sealed.
type Stored struct{ Variable }

// Draft is what a caller says of a variable. What is left out stays as it is.
type Draft struct {
	Key         *string         `json:"key,omitempty" maxLength:"200" doc:"Letters, digits, dots, dashes and underscores. It cannot be changed"`
	Type        *Type           `json:"type,omitempty" doc:"string when a variable is made without it" enum:"string,number,boolean,json,secret"`
	Value       json.RawMessage `json:"value,omitempty" doc:"Text, or a value of the type. Of a secret, empty or ******** keeps what is there"`
	Description *string         `json:"description,omitempty" maxLength:"2000"`
}

// nameShape is what a placeholder takes behind its first dot.
var nameShape = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,127}$`)

// at is where the value of a secret is kept.
func at(id string) sealed.Place { return sealed.Place{Table: "variables", Row: id, Column: "value"} }

// NotFound is the fault of asking for a variable that is not there.
func NotFound(key string) error {
	return fault.New(fault.NotFound, "there is no variable %q", key).With("variable_not_found")
}

// onto returns v as the draft says. Said reports whether it gives the value, which is
// then plain.
func (d Draft) onto(v Variable) (now Variable, said bool, err error) {
	fresh, before := v.ID == "", v.Type
	if fresh {
		v.Type = String
	}
	if d.Type != nil && *d.Type != "" {
		v.Type = *d.Type
	}
	if d.Description != nil {
		v.Description = *d.Description
	}
	var problems []fault.Problem
	if !nameShape.MatchString(v.Key) {
		problems = append(problems, fault.Problem{Path: "key", Message: "must begin with a letter or an underscore and have letters, digits, dots, dashes and underscores only, at most 128"})
	}
	said, wrong := d.value(&v, fresh, before)
	if wrong != "" {
		problems = append(problems, fault.Problem{Path: "value", Message: wrong})
	}
	if len(problems) > 0 {
		return v, said, fault.Rejected("the variable cannot be saved", problems)
	}
	return v, said || before != v.Type && v.Type == Secret, nil
}

// value gives v the value of the draft, or has it keep its own. It reports whether the draft
// gives one, and what is wrong with it.
func (d Draft) value(v *Variable, fresh bool, before Type) (said bool, wrong string) {
	text, said := d.text(v.Type)
	switch {
	case said:
		v.Value, wrong = v.Type.take(text)
	case fresh:
		wrong = "is missing"
	default:
		v.Value, wrong = v.Type.retake(before, v.Value)
	}
	return said, wrong
}

// retake returns a value that was kept as of another type, or why it cannot be of this one.
func (t Type) retake(before Type, value string) (kept, wrong string) {
	switch {
	case before == Secret && t != Secret:
		return value, "is needed: what is kept is a secret, which does not become readable"
	case t == before || t == Secret:
		return value, ""
	}
	return t.take(value)
}

// text returns the value that the draft gives as text, unless it gives none.
func (d Draft) text(t Type) (text string, said bool) {
	if len(d.Value) == 0 || string(d.Value) == "null" && t != JSON {
		return "", false
	}
	text = string(d.Value)
	if d.Value[0] == '"' {
		if json.Unmarshal(d.Value, &text) != nil {
			return "", false
		}
	}
	return text, t != Secret || text != "" && text != Mask
}

// take returns text as a value of the type is kept, or why it is none. It says nothing of
// what it was, which may be a secret.
func (t Type) take(text string) (value, wrong string) {
	switch {
	case len(text) > MaxValue:
		return "", "has more than 64 KB"
	case strings.ContainsRune(text, 0):
		return "", "must not hold NUL characters"
	}
	trimmed := strings.TrimSpace(text)
	switch t {
	case String, Secret:
		return text, ""
	case Number:
		if !numberShape.MatchString(trimmed) {
			return "", "must be a number such as 12, -0.5 or 1e6"
		}
		return trimmed, ""
	case Boolean:
		if trimmed != "true" && trimmed != "false" {
			return "", "must be true or false"
		}
		return trimmed, ""
	case JSON:
		var compact bytes.Buffer
		if !jsontext.Value(trimmed).IsValid() || json.Compact(&compact, []byte(trimmed)) != nil {
			return "", "must be JSON, with each member of an object once"
		}
		return compact.String(), ""
	}
	return "", "has a type that is none of string, number, boolean, json and secret"
}

// numberShape is a number of JSON.
var numberShape = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$`)
