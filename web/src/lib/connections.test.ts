import { expect, test } from "vitest";
import { bodyOf, type Connection, type ConnectionType, draftOf } from "./connections";

const database: ConnectionType = {
  type: "postgres",
  label: "PostgreSQL",
  category: "database",
  description: "",
  fields: ["host", "port", "schema", "login", "password", "extra"],
  options_schema: {},
  extra_schema: {},
};

const shop: Connection = {
  id: "1",
  conn_id: "shop",
  type: "postgres",
  description: "The shop",
  host: "db.example.com",
  port: 5433,
  schema: "shop",
  login: "reader",
  options: { sslmode: "require" },
  password_ref: "encrypted://********",
  updated_at: "2026-11-20T10:00:00Z",
};

test("secrets that nobody wrote anew are not sent", () => {
  const body = bodyOf(draftOf(shop, ""), database, shop);
  expect(body).toEqual({
    conn_id: "shop",
    type: "postgres",
    description: "The shop",
    host: "db.example.com",
    port: 5433,
    schema: "shop",
    login: "reader",
    options: { sslmode: "require" },
  });
});

test("a new password, and new secret settings, are sent", () => {
  const draft = { ...draftOf(shop, ""), password: "hunter2", extra: { client_key: "PEM" } };
  expect(bodyOf(draft, database, shop)).toMatchObject({
    password: "hunter2",
    extra: '{"client_key":"PEM"}',
  });
});

test("a reference is shown, sent, and can be taken away", () => {
  const elsewhere = { ...shop, password_ref: "env://BROKED_SECRET_SHOP" };
  const draft = draftOf(elsewhere, "");
  expect(draft.password_ref).toBe("env://BROKED_SECRET_SHOP");
  expect(bodyOf(draft, database, elsewhere)).toMatchObject({
    password_ref: "env://BROKED_SECRET_SHOP",
  });
  expect(bodyOf({ ...draft, password_ref: "" }, database, elsewhere)).toMatchObject({
    password_ref: "",
  });
});

test("a type is told only of the fields that it has", () => {
  const file: ConnectionType = { ...database, type: "sqlite", fields: ["host"] };
  const draft = { ...draftOf(undefined, "sqlite"), conn_id: " kept ", host: "data/shop.db" };
  expect(bodyOf(draft, file)).toEqual({
    conn_id: "kept",
    type: "sqlite",
    description: "",
    host: "data/shop.db",
    options: {},
  });
});
