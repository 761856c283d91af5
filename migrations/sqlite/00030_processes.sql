-- +goose Up
-- Servers that share a PostgreSQL. A file has one server at a time, and no rows here.
CREATE TABLE processes (
    id         TEXT    NOT NULL PRIMARY KEY, -- of a boot: the owner of its runs
    host       TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    slots      INTEGER NOT NULL CHECK (slots >= 0), -- runs at once
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL -- by the clock of the database
) STRICT;

-- +goose Down
DROP TABLE processes;
