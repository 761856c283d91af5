-- Foreign keys are off while migrations run: with them, dropping a table would
-- delete what refers to it.

-- +goose Up
CREATE TABLE organizations (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL CHECK (name <> ''),
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE workspaces (
    id              TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64 AND id NOT GLOB '*[^A-Za-z0-9_-]*'),
    organization_id TEXT    NOT NULL REFERENCES organizations (id),
    name            TEXT    NOT NULL CHECK (name <> ''),
    created_at      INTEGER NOT NULL
) STRICT;
CREATE TABLE workspace_members (
    user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    workspace_id TEXT    NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    since        INTEGER NOT NULL,
    PRIMARY KEY (user_id, workspace_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX workspace_members_by_workspace ON workspace_members (workspace_id, user_id);

INSERT INTO organizations (id, name, created_at) VALUES ('default', 'Default organization', unixepoch() * 1000);
INSERT INTO workspaces (id, organization_id, name, created_at) VALUES ('default', 'default', 'Default', unixepoch() * 1000);
INSERT INTO workspace_members (user_id, workspace_id, since) SELECT id, 'default', created_at FROM users;

-- A slug is unique in its workspace, no longer everywhere.
CREATE TABLE pipelines_of_workspaces (
    id               TEXT    NOT NULL PRIMARY KEY,
    workspace_id     TEXT    NOT NULL REFERENCES workspaces (id),
    slug             TEXT    CHECK (slug <> ''), -- NULL: none
    version          INTEGER NOT NULL CHECK (version > 0), -- the newest
    name             TEXT    NOT NULL,
    description      TEXT    NOT NULL,
    schedule         TEXT    NOT NULL,
    enabled          INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    draft            INTEGER NOT NULL CHECK (draft IN (0, 1)),
    tags             TEXT    NOT NULL CHECK (json_valid(tags)),
    node_count       INTEGER NOT NULL,
    edge_count       INTEGER NOT NULL,
    sla_deadline     TEXT    NOT NULL,
    sla_timezone     TEXT    NOT NULL,
    depends_on       TEXT    NOT NULL CHECK (json_valid(depends_on)),
    dependency_rules TEXT    NOT NULL CHECK (json_valid(dependency_rules)),
    source           TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    UNIQUE (slug, workspace_id)
) STRICT;
INSERT INTO pipelines_of_workspaces (
    id, workspace_id, slug, version, name, description, schedule, enabled, draft, tags, node_count, edge_count,
    sla_deadline, sla_timezone, depends_on, dependency_rules, source, created_at, updated_at
)
SELECT
    id, 'default', slug, version, name, description, schedule, enabled, draft, tags, node_count, edge_count,
    sla_deadline, sla_timezone, depends_on, dependency_rules, source, created_at, updated_at
FROM pipelines;
DROP TABLE pipelines;
ALTER TABLE pipelines_of_workspaces RENAME TO pipelines;
CREATE INDEX pipelines_by_workspace ON pipelines (workspace_id, id);

-- That of its pipeline, which does not change.
ALTER TABLE runs ADD COLUMN workspace_id TEXT NOT NULL DEFAULT 'default';
CREATE INDEX runs_by_workspace ON runs (workspace_id, id);

-- No foreign key: what is revoked stays when its workspace goes.
ALTER TABLE services ADD COLUMN workspace_id TEXT NOT NULL DEFAULT 'default';
DROP INDEX services_by_name;
CREATE UNIQUE INDEX services_by_name ON services (workspace_id, canonical) WHERE revoked_at IS NULL;

-- Empty: in none. Such records hash as they did before there was the column.
ALTER TABLE audit ADD COLUMN workspace_id TEXT NOT NULL DEFAULT '';
CREATE INDEX audit_by_workspace ON audit (workspace_id, seq);

-- +goose Down
DROP INDEX audit_by_workspace;
ALTER TABLE audit DROP COLUMN workspace_id;
DROP INDEX services_by_name;
ALTER TABLE services DROP COLUMN workspace_id;
CREATE UNIQUE INDEX services_by_name ON services (canonical) WHERE revoked_at IS NULL;
DROP INDEX runs_by_workspace;
ALTER TABLE runs DROP COLUMN workspace_id;
CREATE TABLE pipelines_without_workspaces (
    id               TEXT    NOT NULL PRIMARY KEY,
    workspace_id     TEXT    NOT NULL DEFAULT 'default',
    slug             TEXT    CHECK (slug <> ''), -- NULL: none
    version          INTEGER NOT NULL CHECK (version > 0), -- the newest
    name             TEXT    NOT NULL,
    description      TEXT    NOT NULL,
    schedule         TEXT    NOT NULL,
    enabled          INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    draft            INTEGER NOT NULL CHECK (draft IN (0, 1)),
    tags             TEXT    NOT NULL CHECK (json_valid(tags)),
    node_count       INTEGER NOT NULL,
    edge_count       INTEGER NOT NULL,
    sla_deadline     TEXT    NOT NULL,
    sla_timezone     TEXT    NOT NULL,
    depends_on       TEXT    NOT NULL CHECK (json_valid(depends_on)),
    dependency_rules TEXT    NOT NULL CHECK (json_valid(dependency_rules)),
    source           TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    UNIQUE (slug)
) STRICT;
INSERT INTO pipelines_without_workspaces SELECT * FROM pipelines;
DROP TABLE pipelines;
ALTER TABLE pipelines_without_workspaces RENAME TO pipelines;
DROP TABLE workspace_members;
DROP TABLE workspaces;
DROP TABLE organizations;
