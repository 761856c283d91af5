-- +goose Up
ALTER TABLE node_runs ADD COLUMN pushed TEXT NOT NULL DEFAULT ''; -- the statement with which a database has computed its rows

-- +goose Down
ALTER TABLE node_runs DROP COLUMN pushed;
