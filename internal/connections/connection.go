// Package connections keeps how other systems are reached: where they are, and the
// secrets with which pipelines sign in there, which are told to nobody.
package connections

import (
	"encoding/json"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/sealed"
)

// Mask stands for a secret wherever one would be shown. It is never kept as one.
const Mask = "********"

// sealedRef is what the reference of a secret says that is kept here.
const sealedRef = "encrypted://" + Mask

// Connection is how another system is reached, without its secrets.
type Connection struct {
	ID          string           `json:"id"`
	Name        string           `json:"conn_id" doc:"What pipelines call it"`
	Type        string           `json:"type"`
	Description string           `json:"description"`
	Host        string           `json:"host"`
	Port        int              `json:"port"`
	Schema      string           `json:"schema" doc:"The database, of databases"`
	Login       string           `json:"login"`
	Options     map[string]any   `json:"options,omitempty" doc:"What its type has besides"`
	PasswordRef string           `json:"password_ref,omitempty" doc:"Where the password is: encrypted://******** when it is kept here"`
	ExtraRef    string           `json:"extra_ref,omitempty" doc:"The same of extra"`
	Workspace   auth.WorkspaceID `json:"workspace_id"`
	CreatedAt   time.Time        `json:"created_at"`
	UpdatedAt   time.Time        `json:"updated_at"`
}

// Stored is a connection as it is kept: with its secrets, sealed. The references in it
// are of secrets that are elsewhere.
type Stored struct {
	Connection
	Password string
	Extra    string
}

// Draft is what a caller says of a connection. What is left out stays as it is.
type Draft struct {
	Name        *string        `json:"conn_id,omitempty" doc:"Letters, digits, dots, dashes and underscores; in small letters. It cannot be changed"`
	Type        *string        `json:"type,omitempty" doc:"One of GET /api/connection-types"`
	Description *string        `json:"description,omitempty" maxLength:"2000"`
	Host        *string        `json:"host,omitempty" maxLength:"2000"`
	Port        *int           `json:"port,omitempty"`
	Schema      *string        `json:"schema,omitempty" maxLength:"500"`
	Login       *string        `json:"login,omitempty" maxLength:"500"`
	Password    *string        `json:"password,omitempty" maxLength:"65536" doc:"Never shown. Empty or ******** keeps what is there"`
	Extra       *string        `json:"extra,omitempty" maxLength:"65536" doc:"A JSON object as text; the same holds"`
	PasswordRef *string        `json:"password_ref,omitempty" maxLength:"1000" doc:"env://NAME, file:///path, vault://MOUNT/PATH#FIELD or secret://NAME in place of a password; empty for none"`
	ExtraRef    *string        `json:"extra_ref,omitempty" maxLength:"1000" doc:"The same in place of extra"`
	Options     map[string]any `json:"options,omitempty" doc:"All of them: those left out lose their value"`
}

