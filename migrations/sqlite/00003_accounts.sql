-- +goose Up
ALTER TABLE users ADD COLUMN last_login_at INTEGER; -- NULL: never
ALTER TABLE users ADD COLUMN must_change_by INTEGER; -- the password is temporary, until then; NULL: it is not

-- +goose Down
ALTER TABLE users DROP COLUMN must_change_by;
ALTER TABLE users DROP COLUMN last_login_at;
