-- The whole schema as it is for SQLite after its migration of this number. From here
-- on each migration is written for both.
--
-- Text is compared byte by byte, as SQLite does, whatever the database's language is.
-- What SQLite calls INTEGER, REAL and BLOB is BIGINT, DOUBLE PRECISION and BYTEA.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION json_valid(value TEXT) RETURNS BOOLEAN LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT value::json IS NOT NULL $$;
-- +goose StatementEnd

CREATE TABLE settings (
    key   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);

CREATE TABLE users (
    id             TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    username       TEXT COLLATE "C" NOT NULL CHECK (username <> ''),
    canonical      TEXT COLLATE "C" NOT NULL UNIQUE CHECK (canonical <> ''), -- the name, folded: how it is found
    role           TEXT COLLATE "C" NOT NULL CHECK (role IN ('viewer', 'editor', 'admin', 'superadmin')),
    hash           TEXT COLLATE "C" NOT NULL, -- argon2id, PHC string
    epoch          BIGINT           NOT NULL, -- sessions of another epoch are over
    disabled       BIGINT           NOT NULL CHECK (disabled IN (0, 1)),
    created_at     BIGINT           NOT NULL,
    last_login_at  BIGINT, -- NULL: never
    must_change_by BIGINT -- the password is temporary, until then; NULL: it is not
);

CREATE TABLE sessions (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- SHA-256 of the token's id, hex
    user_id      TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    epoch        BIGINT           NOT NULL,
    created_at   BIGINT           NOT NULL,
    expires_at   BIGINT           NOT NULL,
    address      TEXT COLLATE "C" NOT NULL,
    agent        TEXT COLLATE "C" NOT NULL,
    last_seen_at BIGINT -- to the minute; NULL: not since it began
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);

CREATE TABLE login_attempts (
    key          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    attempts     BIGINT           NOT NULL CHECK (attempts > 0), -- since window_start, verified or not
    window_start BIGINT           NOT NULL,
    locked_until BIGINT           NOT NULL -- 0: not locked
);
CREATE INDEX login_attempts_by_window ON login_attempts (window_start);

CREATE TABLE revoked_tokens (
    id      TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- SHA-256 of the token's id, in hexadecimal
    ends_at BIGINT           NOT NULL
);
CREATE INDEX revoked_tokens_by_end ON revoked_tokens (ends_at);

CREATE TABLE organizations (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
    created_at BIGINT           NOT NULL
);

CREATE TABLE workspaces (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64 AND id !~ '[^A-Za-z0-9_-]'),
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    name            TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
    created_at      BIGINT           NOT NULL
);

CREATE TABLE workspace_members (
    user_id      TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    since        BIGINT           NOT NULL,
    PRIMARY KEY (user_id, workspace_id)
);
CREATE INDEX workspace_members_by_workspace ON workspace_members (workspace_id, user_id);

CREATE TABLE services (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name         TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
    canonical    TEXT COLLATE "C" NOT NULL CHECK (canonical <> ''), -- the name, folded
    permissions  TEXT COLLATE "C" NOT NULL CHECK (json_valid(permissions)),
    hash         BYTEA            NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of the key
    prefix       TEXT COLLATE "C" NOT NULL, -- the key's first characters
    last4        TEXT COLLATE "C" NOT NULL, -- and its last
    owner_id     TEXT COLLATE "C" NOT NULL, -- an account, also when it is gone; empty: the host
    owner_name   TEXT COLLATE "C" NOT NULL, -- as it was then
    created_at   BIGINT           NOT NULL,
    expires_at   BIGINT, -- NULL: never
    last_used_at BIGINT, -- at most a minute old
    revoked_at   BIGINT,
    workspace_id TEXT COLLATE "C" NOT NULL DEFAULT 'default'
);
CREATE UNIQUE INDEX services_by_name ON services (workspace_id, canonical) WHERE revoked_at IS NULL;
CREATE INDEX services_by_owner ON services (owner_id) WHERE revoked_at IS NULL;

