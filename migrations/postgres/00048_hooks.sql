-- +goose Up
-- Who is told what happens to runs. Those of a pipeline are what its newest document says.
CREATE TABLE hooks (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    pipeline_id  TEXT COLLATE "C" REFERENCES pipelines (id) ON DELETE CASCADE, -- NULL: of many pipelines
    name         TEXT COLLATE "C" NOT NULL,
    type         TEXT COLLATE "C" NOT NULL,
    url          TEXT COLLATE "C" NOT NULL,
    receivers    TEXT COLLATE "C" NOT NULL CHECK (json_valid(receivers)),
    channel      TEXT COLLATE "C" NOT NULL,
    events       TEXT COLLATE "C" NOT NULL CHECK (json_valid(events)),
    tag          TEXT COLLATE "C" NOT NULL, -- empty: any
    pipelines    TEXT COLLATE "C" NOT NULL, -- a name, perhaps with stars; empty: any
    enabled      BIGINT NOT NULL CHECK (enabled IN (0, 1)),
    secret       TEXT COLLATE "C" NOT NULL, -- sealed; empty: none
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX hooks_by_pipeline ON hooks (workspace_id, pipeline_id, name);

-- What is to be told, and what was.
CREATE TABLE deliveries (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    hook_id      TEXT COLLATE "C" NOT NULL REFERENCES hooks (id) ON DELETE CASCADE,
    workspace_id TEXT COLLATE "C" NOT NULL,
    pipeline_id  TEXT COLLATE "C" NOT NULL, -- empty: none
    run_id       TEXT COLLATE "C" REFERENCES runs (id) ON DELETE CASCADE, -- NULL: none
    node_id      TEXT COLLATE "C" NOT NULL,
    event        TEXT COLLATE "C" NOT NULL,
    payload      TEXT COLLATE "C" NOT NULL CHECK (json_valid(payload)),
    state        TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts     BIGINT NOT NULL DEFAULT 0,
    status       BIGINT NOT NULL DEFAULT 0, -- of HTTP; 0: none
    error        TEXT COLLATE "C" NOT NULL DEFAULT '',
    next_at      BIGINT NOT NULL, -- when it is pending
    created_at   BIGINT NOT NULL,
    sent_at      BIGINT
);
CREATE INDEX deliveries_due ON deliveries (hook_id, next_at) WHERE state = 'pending';
CREATE INDEX deliveries_next ON deliveries (next_at) WHERE state = 'pending';
CREATE INDEX deliveries_by_hook ON deliveries (hook_id, id);
CREATE INDEX deliveries_by_run ON deliveries (run_id, id);
CREATE INDEX deliveries_by_pipeline ON deliveries (pipeline_id, id);

INSERT INTO hooks (id, workspace_id, pipeline_id, name, type, url, receivers, channel, events, tag, pipelines, enabled, secret, created_at, updated_at)
SELECT
    gen_random_uuid()::text, p.workspace_id, p.id, 'webhook_url', 'webhook', v.document::jsonb ->> 'webhook_url', '[]', '',
    '["on_success","on_failure","on_cancel"]', '', '', 1, '', p.updated_at, p.updated_at
FROM pipelines p
JOIN pipeline_versions v ON v.pipeline_id = p.id AND v.number = p.version
WHERE coalesce(v.document::jsonb ->> 'webhook_url', '') <> '';

INSERT INTO hooks (id, workspace_id, pipeline_id, name, type, url, receivers, channel, events, tag, pipelines, enabled, secret, created_at, updated_at)
SELECT
    gen_random_uuid()::text, p.workspace_id, p.id, h.key, h.value ->> 'type', h.value ->> 'url', '[]', '',
    jsonb_build_array(h.key)::text, '', '', CASE WHEN (h.value ->> 'enabled') = 'true' THEN 1 ELSE 0 END, '', p.updated_at, p.updated_at
FROM pipelines p
JOIN pipeline_versions v ON v.pipeline_id = p.id AND v.number = p.version
CROSS JOIN LATERAL jsonb_each(coalesce(v.document::jsonb -> 'hooks', '{}'::jsonb)) h
WHERE coalesce(h.value ->> 'url', '') <> '' AND (h.value ->> 'type') IN ('webhook', 'slack');

-- +goose Down
DROP TABLE deliveries;
DROP TABLE hooks;
