-- +goose Up
ALTER TABLE sessions ADD COLUMN last_seen_at INTEGER; -- to the minute; NULL: not since it began

-- +goose Down
ALTER TABLE sessions DROP COLUMN last_seen_at;
