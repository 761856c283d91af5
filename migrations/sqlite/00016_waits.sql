-- +goose Up
ALTER TABLE runs ADD COLUMN look_at INTEGER; -- when a waiting run is looked at next; NULL: it does not wait
CREATE INDEX runs_by_look ON runs (look_at) WHERE look_at IS NOT NULL;

-- +goose Down
DROP INDEX runs_by_look;
ALTER TABLE runs DROP COLUMN look_at;
