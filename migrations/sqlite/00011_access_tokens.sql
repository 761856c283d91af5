-- +goose Up
-- Access tokens that were revoked before they end. Their service account ends
-- all others; a row goes when its token would have ended anyway.
CREATE TABLE revoked_tokens (
    id      TEXT    NOT NULL PRIMARY KEY, -- SHA-256 of the token's id, in hexadecimal
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_tokens_by_end ON revoked_tokens (ends_at);

-- +goose Down
DROP TABLE revoked_tokens;
