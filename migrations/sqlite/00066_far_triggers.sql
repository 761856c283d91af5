-- +goose Up
-- Triggers look at files elsewhere as well. What was there before such a trigger is what its first look has
-- found, as nobody says there since when a file has its name.
ALTER TABLE pipeline_triggers ADD COLUMN looked INTEGER NOT NULL DEFAULT 0 CHECK (looked IN (0, 1));
ALTER TABLE trigger_files ADD COLUMN version TEXT NOT NULL DEFAULT ''; -- such as an ETag; empty: nobody tells

-- +goose Down
ALTER TABLE trigger_files DROP COLUMN version;
ALTER TABLE pipeline_triggers DROP COLUMN looked;
