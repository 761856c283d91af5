-- +goose Up
-- Who is told what happens to runs. Those of a pipeline are what its newest document says.
CREATE TABLE hooks (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    pipeline_id  TEXT    REFERENCES pipelines (id) ON DELETE CASCADE, -- NULL: of many pipelines
    name         TEXT    NOT NULL,
    type         TEXT    NOT NULL,
    url          TEXT    NOT NULL,
    receivers    TEXT    NOT NULL CHECK (json_valid(receivers)),
    channel      TEXT    NOT NULL,
    events       TEXT    NOT NULL CHECK (json_valid(events)),
    tag          TEXT    NOT NULL, -- empty: any
    pipelines    TEXT    NOT NULL, -- a name, perhaps with stars; empty: any
    enabled      INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    secret       TEXT    NOT NULL, -- sealed; empty: none
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX hooks_by_pipeline ON hooks (workspace_id, pipeline_id, name);

-- What is to be told, and what was.
CREATE TABLE deliveries (
    id           TEXT    NOT NULL PRIMARY KEY,
    hook_id      TEXT    NOT NULL REFERENCES hooks (id) ON DELETE CASCADE,
    workspace_id TEXT    NOT NULL,
    pipeline_id  TEXT    NOT NULL, -- empty: none
    run_id       TEXT    REFERENCES runs (id) ON DELETE CASCADE, -- NULL: none
    node_id      TEXT    NOT NULL,
    event        TEXT    NOT NULL,
    payload      TEXT    NOT NULL CHECK (json_valid(payload)),
    state        TEXT    NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts     INTEGER NOT NULL DEFAULT 0,
    status       INTEGER NOT NULL DEFAULT 0, -- of HTTP; 0: none
    error        TEXT    NOT NULL DEFAULT '',
    next_at      INTEGER NOT NULL, -- when it is pending
    created_at   INTEGER NOT NULL,
    sent_at      INTEGER
) STRICT;
CREATE INDEX deliveries_due ON deliveries (hook_id, next_at) WHERE state = 'pending';
CREATE INDEX deliveries_next ON deliveries (next_at) WHERE state = 'pending';
CREATE INDEX deliveries_by_hook ON deliveries (hook_id, id);
CREATE INDEX deliveries_by_run ON deliveries (run_id, id);
CREATE INDEX deliveries_by_pipeline ON deliveries (pipeline_id, id);

INSERT INTO hooks (id, workspace_id, pipeline_id, name, type, url, receivers, channel, events, tag, pipelines, enabled, secret, created_at, updated_at)
SELECT
    lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
    p.workspace_id, p.id, 'webhook_url', 'webhook', json_extract(v.document, '$.webhook_url'), '[]', '',
    '["on_success","on_failure","on_cancel"]', '', '', 1, '', p.updated_at, p.updated_at
FROM pipelines p
JOIN pipeline_versions v ON v.pipeline_id = p.id AND v.number = p.version
WHERE coalesce(json_extract(v.document, '$.webhook_url'), '') <> '';

INSERT INTO hooks (id, workspace_id, pipeline_id, name, type, url, receivers, channel, events, tag, pipelines, enabled, secret, created_at, updated_at)
SELECT
    lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
    p.workspace_id, p.id, h.key, json_extract(h.value, '$.type'), json_extract(h.value, '$.url'), '[]', '',
    json_array(h.key), '', '', coalesce(json_extract(h.value, '$.enabled'), 0), '', p.updated_at, p.updated_at
FROM pipelines p
JOIN pipeline_versions v ON v.pipeline_id = p.id AND v.number = p.version
JOIN json_each(v.document, '$.hooks') h
WHERE coalesce(json_extract(h.value, '$.url'), '') <> '' AND json_extract(h.value, '$.type') IN ('webhook', 'slack');

-- +goose Down
DROP TABLE deliveries;
DROP TABLE hooks;
