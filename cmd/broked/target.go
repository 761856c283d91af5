package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"text/tabwriter"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/workspaces"
)

// admin is what can be done to the accounts, the keys and the records of a
// server: in the data folder of one that is stopped by host, and by remote
// through one that runs.
type admin interface {
	accounts
	services
	records
	places
}

type accounts interface {
	Users(ctx context.Context) ([]auth.User, error)
	// CreateUser makes an account with a password that nobody knows.
	CreateUser(ctx context.Context, name string, role auth.Role) (auth.User, error)
	UpdateUser(ctx context.Context, user auth.UserID, n auth.UserUpdate) error
	DeleteUser(ctx context.Context, user auth.UserID) error
	Unlock(ctx context.Context, user auth.UserID) error
	// ResetPassword returns a temporary password.
	ResetPassword(ctx context.Context, user auth.UserID) (string, error)
}

type services interface {
	Services(ctx context.Context) ([]auth.ServiceAccount, error)
	// CreateService returns a service account with its key.
	CreateService(ctx context.Context, n auth.NewServiceAccount) (auth.ServiceAccount, string, error)
	RevokeService(ctx context.Context, service auth.ServiceID) error
	RotateKeys(ctx context.Context, revokeAll bool) (auth.Rotated, error)
}

type records interface {
	// Audit returns at most so many of the newest records, newest first.
	Audit(ctx context.Context, limit int) ([]auth.AuditRecord, error)
	VerifyAudit(ctx context.Context) (auth.AuditVerdict, error)
}

type places interface {
	Workspaces(ctx context.Context) ([]workspaces.Workspace, error)
	CreateWorkspace(ctx context.Context, id auth.WorkspaceID, name string) error
	DeleteWorkspace(ctx context.Context, id auth.WorkspaceID) error
	Members(ctx context.Context, id auth.WorkspaceID) ([]workspaces.Member, error)
	AddMember(ctx context.Context, id auth.WorkspaceID, user auth.UserID) error
	RemoveMember(ctx context.Context, id auth.WorkspaceID, user auth.UserID) error
}

// serverFlags say which server is asked, and who asks.
type serverFlags struct {
	Server   string `help:"Server to ask, such as https://pipelines.example.org (BROKED_SERVER)." placeholder:"URL"`
	Insecure bool   `help:"Send passwords and keys to another machine without TLS, too."`
	Named    string `hidden:"" name:"named-server" env:"BROKED_SERVER"`
	Key      string `hidden:"" name:"server-key" env:"BROKED_API_KEY"`
}

// address returns the server that is named, else the one that broked login named
// last, else "".
func (f *serverFlags) address() (string, error) {
	for _, named := range []string{f.Server, f.Named} {
		if named != "" {
			return named, nil
		}
	}
	all, err := readCredentials()
	return all.Current, err
}

// client returns a client of the server at an address, with the key of the
// environment or else the session that broked login began there.
func (f *serverFlags) client(address string) (*client, error) {
	u, err := serverAddress(address)
	if err != nil {
		return nil, err
	}
	if f.Key != "" {
		return newClient(address, f.Key, f.Insecure)
	}
	all, err := readCredentials()
	if err != nil {
		return nil, err
	}
	in := all.Servers[u.String()]
	return newClient(address, in.Token, f.Insecure || in.Insecure)
}

// outputFlag says how answers are printed.
type outputFlag struct {
	Output string `help:"table or json." default:"table" enum:"table,json" short:"o"`
}

// print writes v as JSON, or what table writes, in columns.
func (o outputFlag) print(w world, v any, table func(io.Writer)) error {
	if o.Output == "json" {
		enc := json.NewEncoder(w.out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	}
	columns := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
	table(columns)
	return columns.Flush()
}

// target says where a command works. --server goes before everything; then a data
// folder that is named, by flag or environment; then a server that is; and else
// the data folder here.
type target struct {
	Workspace auth.WorkspaceID `help:"Workspace to work in, and in which to make things; your own on a server, and default in a data folder, when not given." env:"BROKED_WORKSPACE" placeholder:"ID"`
	serverFlags
	storedIn
	outputFlag
}

// admin calls do with what the command works on.
func (t *target) admin(ctx context.Context, w world, do func(context.Context, admin) error) error {
	var address string
	if t.Server != "" || t.Data == "" && t.DB == "" {
		var err error
		if address, err = t.address(); err != nil {
			return err
		}
	}
	if address == "" {
		return t.open(ctx, w, "broked login, and then this command with --server", func(ctx context.Context, memory *store.Store, log *slog.Logger) error {
			if t.Workspace != "" {
				ctx = auth.WithWorkspace(ctx, t.Workspace)
			}
			h, err := newHost(ctx, memory, t.signing, log)
			if err != nil {
				return err
			}
			return do(ctx, h)
		})
	}
	c, err := t.client(address)
	if err != nil {
		return err
	}
	c.workspace = string(t.Workspace)
	return do(ctx, remote{c})
}
