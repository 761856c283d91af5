package store_test

import (
	"database/sql"
	"io/fs"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/migrations"
)

// beforeWorkspaces is a database with one of everything, as the release before
// workspaces left it.
const beforeWorkspaces = `
	INSERT INTO users (id, username, canonical, role, hash, epoch, disabled, created_at)
	VALUES ('u', 'ada', 'ada', 'admin', '$', 0, 0, 1000);
	INSERT INTO pipelines (id, slug, version, name, description, schedule, enabled, draft, tags, node_count, edge_count,
		sla_deadline, sla_timezone, depends_on, dependency_rules, source, created_at, updated_at)
	VALUES ('p', 'sales', 1, 'Sales', '', '', 1, 0, '[]', 0, 0, '', '', '[]', '[]', 'ui', 1000, 1000);
	INSERT INTO pipeline_versions VALUES ('p', 1, '{"id":"p","name":"Sales","version":1}', '', '', '', 1000);
	INSERT INTO runs (id, pipeline_id, pipeline_version, pipeline_name, status, params, cause, started_by, created_at)
	VALUES ('r', 'p', 1, 'Sales', 'pending', '{}', 'api', 'ada', 1000);
	INSERT INTO run_events (run_id, seq, type, at, node_id, level, message, status, duration_ms, error)
	VALUES ('r', 1, 'log', 1000, '', 'info', 'kept', '', 0, '');
	INSERT INTO services (id, name, canonical, permissions, hash, prefix, last4, owner_id, owner_name, created_at)
	VALUES ('s', 'S', 's', '[]', zeroblob(32), 'brk_', 'last', 'u', 'ada', 1000);`

// TestUpgradeToWorkspaces checks that everything is in the default workspace
// after the table of pipelines has been made anew, and that nothing is lost.
func TestUpgradeToWorkspaces(t *testing.T) {
	t.Parallel()
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "broked.db")
	before, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := fs.Sub(migrations.FS, "sqlite")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, before, folder, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(ctx, 5); err != nil {
		t.Fatal(err)
	}
	if _, err := before.ExecContext(ctx, beforeWorkspaces); err != nil {
		t.Fatal(err)
	}
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}

	db, err := store.Open(ctx, store.Options{Path: path, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(ctx) })
	s := store.New(db, nil)
	home := auth.WithWorkspace(ctx, auth.DefaultWorkspace)
	if v, err := s.Pipeline(home, "sales"); err != nil || v.Document.ID != "p" {
		t.Errorf("pipeline %+v, error %v", v, err)
	}
	if r, err := s.Run(home, "r"); err != nil || r.Status != runs.Pending {
		t.Errorf("run %+v, error %v", r, err)
	}
	if all, err := s.Pipelines(home, pipelines.Page{Limit: 2}); err != nil || len(all) != 1 {
		t.Errorf("pipelines %v, error %v", all, err)
	}
	if lines, err := s.LogLines(home, "r", runs.LogFilter{Limit: 2}); err != nil || len(lines) != 1 {
		t.Errorf("log %v, error %v", lines, err)
	}
	if k, _, err := s.KeyHolder(ctx, auth.KeyHash{}, time.Now()); err != nil || k.Workspace != auth.DefaultWorkspace {
		t.Errorf("key %+v, error %v", k, err)
	}
	members, err := s.Members(ctx, auth.DefaultWorkspace)
	if err != nil || len(members) != 1 || members[0].User != "u" {
		t.Errorf("members %+v, error %v", members, err)
	}
	var left []string
	for _, table := range []string{"pipelines", "pipeline_versions", "runs", "run_events", "services", "workspace_members"} {
		var n int
		if err := db.Writer().QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&n); err != nil || n != 1 {
			left = append(left, table)
		}
	}
	if diff := cmp.Diff([]string(nil), left); diff != "" {
		t.Errorf("tables that do not have their one row: %s", diff)
	}
}
