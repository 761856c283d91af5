-- +goose Up
-- What the server looks at for pipelines, as their newest documents say.
CREATE TABLE pipeline_triggers (
    pipeline_id    TEXT COLLATE "C" NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    name           TEXT COLLATE "C" NOT NULL,
    type           TEXT COLLATE "C" NOT NULL CHECK (type IN ('file', 'contacts')),
    settings       TEXT COLLATE "C" NOT NULL CHECK (json_valid(settings)),
    made_at        BIGINT NOT NULL,
    problem        TEXT COLLATE "C" NOT NULL DEFAULT '', -- why it could not be looked at; empty: it could
    seen_to        BIGINT NOT NULL DEFAULT 0,  -- microseconds: the last change of a contact that it has heeded
    deletions_to   BIGINT NOT NULL DEFAULT 0,  -- the same of deletions
    last_run_id    TEXT COLLATE "C" NOT NULL DEFAULT '', -- empty: it has started none
    last_at        BIGINT,
    PRIMARY KEY (pipeline_id, name)
);

-- The files that triggers have seen. A version of a file is its size and the time of its content.
CREATE TABLE trigger_files (
    pipeline_id TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    path        TEXT COLLATE "C" NOT NULL,
    size        BIGINT NOT NULL,
    modified    BIGINT NOT NULL, -- nanoseconds
    since       BIGINT NOT NULL, -- when it was first seen as it is
    heeded      BIGINT NOT NULL CHECK (heeded IN (0, 1)), -- this version has started its run, or need not
    gone_at     BIGINT, -- NULL: it is there
    PRIMARY KEY (pipeline_id, name, path),
    FOREIGN KEY (pipeline_id, name) REFERENCES pipeline_triggers (pipeline_id, name) ON DELETE CASCADE
);

-- That contacts were deleted, without which, for as long as a trigger has not heeded it.
CREATE TABLE contact_deletions (
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    at           BIGINT NOT NULL, -- microseconds, and higher with every one of its workspace
    product      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace_id, at)
);

-- +goose Down
DROP TABLE contact_deletions;
DROP TABLE trigger_files;
DROP TABLE pipeline_triggers;
