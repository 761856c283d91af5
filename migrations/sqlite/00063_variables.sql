-- +goose Up
-- Values of a workspace that settings of its pipelines share. The value of a secret is sealed.
CREATE TABLE variables (
    id           TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    type         TEXT NOT NULL,
    value        TEXT NOT NULL,
    description  TEXT NOT NULL,
    version      INTEGER NOT NULL, -- how often the value was set
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
);
CREATE UNIQUE INDEX variables_by_name ON variables (workspace_id, name);

-- +goose Down
DROP TABLE variables;
