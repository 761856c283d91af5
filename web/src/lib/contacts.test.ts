import { expect, test } from "vitest";
import { type Contact, contactName, contactSearch } from "./contacts";

test("a contact is called by its name, else by what it is known by", () => {
  const nobody = { first_name: "", last_name: "", email: null, agent_id: null } as Contact;
  expect(contactName({ ...nobody, last_name: "Lovelace" })).toBe("Lovelace");
  expect(contactName({ ...nobody, email: "a@b.cd" })).toBe("a@b.cd");
  expect(contactName({ ...nobody, agent_id: "A-17" })).toBe("A-17");
  expect(contactName(nobody)).toBe("Without a name");
});

test("both products are asked for unless one is chosen", () => {
  expect(contactSearch({ tag: "a&b" }).toString()).toBe("product=any&tag=a%26b");
  expect(contactSearch({ product: "retention" }).toString()).toBe("product=retention");
});
