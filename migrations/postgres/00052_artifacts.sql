-- +goose Up
-- Where the rows that runs have kept are besides the folders of the runs: an entry for
-- an event that tells of an artifact, when other machines can read that, too.
CREATE TABLE run_artifacts (
    run_id TEXT COLLATE "C" NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq    BIGINT NOT NULL, -- of the event
    place  TEXT COLLATE "C" NOT NULL CHECK (place <> ''), -- in the store of artifacts
    bytes  BIGINT NOT NULL CHECK (bytes >= 0),
    sha256 TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (run_id, seq)
);

-- +goose Down
DROP TABLE run_artifacts;
