-- +goose Up
ALTER TABLE node_runs ADD COLUMN settled INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1)); -- it had finished when its run had waited, and stays so

-- +goose Down
ALTER TABLE node_runs DROP COLUMN settled;
