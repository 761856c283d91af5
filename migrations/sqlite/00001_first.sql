-- Times are Unix milliseconds, UTC. Ids are UUIDv7, so their order is that of
-- creation.

-- +goose Up
CREATE TABLE settings (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id         TEXT    NOT NULL PRIMARY KEY,
    username   TEXT    NOT NULL CHECK (username <> ''),
    canonical  TEXT    NOT NULL UNIQUE CHECK (canonical <> ''), -- the name, folded: how it is found
    role       TEXT    NOT NULL CHECK (role IN ('viewer', 'editor', 'admin', 'superadmin')),
    hash       TEXT    NOT NULL, -- argon2id, PHC string
    epoch      INTEGER NOT NULL, -- sessions of another epoch are over
    disabled   INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id         TEXT    NOT NULL PRIMARY KEY, -- SHA-256 of the token's id, hex
    user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    epoch      INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    address    TEXT    NOT NULL,
    agent      TEXT    NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE login_attempts (
    key          TEXT    NOT NULL PRIMARY KEY,
    attempts     INTEGER NOT NULL CHECK (attempts > 0), -- since window_start, verified or not
    window_start INTEGER NOT NULL,
    locked_until INTEGER NOT NULL -- 0: not locked
) STRICT, WITHOUT ROWID;
CREATE INDEX login_attempts_by_window ON login_attempts (window_start);

-- A pipeline: what lists show of its newest version.
CREATE TABLE pipelines (
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

CREATE TABLE pipeline_versions (
    pipeline_id TEXT    NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL CHECK (number > 0),
    document    TEXT    NOT NULL CHECK (json_valid(document)),
    yaml        TEXT    NOT NULL,
    message     TEXT    NOT NULL,
    author      TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (pipeline_id, number)
) STRICT;

CREATE TABLE runs (
    id               TEXT    NOT NULL PRIMARY KEY,
    pipeline_id      TEXT    NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    pipeline_version INTEGER NOT NULL,
    pipeline_name    TEXT    NOT NULL, -- as it was then
    status           TEXT    NOT NULL CHECK (status IN ('pending', 'blocked', 'waiting', 'running', 'success', 'failed', 'cancelled')),
    error            TEXT    NOT NULL DEFAULT '',
    error_code       TEXT    NOT NULL DEFAULT '',
    params           TEXT    NOT NULL CHECK (json_valid(params)),
    cause            TEXT    NOT NULL, -- what started it: manual, api
    started_by       TEXT    NOT NULL, -- the name of an account
    attempt          INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0), -- how often it was put back
    fence            INTEGER NOT NULL DEFAULT 0, -- rises with every claim; results of a lower one are refused
    owner            TEXT    NOT NULL DEFAULT '', -- the boot of the server that claimed it last
    cancel_requested INTEGER NOT NULL DEFAULT 0 CHECK (cancel_requested IN (0, 1)),
    last_seq         INTEGER NOT NULL DEFAULT 0, -- of its newest event
    created_at       INTEGER NOT NULL,
    started_at       INTEGER,
    finished_at      INTEGER,
    FOREIGN KEY (pipeline_id, pipeline_version) REFERENCES pipeline_versions (pipeline_id, number) ON DELETE CASCADE,
    CHECK ((finished_at IS NOT NULL) = (status IN ('blocked', 'success', 'failed', 'cancelled')))
) STRICT;
CREATE INDEX runs_by_pipeline ON runs (pipeline_id, id);
CREATE INDEX runs_by_status ON runs (status, id);
CREATE INDEX runs_by_pipeline_and_status ON runs (pipeline_id, status);
CREATE INDEX runs_by_version ON runs (pipeline_id, pipeline_version);

CREATE TABLE node_runs (
    run_id      TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    node_id     TEXT    NOT NULL,
    id          TEXT    NOT NULL UNIQUE,
    position    INTEGER NOT NULL, -- in the document
    status      TEXT    NOT NULL CHECK (status IN ('pending', 'running', 'success', 'failed', 'skipped', 'cancelled')),
    attempt     INTEGER NOT NULL, -- of the run
    row_count   INTEGER, -- NULL: not known
    started_at  INTEGER,
    duration_ms INTEGER NOT NULL DEFAULT 0,
    progress    REAL    NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    error       TEXT    NOT NULL DEFAULT '',
    failure     TEXT    CHECK (json_valid(failure)),
    PRIMARY KEY (run_id, node_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_events (
    run_id      TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq         INTEGER NOT NULL CHECK (seq > 0),
    type        TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    node_id     TEXT    NOT NULL,
    level       TEXT    NOT NULL,
    message     TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    progress    REAL,
    row_count   INTEGER,
    duration_ms INTEGER NOT NULL,
    error       TEXT    NOT NULL,
    failure     TEXT    CHECK (json_valid(failure)),
    PRIMARY KEY (run_id, seq)
) STRICT, WITHOUT ROWID;
-- There is one such event per running node: the newest replaces the others.
CREATE UNIQUE INDEX run_events_progress ON run_events (run_id, node_id) WHERE type = 'node.progress';

CREATE TABLE run_previews (
    run_id  TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    node_id TEXT NOT NULL,
    sample  TEXT NOT NULL CHECK (json_valid(sample)),
    PRIMARY KEY (run_id, node_id)
) STRICT;

-- +goose Down
DROP TABLE run_previews;
DROP TABLE run_events;
DROP TABLE node_runs;
DROP TABLE runs;
DROP TABLE pipeline_versions;
DROP TABLE pipelines;
DROP TABLE login_attempts;
DROP TABLE sessions;
DROP TABLE users;
DROP TABLE settings;
