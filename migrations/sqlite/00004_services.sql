-- +goose Up
-- Programs with a key and permissions of their own. Rows stay when a key is
-- revoked.
CREATE TABLE services (
    id           TEXT    NOT NULL PRIMARY KEY,
    name         TEXT    NOT NULL CHECK (name <> ''),
    canonical    TEXT    NOT NULL CHECK (canonical <> ''), -- the name, folded
    permissions  TEXT    NOT NULL CHECK (json_valid(permissions)),
    hash         BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of the key
    prefix       TEXT    NOT NULL, -- the key's first characters
    last4        TEXT    NOT NULL, -- and its last
    owner_id     TEXT    NOT NULL, -- an account, also when it is gone; empty: the host
    owner_name   TEXT    NOT NULL, -- as it was then
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER, -- NULL: never
    last_used_at INTEGER, -- at most a minute old
    revoked_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX services_by_name ON services (canonical) WHERE revoked_at IS NULL;
CREATE INDEX services_by_owner ON services (owner_id) WHERE revoked_at IS NULL;

-- +goose Down
DROP TABLE services;
