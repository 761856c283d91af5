-- +goose Up
-- Servers that share a PostgreSQL. A file has one server at a time, and no rows here.
CREATE TABLE processes (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- of a boot: the owner of its runs
    host       TEXT COLLATE "C" NOT NULL,
    version    TEXT COLLATE "C" NOT NULL,
    slots      BIGINT           NOT NULL CHECK (slots >= 0), -- runs at once
    started_at BIGINT           NOT NULL,
    seen_at    BIGINT           NOT NULL -- by the clock of the database
);

-- +goose Down
DROP TABLE processes;