CREATE TABLE audit (
    seq          BIGINT           NOT NULL PRIMARY KEY CHECK (seq > 0), -- without gaps
    at           BIGINT           NOT NULL,
    event        TEXT COLLATE "C" NOT NULL CHECK (event <> ''),
    actor_id     TEXT COLLATE "C" NOT NULL, -- of an account or a key; empty: neither
    actor        TEXT COLLATE "C" NOT NULL, -- the name, as it was then
    actor_kind   TEXT COLLATE "C" NOT NULL,
    address      TEXT COLLATE "C" NOT NULL,
    agent        TEXT COLLATE "C" NOT NULL,
    request_id   TEXT COLLATE "C" NOT NULL,
    target       TEXT COLLATE "C" NOT NULL,
    outcome      TEXT COLLATE "C" NOT NULL CHECK (outcome IN ('success', 'failure')),
    details      TEXT COLLATE "C" NOT NULL CHECK (json_valid(details)),
    hash         BYTEA            NOT NULL CHECK (length(hash) = 32), -- SHA-256 of the hash before and of this row
    workspace_id TEXT COLLATE "C" NOT NULL DEFAULT ''
);
CREATE INDEX audit_by_event ON audit (event, seq);
CREATE INDEX audit_by_target ON audit (target, seq);
CREATE INDEX audit_by_workspace ON audit (workspace_id, seq);

CREATE TABLE pipelines (
    id               TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace_id     TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    slug             TEXT COLLATE "C" CHECK (slug <> ''), -- NULL: none
    version          BIGINT           NOT NULL CHECK (version > 0), -- the newest
    name             TEXT COLLATE "C" NOT NULL,
    description      TEXT COLLATE "C" NOT NULL,
    schedule         TEXT COLLATE "C" NOT NULL,
    enabled          BIGINT           NOT NULL CHECK (enabled IN (0, 1)),
    draft            BIGINT           NOT NULL CHECK (draft IN (0, 1)),
    tags             TEXT COLLATE "C" NOT NULL CHECK (json_valid(tags)),
    node_count       BIGINT           NOT NULL,
    edge_count       BIGINT           NOT NULL,
    sla_deadline     TEXT COLLATE "C" NOT NULL,
    sla_timezone     TEXT COLLATE "C" NOT NULL,
    depends_on       TEXT COLLATE "C" NOT NULL CHECK (json_valid(depends_on)),
    dependency_rules TEXT COLLATE "C" NOT NULL CHECK (json_valid(dependency_rules)),
    source           TEXT COLLATE "C" NOT NULL,
    created_at       BIGINT           NOT NULL,
    updated_at       BIGINT           NOT NULL,
    UNIQUE (slug, workspace_id)
);
CREATE INDEX pipelines_by_workspace ON pipelines (workspace_id, id);

CREATE TABLE pipeline_versions (
    pipeline_id TEXT COLLATE "C" NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    number      BIGINT           NOT NULL CHECK (number > 0),
    document    TEXT COLLATE "C" NOT NULL CHECK (json_valid(document)),
    yaml        TEXT COLLATE "C" NOT NULL,
    message     TEXT COLLATE "C" NOT NULL,
    author      TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT           NOT NULL,
    PRIMARY KEY (pipeline_id, number)
);

CREATE TABLE pipeline_schedules (
    pipeline_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES pipelines (id) ON DELETE CASCADE,
    spec        TEXT COLLATE "C" NOT NULL,
    zone        TEXT COLLATE "C" NOT NULL, -- IANA name; '' is UTC
    next_at     BIGINT           NOT NULL -- 0: never again
);
CREATE INDEX pipeline_schedules_by_time ON pipeline_schedules (next_at) WHERE next_at > 0;

