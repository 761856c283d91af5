-- +goose Up
-- How other systems are reached. Secrets are sealed; a reference says where one is instead.
CREATE TABLE connections (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name         TEXT COLLATE "C" NOT NULL,
    type         TEXT COLLATE "C" NOT NULL,
    description  TEXT COLLATE "C" NOT NULL,
    host         TEXT COLLATE "C" NOT NULL,
    port         BIGINT NOT NULL, -- 0: none
    db_schema    TEXT COLLATE "C" NOT NULL,
    login        TEXT COLLATE "C" NOT NULL,
    options      TEXT COLLATE "C" NOT NULL CHECK (json_valid(options)),
    password     TEXT COLLATE "C" NOT NULL, -- sealed; empty: none
    password_ref TEXT COLLATE "C" NOT NULL,
    extra        TEXT COLLATE "C" NOT NULL, -- sealed; empty: none
    extra_ref    TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX connections_by_name ON connections (workspace_id, name);

-- +goose Down
DROP TABLE connections;
