-- +goose Up
-- What the server looks at for pipelines, as their newest documents say.
CREATE TABLE pipeline_triggers (
    pipeline_id    TEXT    NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    name           TEXT    NOT NULL,
    type           TEXT    NOT NULL CHECK (type IN ('file', 'contacts')),
    settings       TEXT    NOT NULL CHECK (json_valid(settings)),
    made_at        INTEGER NOT NULL,
    problem        TEXT    NOT NULL DEFAULT '', -- why it could not be looked at; empty: it could
    seen_to        INTEGER NOT NULL DEFAULT 0,  -- microseconds: the last change of a contact that it has heeded
    deletions_to   INTEGER NOT NULL DEFAULT 0,  -- the same of deletions
    last_run_id    TEXT    NOT NULL DEFAULT '', -- empty: it has started none
    last_at        INTEGER,
    PRIMARY KEY (pipeline_id, name)
) STRICT, WITHOUT ROWID;

-- The files that triggers have seen. A version of a file is its size and the time of its content.
CREATE TABLE trigger_files (
    pipeline_id TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    path        TEXT    NOT NULL,
    size        INTEGER NOT NULL,
    modified    INTEGER NOT NULL, -- nanoseconds
    since       INTEGER NOT NULL, -- when it was first seen as it is
    heeded      INTEGER NOT NULL CHECK (heeded IN (0, 1)), -- this version has started its run, or need not
    gone_at     INTEGER, -- NULL: it is there
    PRIMARY KEY (pipeline_id, name, path),
    FOREIGN KEY (pipeline_id, name) REFERENCES pipeline_triggers (pipeline_id, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- That contacts were deleted, without which, for as long as a trigger has not heeded it.
CREATE TABLE contact_deletions (
    workspace_id TEXT    NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    at           INTEGER NOT NULL, -- microseconds, and higher with every one of its workspace
    product      TEXT    NOT NULL,
    PRIMARY KEY (workspace_id, at)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE contact_deletions;
DROP TABLE trigger_files;
DROP TABLE pipeline_triggers;
