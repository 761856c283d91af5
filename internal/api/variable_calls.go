package api

import (
	"context"
	"net/http"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/names"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/variables"
)

func (s *server) variableCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/variables", may: auth.VariablesView, tag: "variables",
		summary: "List variables by key, secret ones without their value", describe: listed[variables.Variable](s),
	}, s.listVariables)
	register(s, call{
		method: http.MethodPost, path: "/api/variables", may: auth.VariablesCreate, tag: "variables",
		summary: "Make a variable, or change the one of this key with variables.edit",
	}, s.putVariable)
	register(s, call{
		method: http.MethodGet, path: "/api/variables/{key}", may: auth.VariablesView, tag: "variables",
		summary: "Show a variable, a secret one without its value",
	}, s.getVariable)
	register(s, call{
		method: http.MethodPut, path: "/api/variables/{key}", may: auth.VariablesEdit, tag: "variables",
		summary: "Change a variable; the value of a secret that is not given stays",
	}, s.changeVariable)
	register(s, call{
		method: http.MethodDelete, path: "/api/variables/{key}", may: auth.VariablesDelete, tag: "variables", status: http.StatusNoContent,
		summary: "Delete a variable, used or not",
	}, s.deleteVariable)
	register(s, call{
		method: http.MethodGet, path: "/api/variables/{key}/used-by", may: auth.VariablesView, tag: "variables",
		summary: "List the nodes whose settings name a variable, and the connections that take a secret from it",
	}, s.variableUsedBy)
	register(s, call{
		method: http.MethodGet, path: "/api/names", may: auth.VariablesView, tag: "variables",
		summary: "List the names that settings may have: variables, secrets without their value, with connections.view where connections lead, and what may be read of the environment",
	}, s.listNames)
}

// ByKey is the path of one variable.
type ByKey struct {
	Key string `path:"key" maxLength:"128" doc:"Key of the variable"`
}

// variableInput is what is said of a variable, with what its answer has besides.
type variableInput struct {
	variables.Draft
	VariableRest
}

// VariableRest is what an answer has and nobody can say. It is here so that an answer
// can be sent back.
type VariableRest struct {
	ID        string `json:"id,omitempty" readOnly:"true"`
	Version   int    `json:"version,omitempty" readOnly:"true"`
	Workspace string `json:"workspace_id,omitempty" readOnly:"true"`
	CreatedAt string `json:"created_at,omitempty" readOnly:"true"`
	UpdatedAt string `json:"updated_at,omitempty" readOnly:"true"`
}

func (s *server) listVariables(ctx context.Context, in *struct{ Paging }) (*listing, error) {
	return list(ctx, in.Paging, source[variables.Variable]{
		path: "/api/variables", bare: bareMost,
		key:   func(v variables.Variable) string { return v.Key },
		fetch: s.Variables.List, count: s.Variables.Count,
	})
}

func (s *server) putVariable(ctx context.Context, in *struct{ Body variableInput }) (*body[variables.Variable], error) {
	return answered(s.Variables.Put(ctx, in.Body.Draft))
}

func (s *server) getVariable(ctx context.Context, in *ByKey) (*body[variables.Variable], error) {
	return answered(s.Variables.Get(ctx, in.Key))
}

func (s *server) changeVariable(ctx context.Context, in *struct {
	ByKey
	Body variableInput
},
) (*body[variables.Variable], error) {
	return answered(s.Variables.Change(ctx, in.Key, in.Body.Draft))
}

func (s *server) deleteVariable(ctx context.Context, in *ByKey) (*struct{}, error) {
	return nil, s.Variables.Delete(ctx, in.Key)
}

func (s *server) variableUsedBy(ctx context.Context, in *ByKey) (*body[[]variableUse], error) {
	nodes, err := s.Variables.UsedBy(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	taking, err := s.Connections.Taking(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	all := make([]variableUse, 0, len(nodes)+len(taking))
	for _, n := range nodes {
		all = append(all, variableUse{VariableNode: VariableNode(n)})
	}
	for _, name := range taking {
		all = append(all, variableUse{Connection: name})
	}
	return &body[[]variableUse]{all}, nil
}

func (s *server) listNames(ctx context.Context, _ *struct{}) (*body[[]names.Offer], error) {
	return answered(s.Names.Offered(ctx, !hidden(ctx, auth.ConnectionsView)))
}

// variableUse is a node that names a variable, or a connection that takes a secret from it.
type variableUse struct {
	VariableNode
	Connection string `json:"conn_id,omitempty" doc:"Instead of a node"`
}

// VariableNode is a node that names a variable. Its members are empty of a connection.
type VariableNode pipelines.Use
