-- +goose Up
-- How other systems are reached. Secrets are sealed; a reference says where one is instead.
CREATE TABLE connections (
    id           TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    type         TEXT NOT NULL,
    description  TEXT NOT NULL,
    host         TEXT NOT NULL,
    port         INTEGER NOT NULL, -- 0: none
    db_schema    TEXT NOT NULL,
    login        TEXT NOT NULL,
    options      TEXT NOT NULL CHECK (json_valid(options)),
    password     TEXT NOT NULL, -- sealed; empty: none
    password_ref TEXT NOT NULL,
    extra        TEXT NOT NULL, -- sealed; empty: none
    extra_ref    TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
);
CREATE UNIQUE INDEX connections_by_name ON connections (workspace_id, name);

-- +goose Down
DROP TABLE connections;
