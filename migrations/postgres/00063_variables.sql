-- +goose Up
-- Values of a workspace that settings of its pipelines share. The value of a secret is sealed.
CREATE TABLE variables (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name         TEXT COLLATE "C" NOT NULL,
    type         TEXT COLLATE "C" NOT NULL,
    value        TEXT COLLATE "C" NOT NULL,
    description  TEXT COLLATE "C" NOT NULL,
    version      BIGINT NOT NULL, -- how often the value was set
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX variables_by_name ON variables (workspace_id, name);

-- +goose Down
DROP TABLE variables;
