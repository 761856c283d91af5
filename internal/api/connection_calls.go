package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/connections"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

func (s *server) connectionCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/connections", may: auth.ConnectionsView, tag: "connections",
		summary: "List connections by conn_id, without their secrets", describe: listed[connections.Connection](s),
	}, s.listConnections)
	register(s, call{
		method: http.MethodPost, path: "/api/connections", may: auth.ConnectionsCreate, tag: "connections", status: http.StatusCreated,
		summary: "Make a connection",
	}, s.createConnection)
	register(s, call{
		method: http.MethodGet, path: "/api/connections/{conn_id}", may: auth.ConnectionsView, tag: "connections",
		summary: "Show a connection without its secrets",
	}, s.getConnection)
	register(s, call{
		method: http.MethodPut, path: "/api/connections/{conn_id}", may: auth.ConnectionsEdit, tag: "connections",
		summary: "Change a connection; secrets that are not given stay, unless it is to lead elsewhere (422)",
	}, s.changeConnection)
	register(s, call{
		method: http.MethodDelete, path: "/api/connections/{conn_id}", may: auth.ConnectionsDelete, tag: "connections", status: http.StatusNoContent,
		summary: "Delete a connection, used or not",
	}, s.deleteConnection)
	register(s, call{
		method: http.MethodPost, path: "/api/connections/{conn_id}/test", may: auth.ConnectionsTest, tag: "connections",
		summary: "Try a connection in the way of a run, for ten seconds at most",
	}, s.tryConnection)
	register(s, call{
		method: http.MethodGet, path: "/api/connections/{conn_id}/used-by", may: auth.ConnectionsView, tag: "connections",
		summary: "List the nodes that name a connection",
	}, s.connectionUsedBy)
	register(s, call{
		method: http.MethodPost, path: "/api/test-connection", may: auth.ConnectionsTest, tag: "connections",
		summary: "Try a connection that is not saved",
	}, s.tryDraft)
	register(s, call{
		method: http.MethodGet, path: "/api/connection-types", may: auth.ConnectionsView, tag: "connections",
		summary: "List the types of connections with their options as JSON Schema",
	}, s.connectionTypes)
}

// ByConnection is the path of one connection.
type ByConnection struct {
	Name string `path:"conn_id" maxLength:"128" doc:"conn_id of the connection"`
}

// connectionInput is what is said of a connection, with what its answer has besides.
type connectionInput struct {
	connections.Draft
	ConnectionRest
}

// ConnectionRest is what an answer has and nobody can say. It is here so that an answer
// can be sent back.
type ConnectionRest struct {
	ID        string `json:"id,omitempty" readOnly:"true"`
	Workspace string `json:"workspace_id,omitempty" readOnly:"true"`
	CreatedAt string `json:"created_at,omitempty" readOnly:"true"`
	UpdatedAt string `json:"updated_at,omitempty" readOnly:"true"`
}

// connectionType is a type with its options as JSON Schema.
type connectionType struct {
	connections.Type
	Schema any `json:"options_schema" doc:"JSON Schema of options"`
	Secret any `json:"extra_schema" doc:"JSON Schema of what extra may have, besides options"`
}

// connectionTrial is what is to be tried: an address, or a connection as it would be saved.
type connectionTrial struct {
	URI        string             `json:"uri,omitempty" maxLength:"4000" doc:"Such as https://name:password@api.example.com"`
	Connection *connections.Draft `json:"connection,omitempty"`
}

func (s *server) listConnections(ctx context.Context, in *struct{ Paging }) (*listing, error) {
	return list(ctx, in.Paging, source[connections.Connection]{
		path: "/api/connections", bare: bareMost,
		key:   func(c connections.Connection) string { return c.Name },
		fetch: s.Connections.List, count: s.Connections.Count,
	})
}

func (s *server) createConnection(ctx context.Context, in *struct{ Body connectionInput }) (*body[connections.Connection], error) {
	return answered(s.Connections.Create(ctx, in.Body.Draft))
}

func (s *server) getConnection(ctx context.Context, in *ByConnection) (*body[connections.Connection], error) {
	return answered(s.Connections.Get(ctx, in.Name))
}

func (s *server) changeConnection(ctx context.Context, in *struct {
	ByConnection
	Body connectionInput
},
) (*body[connections.Connection], error) {
	return answered(s.Connections.Change(ctx, in.Name, in.Body.Draft))
}

func (s *server) deleteConnection(ctx context.Context, in *ByConnection) (*struct{}, error) {
	return nil, s.Connections.Delete(ctx, in.Name)
}

func (s *server) tryConnection(ctx context.Context, in *ByConnection) (*body[connections.Trial], error) {
	return answered(s.Connections.Try(ctx, in.Name))
}

func (s *server) connectionUsedBy(ctx context.Context, in *ByConnection) (*body[[]connections.Use], error) {
	return answered(s.Connections.UsedBy(ctx, in.Name))
}

func (s *server) tryDraft(ctx context.Context, in *struct{ Body connectionTrial }) (*body[connections.Trial], error) {
	d := in.Body.Connection
	switch {
	case d != nil && in.Body.URI == "":
	case d == nil && in.Body.URI == "":
		return nil, fault.New(fault.Invalid, "uri is required")
	case d != nil:
		return nil, fault.New(fault.Invalid, "uri and connection are both given: leave one of them out")
	default:
		from, err := ofURI(in.Body.URI)
		if err != nil {
			return nil, err
		}
		d = from
	}
	if d.Name == nil || strings.TrimSpace(*d.Name) == "" {
		d.Name = new("unsaved")
	}
	return answered(s.Connections.TryDraft(ctx, *d))
}

// ofURI makes a connection of an address.
func ofURI(text string) (*connections.Draft, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fault.New(fault.Invalid, "uri cannot be read")
	}
	d := &connections.Draft{Host: new(u.Hostname()), Type: new(u.Scheme), Name: new("")}
	switch u.Scheme {
	case "http", "https":
		d.Type, d.Host = new(connection.HTTP), new((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String())
	case "sqlite":
		d.Type, d.Host = new(connection.SQLite), new(strings.TrimPrefix(text, "sqlite://"))
		return d, nil
	default:
		if at, err := databases.Parse(text); err == nil {
			d.Type = new(string(at.Kind)) // which has several schemes
		}
		if port, err := strconv.Atoi(u.Port()); err == nil {
			d.Port = &port
		}
		d.Schema = new(strings.TrimPrefix(u.Path, "/"))
	}
	if name := u.User.Username(); name != "" {
		d.Login = &name
	}
	if password, is := u.User.Password(); is {
		d.Password = &password
	}
	return d, nil
}

func (*server) connectionTypes(context.Context, *struct{}) (*body[[]connectionType], error) {
	all := []connectionType{}
	for _, t := range connections.Types() {
		all = append(all, connectionType{Type: t, Schema: t.Options, Secret: t.Secret})
	}
	return &body[[]connectionType]{all}, nil
}

// answered is what a service says, as an answer.
func answered[T any](said T, err error) (*body[T], error) {
	if err != nil {
		return nil, err
	}
	return &body[T]{said}, nil
}
