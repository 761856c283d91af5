package connections

import (
	"context"
	"maps"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/calls"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/files"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/sealed"
)

// Store remembers connections, each in the workspace at hand. Package store implements
// it; every method is one transaction. A connection that is not there is a NotFound fault.
type Store interface {
	// Connections returns a page of them by name, of which After is one.
	Connections(ctx context.Context, p pipelines.Page) ([]Stored, error)
	CountConnections(ctx context.Context) (int, error)
	Connection(ctx context.Context, name string) (Stored, error)
	// InsertConnection stores a connection. One whose name is taken is a Conflict fault.
	InsertConnection(ctx context.Context, s Stored) error
	// ChangeConnection stores a connection over itself, unless somebody else has since
	// it was read, which is a Stale fault.
	ChangeConnection(ctx context.Context, s Stored, read time.Time) error
	DeleteConnection(ctx context.Context, name string) error
	// ConnectionsTaking returns the names of those that take a secret by a reference.
	ConnectionsTaking(ctx context.Context, ref string) ([]string, error)
	// Holding returns the newest documents of the pipelines that have a text somewhere, by name.
	Holding(ctx context.Context, text string) ([]pipelines.Document, error)
	// Note writes an event to the audit log.
	Note(ctx context.Context, e auth.AuditEvent) error
}

// Deps is what a Service needs. Every field is required.
type Deps struct {
	Store      Store
	Box        *sealed.Box // for secrets that are kept here; nil when this machine has no key
	References References
	Kinds      *node.Registry
	Out        func() outbound.Exit // the way to other machines
	Calls      *calls.Keeper        // whose turn it is to call them
	Roots      func() files.Roots   // which files may be touched
}

// Service is what callers ask about connections.
type Service struct{ Deps }

// NewService returns a service.
func NewService(d Deps) *Service { return &Service{d} }

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// NotFound is the fault of asking for a connection that is not there.
func NotFound(name string) error {
	return fault.New(fault.NotFound, "there is no connection %q", name).With("connection_not_found")
}

// List returns a page of the connections of the workspace, by name.
func (s *Service) List(ctx context.Context, p pipelines.Page) ([]Connection, error) {
	all, err := s.Store.Connections(ctx, p)
	shown := make([]Connection, len(all))
	for i, one := range all {
		shown[i] = one.show()
	}
	return shown, err
}

// Count returns how many connections the workspace has.
func (s *Service) Count(ctx context.Context) (int, error) { return s.Store.CountConnections(ctx) }

// Get returns a connection.
func (s *Service) Get(ctx context.Context, name string) (Connection, error) {
	c, err := s.Store.Connection(ctx, name)
	return c.show(), err
}

// show returns a connection as people see it.
func (s *Stored) show() Connection {
	for _, secret := range s.secrets() {
		if *secret.sealed != "" {
			*secret.ref = sealedRef
		}
	}
	return s.Connection
}

// Create makes a connection. A draft that cannot be is an Invalid fault with all its
// problems.
func (s *Service) Create(ctx context.Context, d Draft) (Connection, error) {
	c, t, err := d.onto(Connection{})
	if err != nil {
		return Connection{}, err
	}
	c.ID, c.Workspace, c.CreatedAt = id.New(), auth.HomeFrom(ctx), now()
	c.UpdatedAt = c.CreatedAt
	kept := Stored{Connection: c}
	if err := s.keep(&kept, d, t); err != nil {
		return Connection{}, err
	}
	return kept.show(), s.Store.InsertConnection(ctx, kept)
}

// Change gives a connection what a draft says. Its secrets stay unless others are given;
// a connection that is to lead to another system, or to another account there, needs
// them again, else it is an Unprocessable fault.
func (s *Service) Change(ctx context.Context, name string, d Draft) (Connection, error) {
	kept, err := s.Store.Connection(ctx, name)
	if err != nil {
		return Connection{}, err
	}
	read := kept.UpdatedAt
	if kept, err = s.changed(kept, d); err != nil {
		return Connection{}, err
	}
	if kept.UpdatedAt = now(); !kept.UpdatedAt.After(read) {
		kept.UpdatedAt = read.Add(time.Millisecond) // so that a change in the same moment is noticed
	}
	return kept.show(), s.Store.ChangeConnection(ctx, kept, read)
}

