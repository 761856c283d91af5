// Package names is what names in settings of nodes stand for that a workspace or a server
// gives a meaning to: variables, secrets, where connections lead, and what of the server's
// environment pipelines may read.
package names

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/connections"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/variables"
)

// ownPrefix begins names of the environment that are secrets for pipelines.
const ownPrefix = "BROKED_SECRET_"

// Names knows what names stand for. It implements pipelines.Names.
type Names struct {
	Variables   *variables.Service
	Connections *connections.Service
	// Env are the names of the environment that pipelines may read.
	Env []string
	// Lookup reads the environment.
	Lookup func(name string) (string, bool)
}

// mostSuggested is how many names are looked through for one that was meant.
const mostSuggested = 1000

// Known implements pipelines.Names.
func (n *Names) Known(ctx context.Context, names []string) (*pipelines.Known, error) {
	return n.look(ctx, names, n.Variables.Get)
}

// Resolve is Known for a run of a workspace: secrets are opened.
func (n *Names) Resolve(ctx context.Context, workspace auth.WorkspaceID, names []string) (*pipelines.Known, error) {
	return n.look(auth.WithWorkspace(ctx, workspace), names, n.Variables.Open)
}

type getter func(ctx context.Context, key string) (variables.Variable, error)

func (n *Names) look(ctx context.Context, names []string, get getter) (*pipelines.Known, error) {
	k := &pipelines.Known{Named: make(map[string]pipelines.Meaning, len(names))}
	for _, full := range names {
		m, is, err := n.meaning(ctx, full, get)
		if err != nil {
			return nil, err
		}
		if is {
			k.Named[full] = m
		}
	}
	if len(k.Named) == len(names) {
		return k, nil
	}
	var err error
	k.All, err = n.all(ctx)
	return k, err
}

// meaning returns what a name stands for, and false when that is nothing.
func (n *Names) meaning(ctx context.Context, full string, get getter) (m pipelines.Meaning, is bool, err error) {
	prefix, name, _ := strings.Cut(full, ".")
	switch prefix {
	case "env":
		m.Text, is = n.env(name)
	case "conn":
		m.Text, is, err = n.where(ctx, name)
	case "var":
		var v variables.Variable
		v, err = get(ctx, name)
		m, is = meant(v), err == nil
	case "secret":
		m, is, err = n.secret(ctx, name, get)
	}
	if fault.KindOf(err) == fault.NotFound {
		err = nil
	}
	return m, is, err
}

// secret returns a secret variable, else what the server's environment has under the name.
func (n *Names) secret(ctx context.Context, name string, get getter) (pipelines.Meaning, bool, error) {
	v, err := get(ctx, name)
	if fault.KindOf(err) == fault.NotFound {
		text, is := n.Lookup(ownPrefix + strings.ToUpper(name))
		return pipelines.Meaning{Text: text, Secret: true}, is && text != "", nil
	}
	return meant(v), err == nil && v.Type == variables.Secret, err
}

// meant returns what a variable is in settings. That of a secret that was not opened has
// no text.
func meant(v variables.Variable) pipelines.Meaning {
	m := pipelines.Meaning{
		Text: v.Value, Version: v.Version, Secret: v.Type == variables.Secret,
		JSON: v.Type == variables.Number || v.Type == variables.Boolean || v.Type == variables.JSON,
	}
	if m.Secret && m.Text == variables.Mask {
		m.Text = ""
	}
	return m
}

func (n *Names) env(name string) (string, bool) {
	if strings.HasPrefix(name, ownPrefix) || !slices.Contains(n.Env, name) {
		return "", false
	}
	return n.Lookup(name)
}

// where returns what a connection says of where it leads, by its name and a field.
func (n *Names) where(ctx context.Context, name string) (string, bool, error) {
	at := strings.LastIndexByte(name, '.')
	if at < 0 {
		return "", false, nil
	}
	c, err := n.Connections.Get(ctx, strings.ToLower(name[:at]))
	if err != nil {
		return "", false, err
	}
	text, is := fieldOf(c, name[at+1:])
	return text, is, nil
}

// connectionFields are what settings may have of a connection.
var connectionFields = []string{"host", "port", "schema", "login", "type"}

func fieldOf(c connections.Connection, field string) (string, bool) {
	switch field {
	case "host":
		return c.Host, true
	case "port":
		return strconv.Itoa(c.Port), true
	case "schema":
		return c.Schema, true
	case "login":
		return c.Login, true
	case "type":
		return c.Type, true
	}
	return "", false
}

// all returns the names that there are, for suggestions.
func (n *Names) all(ctx context.Context) ([]string, error) {
	offered, err := n.Offered(ctx, true)
	all := make([]string, 0, len(offered))
	for _, one := range offered {
		all = append(all, one.Name)
		if key, is := strings.CutPrefix(one.Name, "secret."); is {
			all = append(all, "var."+key)
		}
	}
	return all, err
}

// Offer is a name that settings may have.
type Offer struct {
	Name   string `json:"name" example:"var.region"`
	Secret bool   `json:"secret" doc:"Whether it may stand only where a setting takes secrets"`
	Value  string `json:"value,omitempty" doc:"The first 100 characters of what it stands for; left out of secrets and of the environment"`
	About  string `json:"about,omitempty" doc:"Description of the variable or the connection"`
}

// shownOfValues is how many characters of a value are told.
const shownOfValues = 100

// Offered returns the names that the workspace of ctx and the server give a meaning to, by
// kind and in the order of their lists, at most 1,000 variables and the fields of as many
// connections, when those are wanted. The value of a secret is never among them.
func (n *Names) Offered(ctx context.Context, connected bool) ([]Offer, error) {
	all := []Offer{}
	vars, err := n.Variables.List(ctx, pipelines.Page{Limit: mostSuggested})
	if err != nil {
		return nil, err
	}
	for _, v := range vars {
		if v.Type == variables.Secret {
			all = append(all, Offer{Name: "secret." + v.Key, Secret: true, About: v.Description})
			continue
		}
		all = append(all, Offer{Name: "var." + v.Key, Value: beginning(v.Value), About: v.Description})
	}
	if connected {
		conns, err := n.Connections.List(ctx, pipelines.Page{Limit: mostSuggested})
		if err != nil {
			return nil, err
		}
		for _, c := range conns {
			for _, field := range connectionFields {
				value, _ := fieldOf(c, field)
				all = append(all, Offer{Name: "conn." + c.Name + "." + field, Value: beginning(value), About: c.Description})
			}
		}
	}
	for _, name := range n.Env {
		if _, is := n.env(name); is {
			all = append(all, Offer{Name: "env." + name})
		}
	}
	return all, nil
}

func beginning(text string) string {
	if letters := []rune(text); len(letters) > shownOfValues {
		return string(letters[:shownOfValues])
	}
	return text
}
