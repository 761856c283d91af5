package executor

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pipelines"
)

func TestNodesGetTheConnectionsThatTheyName(t *testing.T) {
	t.Parallel()
	kinds, err := node.NewRegistry(node.Spec{Kind: "k", Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "conn_id", Schema: node.Schema{Type: node.TypeString, Format: node.FormatConnection, Types: []string{connection.Postgres}}},
		{Name: "other", Schema: node.Schema{Type: node.TypeString}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	x := New(Deps{Kinds: kinds, Connection: func(_ context.Context, in auth.WorkspaceID, name string) (connection.Connection, error) {
		if in != "north" || name == "absent" {
			return connection.Connection{}, fault.New(fault.NotFound, "there is no connection %q", name)
		}
		return connection.Connection{Name: name, Type: map[string]string{"web": connection.HTTP}[name] + map[string]string{"db": connection.Postgres}[name], Password: "s3cret"}, nil
	}})
	step := func(config string) job.Step { return job.Step{ID: "a", Kind: "k", Config: json.RawMessage(config)} }
	for config, problem := range map[string]string{
		`{"conn_id":"db","other":"absent"}`: "",
		`{"other":"x"}`:                     "",
		`{"conn_id":"absent"}`:              `there is no connection "absent"`,
		`{"conn_id":"web"}`:                 "names a connection of the type http, and takes postgres",
	} {
		j := job.Job{Nodes: []job.Step{step(config)}}
		err := x.connect(t.Context(), pipelines.Document{Workspace: "north"}, &j)
		got := ""
		if ps := fault.ProblemsOf(err); len(ps) > 0 {
			got = ps[0].Message
			if ps[0].Path != "nodes[0].config.conn_id" {
				t.Errorf("%s: the path is %s", config, ps[0].Path)
			}
		}
		if got != problem {
			t.Errorf("%s: %q, want %q", config, got, problem)
		}
		if c, is := j.Nodes[0].Connections["db"]; is != (config == `{"conn_id":"db","other":"absent"}`) || is && c.Password != "s3cret" {
			t.Errorf("%s: got %v", config, j.Nodes[0].Connections)
		}
	}
}
