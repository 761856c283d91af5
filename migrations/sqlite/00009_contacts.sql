-- +goose Up
CREATE TABLE contacts (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
    email        TEXT    CHECK (email <> ''), -- folded: how it is found; NULL: none
    agent_id     TEXT    CHECK (agent_id <> ''), -- NULL: none
    product      TEXT    NOT NULL CHECK (product IN ('recruiting', 'retention')),
    status       TEXT    NOT NULL,
    stage        TEXT    NOT NULL,
    source       TEXT    NOT NULL,
    tags         TEXT    NOT NULL CHECK (json_valid(tags)),
    document     TEXT    NOT NULL CHECK (json_valid(document)), -- all of it
    created_at   INTEGER NOT NULL, -- microseconds
    updated_at   INTEGER NOT NULL, -- microseconds, and higher with every change of its workspace
    UNIQUE (email, workspace_id),
    UNIQUE (agent_id, workspace_id),
    CHECK (email IS NOT NULL OR agent_id IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX contacts_by_change ON contacts (workspace_id, updated_at, id);

CREATE TABLE contact_changes (
    contact_id TEXT    NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    at         INTEGER NOT NULL, -- microseconds: the contact's updated_at
    action     TEXT    NOT NULL CHECK (action IN ('created', 'updated')),
    source     TEXT    NOT NULL,
    actor      TEXT    NOT NULL, -- the name, as it was then
    fields     TEXT    NOT NULL CHECK (json_valid(fields)),
    before     TEXT    NOT NULL CHECK (json_valid(before)),
    PRIMARY KEY (contact_id, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE contact_attachments (
    id           TEXT    NOT NULL PRIMARY KEY,
    contact_id   TEXT    NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    role         TEXT    NOT NULL CHECK (role IN ('resume', 'document')),
    url          TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('pending', 'stored', 'failed')),
    attempts     INTEGER NOT NULL,
    next_try     INTEGER, -- NULL: never
    error        TEXT    NOT NULL,
    error_code   TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    content_type TEXT    NOT NULL,
    size         INTEGER NOT NULL,
    sha256       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    stored_at    INTEGER,
    UNIQUE (contact_id, role, url),
    CHECK ((next_try IS NOT NULL) = (state = 'pending'))
) STRICT;
CREATE INDEX contact_attachments_due ON contact_attachments (next_try) WHERE state = 'pending';

-- +goose Down
DROP TABLE contact_attachments;
DROP TABLE contact_changes;
DROP TABLE contacts;
