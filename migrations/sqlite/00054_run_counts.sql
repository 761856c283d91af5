-- +goose Up
-- How many runs of a pipeline have a status: to count them takes a tenth of a second once
-- there are 100,000. Whoever makes the table runs anew makes these triggers anew as well.
CREATE TABLE run_counts (
    pipeline_id TEXT NOT NULL,
    status      TEXT NOT NULL,
    n           INTEGER NOT NULL,
    PRIMARY KEY (pipeline_id, status)
) STRICT;

INSERT INTO run_counts (pipeline_id, status, n)
SELECT pipeline_id, status, count(*)
FROM runs
GROUP BY pipeline_id, status;

-- +goose StatementBegin
CREATE TRIGGER run_counted AFTER INSERT ON runs
BEGIN
    INSERT INTO run_counts (pipeline_id, status, n)
    VALUES (NEW.pipeline_id, NEW.status, 1)
    ON CONFLICT (pipeline_id, status) DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER run_moved AFTER UPDATE OF status ON runs WHEN OLD.status <> NEW.status
BEGIN
    UPDATE run_counts SET n = n - 1 WHERE pipeline_id = OLD.pipeline_id AND status = OLD.status;
    INSERT INTO run_counts (pipeline_id, status, n)
    VALUES (NEW.pipeline_id, NEW.status, 1)
    ON CONFLICT (pipeline_id, status) DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER run_removed AFTER DELETE ON runs
BEGIN
    UPDATE run_counts SET n = n - 1 WHERE pipeline_id = OLD.pipeline_id AND status = OLD.status;
    DELETE FROM run_counts WHERE pipeline_id = OLD.pipeline_id AND n = 0;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER run_removed;
DROP TRIGGER run_moved;
DROP TRIGGER run_counted;
DROP TABLE run_counts;
