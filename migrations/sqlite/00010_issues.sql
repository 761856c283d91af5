-- +goose Up
CREATE TABLE issues (
    id              TEXT    NOT NULL PRIMARY KEY,
    workspace_id    TEXT    NOT NULL,
    kind            TEXT    NOT NULL CHECK (kind <> ''),
    severity        TEXT    NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    state           TEXT    NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
    title           TEXT    NOT NULL,
    body            TEXT    NOT NULL,
    pipeline_id     TEXT    REFERENCES pipelines (id) ON DELETE CASCADE, -- NULL: of the server itself
    node_id         TEXT    NOT NULL,
    code            TEXT    NOT NULL,
    first_run       TEXT    NOT NULL, -- empty: none; runs may be gone before their issue
    last_run        TEXT    NOT NULL,
    count           INTEGER NOT NULL CHECK (count > 0),
    assignee_id     TEXT    REFERENCES users (id) ON DELETE SET NULL,
    muted_until     INTEGER,
    opened_at       INTEGER NOT NULL,
    last_seen_at    INTEGER NOT NULL,
    acknowledged_at INTEGER,
    acknowledged_by TEXT    NOT NULL, -- a name, as it was then
    resolved_at     INTEGER,
    resolved_by     TEXT    NOT NULL, -- empty: it closed by itself
    previous_id     TEXT    NOT NULL, -- the issue that the cause had before; empty: none
    CHECK ((resolved_at IS NOT NULL) = (state = 'resolved'))
) STRICT;
CREATE UNIQUE INDEX issues_one_of_a_cause ON issues (kind, coalesce(pipeline_id, ''), node_id, code) WHERE state <> 'resolved';
CREATE INDEX issues_by_cause ON issues (kind, coalesce(pipeline_id, ''), node_id, code, id);
CREATE INDEX issues_by_pipeline ON issues (pipeline_id, state);
CREATE INDEX issues_by_assignee ON issues (assignee_id);

CREATE TABLE issue_events (
    issue_id TEXT    NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
    seq      INTEGER NOT NULL CHECK (seq > 0),
    type     TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    actor    TEXT    NOT NULL, -- a name, as it was then; empty: the server
    run_id   TEXT    NOT NULL,
    detail   TEXT    NOT NULL,
    PRIMARY KEY (issue_id, seq)
) STRICT, WITHOUT ROWID;

-- Who has read which issue, or does not want to see it any more.
CREATE TABLE issue_marks (
    issue_id     TEXT    NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
    reader       TEXT    NOT NULL, -- of an account or a key; empty: open mode
    read_at      INTEGER NOT NULL,
    dismissed_at INTEGER,
    PRIMARY KEY (issue_id, reader)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE issue_marks;
DROP TABLE issue_events;
DROP TABLE issues;