CREATE TABLE runs (
    id               TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    pipeline_id      TEXT COLLATE "C" NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    pipeline_version BIGINT           NOT NULL,
    pipeline_name    TEXT COLLATE "C" NOT NULL, -- as it was then
    status           TEXT COLLATE "C" NOT NULL CHECK (status IN ('pending', 'blocked', 'waiting', 'running', 'success', 'failed', 'cancelled')),
    error            TEXT COLLATE "C" NOT NULL DEFAULT '',
    error_code       TEXT COLLATE "C" NOT NULL DEFAULT '',
    params           TEXT COLLATE "C" NOT NULL CHECK (json_valid(params)),
    cause            TEXT COLLATE "C" NOT NULL, -- what started it: manual, api
    started_by       TEXT COLLATE "C" NOT NULL, -- the name of an account
    attempt          BIGINT           NOT NULL DEFAULT 0 CHECK (attempt >= 0), -- how often it was put back
    fence            BIGINT           NOT NULL DEFAULT 0, -- rises with every claim; results of a lower one are refused
    owner            TEXT COLLATE "C" NOT NULL DEFAULT '', -- the boot of the server that claimed it last
    cancel_requested BIGINT           NOT NULL DEFAULT 0 CHECK (cancel_requested IN (0, 1)),
    last_seq         BIGINT           NOT NULL DEFAULT 0, -- of its newest event
    created_at       BIGINT           NOT NULL,
    started_at       BIGINT,
    finished_at      BIGINT,
    workspace_id     TEXT COLLATE "C" NOT NULL DEFAULT 'default',
    resumed_from     TEXT COLLATE "C" NOT NULL DEFAULT '', -- the run whose results it begins with; empty: none
    resumed_at       TEXT COLLATE "C" NOT NULL DEFAULT '', -- the node that it was told to begin at; empty: none
    look_at          BIGINT, -- when a waiting run is looked at next; NULL: it does not wait
    FOREIGN KEY (pipeline_id, pipeline_version) REFERENCES pipeline_versions (pipeline_id, number) ON DELETE CASCADE,
    CHECK ((finished_at IS NOT NULL) = (status IN ('blocked', 'success', 'failed', 'cancelled')))
);
CREATE INDEX runs_by_look ON runs (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX runs_by_origin ON runs (resumed_from) WHERE resumed_from <> '';
CREATE INDEX runs_by_pipeline ON runs (pipeline_id, id);
CREATE INDEX runs_by_pipeline_and_status ON runs (pipeline_id, status);
CREATE INDEX runs_by_status ON runs (status, id);
CREATE INDEX runs_by_version ON runs (pipeline_id, pipeline_version);
CREATE INDEX runs_by_workspace ON runs (workspace_id, id);

CREATE TABLE run_ticks (
    run_id         TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    pipeline_id    TEXT COLLATE "C" NOT NULL,
    tick           BIGINT           NOT NULL, -- when it should have started
    interval_start BIGINT           NOT NULL, -- the tick before
    UNIQUE (pipeline_id, tick)
);

CREATE TABLE node_runs (
    run_id      TEXT COLLATE "C" NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    node_id     TEXT COLLATE "C" NOT NULL,
    id          TEXT COLLATE "C" NOT NULL UNIQUE,
    position    BIGINT           NOT NULL, -- in the document
    status      TEXT COLLATE "C" NOT NULL CHECK (status IN ('pending', 'running', 'success', 'failed', 'skipped', 'cancelled')),
    attempt     BIGINT           NOT NULL, -- of the run
    row_count   BIGINT, -- NULL: not known
    started_at  BIGINT,
    duration_ms BIGINT           NOT NULL DEFAULT 0,
    progress    DOUBLE PRECISION NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    error       TEXT COLLATE "C" NOT NULL DEFAULT '',
    failure     TEXT COLLATE "C" CHECK (json_valid(failure)),
    restored    BIGINT           NOT NULL DEFAULT 0 CHECK (restored IN (0, 1)), -- its rows are those of another run
    settled     BIGINT           NOT NULL DEFAULT 0 CHECK (settled IN (0, 1)), -- it had finished when its run had waited, and stays so
    PRIMARY KEY (run_id, node_id)
);

CREATE TABLE run_events (
    run_id      TEXT COLLATE "C" NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq         BIGINT           NOT NULL CHECK (seq > 0),
    type        TEXT COLLATE "C" NOT NULL,
    at          BIGINT           NOT NULL,
    node_id     TEXT COLLATE "C" NOT NULL,
    level       TEXT COLLATE "C" NOT NULL,
    message     TEXT COLLATE "C" NOT NULL,
    status      TEXT COLLATE "C" NOT NULL,
    progress    DOUBLE PRECISION,
    row_count   BIGINT,
    duration_ms BIGINT           NOT NULL,
    error       TEXT COLLATE "C" NOT NULL,
    failure     TEXT COLLATE "C" CHECK (json_valid(failure)),
    PRIMARY KEY (run_id, seq)
);
CREATE UNIQUE INDEX run_events_progress ON run_events (run_id, node_id) WHERE type = 'node.progress';

CREATE TABLE run_previews (
    run_id  TEXT COLLATE "C" NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    node_id TEXT COLLATE "C" NOT NULL,
    sample  TEXT COLLATE "C" NOT NULL CHECK (json_valid(sample)),
    PRIMARY KEY (run_id, node_id)
);

CREATE TABLE node_states (
    pipeline_id TEXT COLLATE "C" NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    node_id     TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL, -- JSON
    run_id      TEXT COLLATE "C" NOT NULL, -- which wrote it; it may be gone
    updated_at  BIGINT           NOT NULL,
    PRIMARY KEY (pipeline_id, node_id)
);

CREATE TABLE pins (
    pipeline_id TEXT COLLATE "C" NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    node_id     TEXT COLLATE "C" NOT NULL,
    data        TEXT COLLATE "C" NOT NULL CHECK (json_valid(data)), -- columns and rows
    pinned_by   TEXT COLLATE "C" NOT NULL,
    pinned_at   BIGINT           NOT NULL,
    PRIMARY KEY (pipeline_id, node_id)
);

CREATE TABLE contacts (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    email        TEXT COLLATE "C" CHECK (email <> ''), -- folded: how it is found; NULL: none
    agent_id     TEXT COLLATE "C" CHECK (agent_id <> ''), -- NULL: none
    product      TEXT COLLATE "C" NOT NULL CHECK (product IN ('recruiting', 'retention')),
    status       TEXT COLLATE "C" NOT NULL,
    stage        TEXT COLLATE "C" NOT NULL,
    source       TEXT COLLATE "C" NOT NULL,
    tags         TEXT COLLATE "C" NOT NULL CHECK (json_valid(tags)),
    document     TEXT COLLATE "C" NOT NULL CHECK (json_valid(document)), -- all of it
    created_at   BIGINT           NOT NULL, -- microseconds
    updated_at   BIGINT           NOT NULL, -- microseconds, and higher with every change of its workspace
    UNIQUE (email, workspace_id),
    UNIQUE (agent_id, workspace_id),
    CHECK (email IS NOT NULL OR agent_id IS NOT NULL)
);
CREATE UNIQUE INDEX contacts_by_change ON contacts (workspace_id, updated_at, id);

CREATE TABLE contact_changes (
    contact_id TEXT COLLATE "C" NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    at         BIGINT           NOT NULL, -- microseconds: the contact's updated_at
    action     TEXT COLLATE "C" NOT NULL CHECK (action IN ('created', 'updated')),
    source     TEXT COLLATE "C" NOT NULL,
    actor      TEXT COLLATE "C" NOT NULL, -- the name, as it was then
    fields     TEXT COLLATE "C" NOT NULL CHECK (json_valid(fields)),
    before     TEXT COLLATE "C" NOT NULL CHECK (json_valid(before)),
    PRIMARY KEY (contact_id, at)
);

CREATE TABLE contact_attachments (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    contact_id   TEXT COLLATE "C" NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    role         TEXT COLLATE "C" NOT NULL CHECK (role IN ('resume', 'document')),
    url          TEXT COLLATE "C" NOT NULL,
    state        TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending', 'stored', 'failed')),
    attempts     BIGINT           NOT NULL,
    next_try     BIGINT, -- NULL: never
    error        TEXT COLLATE "C" NOT NULL,
    error_code   TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    content_type TEXT COLLATE "C" NOT NULL,
    size         BIGINT           NOT NULL,
    sha256       TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT           NOT NULL,
    stored_at    BIGINT,
    UNIQUE (contact_id, role, url),
    CHECK ((next_try IS NOT NULL) = (state = 'pending'))
);
CREATE INDEX contact_attachments_due ON contact_attachments (next_try) WHERE state = 'pending';

CREATE TABLE issues (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace_id    TEXT COLLATE "C" NOT NULL,
    kind            TEXT COLLATE "C" NOT NULL CHECK (kind <> ''),
    severity        TEXT COLLATE "C" NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    state           TEXT COLLATE "C" NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
    title           TEXT COLLATE "C" NOT NULL,
    body            TEXT COLLATE "C" NOT NULL,
    pipeline_id     TEXT COLLATE "C" REFERENCES pipelines (id) ON DELETE CASCADE, -- NULL: of the server itself
    node_id         TEXT COLLATE "C" NOT NULL,
    code            TEXT COLLATE "C" NOT NULL,
    first_run       TEXT COLLATE "C" NOT NULL, -- empty: none; runs may be gone before their issue
    last_run        TEXT COLLATE "C" NOT NULL,
    count           BIGINT           NOT NULL CHECK (count > 0),
    assignee_id     TEXT COLLATE "C" REFERENCES users (id) ON DELETE SET NULL,
    muted_until     BIGINT,
    opened_at       BIGINT           NOT NULL,
    last_seen_at    BIGINT           NOT NULL, -- to the minute; NULL: not since it began
    acknowledged_at BIGINT,
    acknowledged_by TEXT COLLATE "C" NOT NULL, -- a name, as it was then
    resolved_at     BIGINT,
    resolved_by     TEXT COLLATE "C" NOT NULL, -- empty: it closed by itself
    previous_id     TEXT COLLATE "C" NOT NULL, -- the issue that the cause had before; empty: none
    CHECK ((resolved_at IS NOT NULL) = (state = 'resolved'))
);
CREATE INDEX issues_by_assignee ON issues (assignee_id);
CREATE INDEX issues_by_cause ON issues (kind, coalesce(pipeline_id, ''), node_id, code, id);
CREATE INDEX issues_by_pipeline ON issues (pipeline_id, state);
CREATE UNIQUE INDEX issues_one_of_a_cause ON issues (kind, coalesce(pipeline_id, ''), node_id, code) WHERE state <> 'resolved';

CREATE TABLE issue_events (
    issue_id TEXT COLLATE "C" NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
    seq      BIGINT           NOT NULL CHECK (seq > 0),
    type     TEXT COLLATE "C" NOT NULL,
    at       BIGINT           NOT NULL,
    actor    TEXT COLLATE "C" NOT NULL, -- a name, as it was then; empty: the server
    run_id   TEXT COLLATE "C" NOT NULL,
    detail   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (issue_id, seq)
);

CREATE TABLE issue_marks (
    issue_id     TEXT COLLATE "C" NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
    reader       TEXT COLLATE "C" NOT NULL, -- of an account or a key; empty: open mode
    read_at      BIGINT           NOT NULL,
    dismissed_at BIGINT,
    PRIMARY KEY (issue_id, reader)
);
-- +goose StatementBegin
CREATE FUNCTION audit_is_only_appended_to() RETURNS TRIGGER LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION 'the audit log is only appended to'; END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_only_appended_to();
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_only_appended_to();
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_appended_to();

INSERT INTO organizations (id, name, created_at) VALUES ('default', 'Default organization', extract(epoch FROM now())::bigint * 1000);
INSERT INTO workspaces (id, organization_id, name, created_at) VALUES ('default', 'default', 'Default', extract(epoch FROM now())::bigint * 1000);

-- +goose Down
DROP TABLE issue_marks;
DROP TABLE issue_events;
DROP TABLE issues;
DROP TABLE contact_attachments;
DROP TABLE contact_changes;
DROP TABLE contacts;
DROP TABLE pins;
DROP TABLE node_states;
DROP TABLE run_previews;
DROP TABLE run_events;
DROP TABLE node_runs;
DROP TABLE run_ticks;
DROP TABLE runs;
DROP TABLE pipeline_schedules;
DROP TABLE pipeline_versions;
DROP TABLE pipelines;
DROP TABLE audit;
DROP TABLE services;
DROP TABLE workspace_members;
DROP TABLE workspaces;
DROP TABLE organizations;
DROP TABLE revoked_tokens;
DROP TABLE login_attempts;
DROP TABLE sessions;
DROP TABLE users;
DROP TABLE settings;
DROP FUNCTION audit_is_only_appended_to;
DROP FUNCTION json_valid;