var nameShape = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,127}$`)

// secretAt is where a secret of a connection is kept.
func secretAt(id, column string) sealed.Place {
	return sealed.Place{Table: "connections", Row: id, Column: column}
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// onto returns c as the draft says, its secrets left out of account, and the type.
func (d Draft) onto(c Connection) (Connection, Type, error) {
	var kept string
	if c.Name != "" {
		kept = c.Name
	}
	set(&c.Name, d.Name)
	if c.Name = strings.ToLower(strings.TrimSpace(c.Name)); kept != "" {
		c.Name = kept // it is in the path of the call, and in pipelines
	}
	set(&c.Type, d.Type)
	switch {
	case c.Name == "":
		return c, Type{}, fault.New(fault.Invalid, "conn_id is required").With("invalid_document")
	case c.Type == "":
		return c, Type{}, fault.New(fault.Invalid, "type is required").With("invalid_document")
	}
	set(&c.Description, d.Description)
	set(&c.Host, d.Host)
	set(&c.Port, d.Port)
	set(&c.Schema, d.Schema)
	set(&c.Login, d.Login)
	c.Host = strings.TrimSpace(c.Host)
	if d.Options != nil {
		c.Options = maps.Clone(d.Options)
	}
	t, err := typeOf(c.Type)
	if err != nil {
		return c, t, err
	}
	if c.Port == 0 {
		c.Port = t.port
	}
	return c, t, d.check(c, t)
}

// check returns everything that is wrong with c as the draft has made it.
func (d Draft) check(c Connection, t Type) error {
	var problems []fault.Problem
	add := func(path, message string) { problems = append(problems, fault.Problem{Path: path, Message: message}) }
	if !nameShape.MatchString(c.Name) {
		add("conn_id", "must begin with a letter or a digit and have letters, digits, dots, dashes and underscores only, at most 128")
	}
	problems = append(problems, d.checkFields(c, t)...)
	if c.Port < 0 || c.Port > math.MaxUint16 {
		add(port, "must be between 1 and 65535")
	}
	if strings.ContainsFunc(c.Host+c.Login+c.Schema, control) {
		add(host, "host, login and schema must not have control characters")
	}
	for _, p := range t.Options.Check(anyOf(c.Options)) {
		add("options."+p.Path, p.Message)
	}
	problems = append(problems, d.checkExtra(t)...)
	problems = append(problems, c.checkHTTP()...)
	problems = append(problems, c.checkStorage()...)
	problems = append(problems, c.checkMail()...)
	problems = append(problems, c.checkWarehouse()...)
	if len(problems) > 0 {
		return fault.Rejected("the connection cannot be saved", problems)
	}
	return nil
}

// checkFields finds fields that the type does not have, and those that it needs.
func (d Draft) checkFields(c Connection, t Type) []fault.Problem {
	var problems []fault.Problem
	given := map[string]bool{
		host: c.Host != "", port: c.Port != 0, schema: c.Schema != "", login: c.Login != "",
		password: said(d.Password) || filled(d.PasswordRef), extra: said(d.Extra) || filled(d.ExtraRef),
	}
	for _, field := range slices.Sorted(maps.Keys(given)) {
		switch {
		case given[field] && !t.has(field):
			problems = append(problems, fault.Problem{Path: field, Message: "is not for connections of the type " + t.Type})
		case !given[field] && slices.Contains(t.required, field):
			problems = append(problems, fault.Problem{Path: field, Message: "is missing"})
		}
	}
	if said(d.Password) && filled(d.PasswordRef) {
		problems = append(problems, fault.Problem{Path: "password_ref", Message: "and password both say what the password is: leave one of them out"})
	}
	return problems
}

func (d Draft) checkExtra(t Type) []fault.Problem {
	if !said(d.Extra) {
		return nil
	}
	if filled(d.ExtraRef) {
		return []fault.Problem{{Path: "extra_ref", Message: "and extra both say what is besides: leave one of them out"}}
	}
	members, err := members(*d.Extra)
	if err != nil {
		return []fault.Problem{{Path: extra, Message: "must be a JSON object as text"}}
	}
	problems := t.given().Check(members)
	for i := range problems {
		problems[i].Path = strings.TrimSuffix("extra."+problems[i].Path, ".")
	}
	return problems
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// said reports whether a caller has given a secret.
func said(secret *string) bool { return secret != nil && *secret != "" && *secret != Mask }

// filled reports whether a caller has said where a secret is.
func filled(ref *string) bool { return ref != nil && *ref != "" && *ref != sealedRef }

func members(text string) (map[string]any, error) {
	all := map[string]any{}
	if strings.TrimSpace(text) == "" {
		return all, nil
	}
	err := json.Unmarshal([]byte(text), &all)
	if all == nil {
		all = map[string]any{}
	}
	return all, err
}

func anyOf(options map[string]any) map[string]any {
	if options == nil {
		return map[string]any{}
	}
	return options
}

// secrets are the secrets of a connection as they are kept.
func (s *Stored) secrets() []secretField {
	return []secretField{{password, &s.Password, &s.PasswordRef}, {extra, &s.Extra, &s.ExtraRef}}
}

// secretField is where a secret is kept, or where it is instead.
type secretField struct {
	name   string
	sealed *string
	ref    *string
}

// elsewhere reports whether two states of a connection lead to other systems, or to
// another account there: then its secrets must not go along by themselves.
func elsewhere(old, now Connection) bool {
	return old.hostKey() != now.hostKey() || old.Type != now.Type || old.Host != now.Host || old.Port != now.Port || old.Login != now.Login ||
		now.Type == connection.HTTP && old.Options["token_url"] != now.Options["token_url"]
}