func (s *Service) changed(kept Stored, d Draft) (Stored, error) {
	old := kept.Connection
	c, t, err := d.onto(old)
	if err != nil {
		return kept, err
	}
	kept.Connection = c
	if err := d.again(old, &kept); err != nil {
		return kept, err
	}
	return kept, s.keep(&kept, d, t)
}

// given returns what the draft says of the secret of a field, and of where it is.
func (d Draft) given(field string) (secret, ref *string) {
	if field == password {
		return d.Password, d.PasswordRef
	}
	return d.Extra, d.ExtraRef
}

// again refuses to let secrets go along to another system.
func (d Draft) again(old Connection, kept *Stored) error {
	if !elsewhere(old, kept.Connection) {
		return nil
	}
	var problems []fault.Problem
	for _, f := range kept.secrets() {
		secret, ref := d.given(f.name)
		if *f.sealed != "" && !said(secret) && (ref == nil || *ref == sealedRef) {
			problems = append(problems, fault.Problem{Path: f.name, Message: "is needed again: the connection leads elsewhere now, and what is kept is for where it led before. An empty " + f.name + "_ref removes it"})
		}
	}
	if len(problems) == 0 {
		return nil
	}
	refused := fault.Rejected("the connection cannot be saved", problems)
	refused.Kind, refused.Code = fault.Unprocessable, "secret_needed"
	return refused
}

// keep puts the secrets of a draft into a connection.
func (s *Service) keep(into *Stored, d Draft, t Type) error {
	for _, f := range into.secrets() {
		secret, ref := d.given(f.name)
		switch {
		case !t.has(f.name):
			*f.sealed, *f.ref = "", ""
		case said(secret):
			if s.Box == nil {
				return sealed.NoKey()
			}
			*f.sealed, *f.ref = s.Box.Seal(secretAt(into.ID, f.name), *secret), ""
		case ref != nil && *ref != sealedRef:
			if why := s.References.check(*ref); why != "" {
				return fault.Rejected("the connection cannot be saved", []fault.Problem{{Path: f.name + "_ref", Message: why}})
			}
			*f.sealed, *f.ref = "", *ref
		}
	}
	return nil
}

// Taking returns the connections of the workspace that take a secret from a variable, by
// conn_id.
func (s *Service) Taking(ctx context.Context, key string) ([]string, error) {
	return s.Store.ConnectionsTaking(ctx, "secret://"+key)
}

// Delete removes a connection. Pipelines that name it fail from then on.
func (s *Service) Delete(ctx context.Context, name string) error {
	return s.Store.DeleteConnection(ctx, name)
}

// Resolve returns a connection with its secrets, for a run.
func (s *Service) Resolve(ctx context.Context, workspace auth.WorkspaceID, name string) (connection.Connection, error) {
	kept, err := s.Store.Connection(auth.WithWorkspace(ctx, workspace), name)
	if err != nil {
		return connection.Connection{}, err
	}
	return s.open(ctx, kept)
}

// open returns a connection with its secrets.
func (s *Service) open(ctx context.Context, kept Stored) (connection.Connection, error) {
	c := connection.Connection{Name: kept.Name, Type: kept.Type, Host: kept.Host, Port: kept.Port, Schema: kept.Schema, Login: kept.Login}
	var besides string
	for _, f := range kept.secrets() {
		secret, err := s.secret(ctx, kept, f)
		if err != nil {
			return c, err
		}
		if f.name == password {
			c.Password = secret
			continue
		}
		besides = secret
	}
	t, err := typeOf(kept.Type)
	if err != nil {
		return c, err
	}
	hidden, err := members(besides)
	if err == nil && len(t.given().Check(hidden)) > 0 || err != nil {
		return c, fault.New(fault.Invalid, "the extra of connection %s is no JSON object that its type takes", kept.Name).With("bad_extra")
	}
	c.Options = make(map[string]any, len(kept.Options)+len(hidden))
	for name, value := range hidden {
		c.Options[name] = value
		if !t.shown(name) {
			c.Hidden = append(c.Hidden, name)
		}
	}
	maps.Copy(c.Options, kept.Options)
	return c, nil
}

func (s *Service) secret(ctx context.Context, kept Stored, f secretField) (string, error) {
	switch {
	case *f.sealed != "" && s.Box == nil:
		return "", sealed.NoKey()
	case *f.sealed != "":
		return s.Box.Open(secretAt(kept.ID, f.name), *f.sealed)
	case *f.ref != "":
		return s.References.read(ctx, kept.Workspace, *f.ref)
	}
	return "", nil
}
