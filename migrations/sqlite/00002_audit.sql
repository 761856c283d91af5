-- +goose Up
CREATE TABLE audit (
    seq        INTEGER NOT NULL PRIMARY KEY CHECK (seq > 0), -- without gaps
    at         INTEGER NOT NULL,
    event      TEXT    NOT NULL CHECK (event <> ''),
    actor_id   TEXT    NOT NULL, -- of an account or a key; empty: neither
    actor      TEXT    NOT NULL, -- the name, as it was then
    actor_kind TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    agent      TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    outcome    TEXT    NOT NULL CHECK (outcome IN ('success', 'failure')),
    details    TEXT    NOT NULL CHECK (json_valid(details)),
    hash       BLOB    NOT NULL CHECK (length(hash) = 32) -- SHA-256 of the hash before and of this row
) STRICT;
CREATE INDEX audit_by_event ON audit (event, seq);
CREATE INDEX audit_by_target ON audit (target, seq);

-- +goose StatementBegin
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT raise(ABORT, 'the audit log is only appended to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN
    SELECT raise(ABORT, 'the audit log is only appended to');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE audit;
