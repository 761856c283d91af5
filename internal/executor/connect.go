package executor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
)

// connect gives the nodes of a job the connections that their settings name. One that
// is not there, or not of a type that the setting takes, is an Invalid fault that says
// where it is named; all such are told at once. Nodes that come from elsewhere need none.
func (x *Executor) connect(ctx context.Context, d pipelines.Document, j *job.Job) error {
	known := make(map[string]connection.Connection)
	var problems []fault.Problem
	for i, s := range j.Nodes {
		if s.Given() {
			continue
		}
		named, err := namedBy(x.Kinds, s)
		if err != nil {
			return err
		}
		for _, n := range named {
			c, err := x.connection(ctx, d, n.name, known)
			if err == nil {
				err = n.fits(c)
			}
			if kind := fault.KindOf(err); kind == fault.NotFound || kind == fault.Invalid {
				problems = append(problems, fault.Problem{Path: fmt.Sprintf("nodes[%d].config.%s", i, n.path), Message: fault.MessageOf(err)})
				continue
			}
			if err != nil {
				return err
			}
			if j.Nodes[i].Connections == nil {
				j.Nodes[i].Connections = make(map[string]connection.Connection)
			}
			j.Nodes[i].Connections[n.name] = c
		}
	}
	if len(problems) > 0 {
		return fault.Rejected("the run lacks connections", problems).With("connection_not_found")
	}
	return nil
}

func (x *Executor) connection(ctx context.Context, d pipelines.Document, name string, known map[string]connection.Connection) (connection.Connection, error) {
	if c, is := known[name]; is {
		return c, nil
	}
	if x.Connection == nil {
		return connection.Connection{}, fault.New(fault.Invalid, "names a connection, and there is no server that keeps any")
	}
	c, err := x.Connection(ctx, auth.WorkspaceID(d.Workspace), name)
	if err == nil {
		known[name] = c
	}
	return c, err
}

// naming is a connection that a setting names.
type naming struct {
	path, name string
	types      []string // that the setting takes; none are all
}

func (n naming) fits(c connection.Connection) error {
	if len(n.types) == 0 || slices.Contains(n.types, c.Type) {
		return nil
	}
	return fault.New(fault.Invalid, "names a connection of the type %s, and takes %s", c.Type, strings.Join(n.types, ", "))
}

func namedBy(kinds *node.Registry, s job.Step) ([]naming, error) {
	spec, err := kinds.Spec(s.Kind)
	if err != nil {
		return nil, err
	}
	var settings map[string]any
	if err := json.Unmarshal(s.Config, &settings); err != nil {
		return nil, fmt.Errorf("settings of node %s: %w", s.ID, err)
	}
	var all []naming
	for _, f := range spec.Settings.Fields {
		if name, _ := settings[f.Name].(string); f.Format == node.FormatConnection && name != "" {
			all = append(all, naming{path: f.Name, name: name, types: f.Types})
		}
	}
	return all, nil
}
