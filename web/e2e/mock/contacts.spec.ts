import { expect, test } from "@playwright/test";
import type { Contact, ContactFile, ContactRevision } from "../../src/lib/contacts";
import { lookAtBoth } from "./check";
import { ago } from "./fixtures";
import { page as listOf, refusal, serve } from "./server";

function contact(part: Partial<Contact>): Contact {
  return {
    id: "c1",
    product: "recruiting",
    first_name: "Ada",
    last_name: "Lovelace",
    email: "ada@example.com",
    phone: "+1 555 010 0199",
    birthday: "10/12/1985",
    agent_id: null,
    license_number: "",
    address: "12 St James's Square",
    address2: "",
    city: "London",
    state: "",
    zip: "SW1Y",
    country: "United Kingdom",
    source: "fair",
    stage: "second talk",
    status: "called",
    tags: ["engineer", "mathematics"],
    notes: "Prefers letters.",
    custom: { score: 7, languages: ["en", "fr"] },
    resume_url: "",
    document_urls: [],
    created_at: ago(900),
    updated_at: ago(4),
    ...part,
  };
}

function file(part: Partial<ContactFile>): ContactFile {
  return {
    id: "f1",
    role: "resume",
    url: "https://example.com/cv.pdf",
    state: "stored",
    attempts: 1,
    next_try: null,
    error: "",
    name: "Ada's CV.pdf",
    size: 182_400,
    created_at: ago(900),
    stored_at: ago(899),
    ...part,
  };
}

const history: ContactRevision[] = [
  {
    at: ago(4),
    action: "updated",
    source: "interface",
    actor: "ada",
    fields: ["status", "tags"],
    before: { status: "new", tags: [] },
  },
  {
    at: ago(900),
    action: "created",
    source: "api",
    actor: "intake",
    fields: ["email", "last_name"],
    before: {},
  },
];
const files = [
  file({}),
  file({
    id: "f2",
    role: "document",
    url: "https://example.com/away",
    state: "pending",
    attempts: 2,
    next_try: ago(-3),
    error: "example.com took too long to answer",
  }),
  file({
    id: "f3",
    role: "document",
    url: "http://10.0.0.1/secret",
    state: "failed",
    error: "10.0.0.1 may not be reached from this server: it is in a private network",
  }),
];
const people = [
  contact({}),
  contact({ id: "c2", first_name: "", last_name: "", email: null, agent_id: "A-17", tags: [] }),
];
const known = {
  "GET /v2/leads": { json: listOf(people) },
  "GET /v2/leads/c1": { json: contact({}) },
  "GET /v2/leads/c1/history": { json: history },
  "GET /v2/leads/c1/attachments": { json: files },
};

test("contacts are listed, and one shows what is known, its files and its history", async ({
  page,
}) => {
  await serve(page, known);
  await page.goto("/");
  await page.getByRole("link", { name: "Contacts" }).click();
  await expect(page.getByRole("row")).toHaveCount(3);
  await expect(page.getByRole("link", { name: "A-17" })).toBeVisible();
  await lookAtBoth(page, "contacts");
  await page.getByRole("link", { name: "Ada Lovelace" }).click();
  await expect(page).toHaveURL("/contacts/c1");
  await expect(page.getByText("Prefers letters.")).toBeVisible();
  await expect(page.getByText("score")).toBeVisible();
  const stored = page.getByRole("link", { name: "Ada's CV.pdf" });
  await expect(stored).toHaveAttribute("href", "/v2/leads/c1/attachments/f1");
  await expect(page.getByText("182.4 kB")).toBeVisible();
  await expect(page.getByText("took too long to answer (attempt 2)")).toBeVisible();
  await expect(page.getByText("before: status new")).toBeVisible();
  await lookAtBoth(page, "contact");
});

test("filters stand in the URL and are asked of the server, of the export too", async ({
  page,
}) => {
  await serve(page, known);
  await page.goto("/contacts?status=called");
  await expect(page.getByLabel("Status")).toHaveValue("called");
  await page.getByLabel("Tag").fill("engineer");
  const asked = page.waitForRequest((request) => request.url().includes("tag=engineer"));
  await page.getByRole("button", { name: "Filter" }).click();
  const search = new URL((await asked).url()).searchParams;
  expect(search.get("status")).toBe("called");
  expect(search.get("product")).toBe("any");
  await page.getByText("Agents").click();
  await expect(page).toHaveURL("/contacts?status=called&tag=engineer&product=retention");
  await expect(page.getByRole("link", { name: "Export as CSV" })).toHaveAttribute(
    "href",
    "/v2/contacts/export?spreadsheet=true&product=retention&status=called&tag=engineer",
  );
  await serve(page, { "GET /v2/leads": { json: listOf([]) } });
  await page.getByLabel("E-mail").fill("nobody@example.com");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page.getByText("No contact fits")).toBeVisible();
  await page.getByRole("button", { name: "Show all" }).first().click();
  await expect(page).toHaveURL("/contacts");
  await expect(page.getByText("No contacts yet")).toBeVisible();
  await lookAtBoth(page, "contacts-none");
});

test("a contact is erased once that is confirmed", async ({ page }) => {
  await serve(page, { ...known, "DELETE /v2/leads/c1": { json: {} } });
  await page.goto("/contacts/c1");
  await page.getByRole("button", { name: "Erase" }).click();
  await expect(page.getByRole("dialog")).toContainText("its history and its files");
  await lookAtBoth(page, "contact-erase");
  const asked = page.waitForRequest((request) => request.method() === "DELETE");
  await page.getByRole("dialog").getByRole("button", { name: "Erase" }).click();
  expect(new URL((await asked).url()).pathname).toBe("/v2/leads/c1");
  await expect(page).toHaveURL("/contacts");
  await expect(page.getByText("The contact was erased.")).toBeVisible();
});

test("a failed file is fetched again when asked for", async ({ page }) => {
  await serve(page, { ...known, "POST /v2/leads/c1/attachments/f3/retry": { json: {} } });
  await page.goto("/contacts/c1");
  const asked = page.waitForRequest((request) => request.method() === "POST");
  await page.getByRole("button", { name: "Fetch again" }).click();
  expect(new URL((await asked).url()).pathname).toBe("/v2/leads/c1/attachments/f3/retry");
});

test("loading, failing, missing and denied contacts say so", async ({ page }) => {
  await serve(page, { "GET /v2/leads": "never" });
  await page.goto("/contacts");
  await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
  await serve(page, { "GET /v2/leads": refusal(500, "internal", "The store is away.") });
  await page.reload();
  await expect(page.getByText("req-7f3a91")).toBeVisible();
  await page.goto("/contacts/none");
  await expect(page.getByText("This does not exist")).toBeVisible();
  await serve(page, {
    ...known,
    "GET /api/auth/me/permissions": { json: ["contacts.view"] },
  });
  await page.goto("/contacts/c1");
  await expect(page.getByText("Prefers letters.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Erase" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Fetch again" })).toHaveCount(0);
});

test("long names and notes stay in their place", async ({ page }) => {
  const long = "חשבון-الحساب-".repeat(20);
  const wide = contact({ last_name: long, notes: long, tags: [long], custom: { [long]: long } });
  await serve(page, {
    ...known,
    "GET /v2/leads": { json: listOf([wide]) },
    "GET /v2/leads/c1": { json: wide },
  });
  for (const path of ["/contacts", "/contacts/c1"]) {
    await page.goto(path);
    await expect(page.getByText("Ada").first()).toBeVisible();
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth,
    );
    expect(overflow).toBeLessThanOrEqual(0);
  }
  await lookAtBoth(page, "contact-long");
});
