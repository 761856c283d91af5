import { expect, test } from "vitest";

const shownBy = import.meta.glob<string>("./*.{ts,tsx}", {
  query: "?raw",
  import: "default",
  eager: true,
});
const parts = import.meta.glob<string>("../../ui/**/*.tsx", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** What no gallery can show, and why. */
const exceptions: Record<string, string> = {};

/** The files of a floor that sources import, such as "../../ui/form/entry.tsx". */
function imported(from: string, source: string): string[] {
  return [...source.matchAll(/(?:from |import\()"(\.[^"]*)"/g)].flatMap(([, target = ""]) => {
    const { pathname } = new URL(target, `file:///src/features/gallery/${from}`);
    const file = `${pathname.replace("/src/", "../../")}.tsx`;
    return file in parts ? [file] : [];
  });
}

test("every part of the interface is in the gallery", () => {
  const shown = new Set(
    Object.entries(shownBy)
      .filter(([file]) => !file.endsWith(".test.ts"))
      .flatMap(([file, source]) => imported(file, source)),
  );
  // A folder is one part: what its own files are made of is seen with them.
  for (const file of shown) {
    const folder = file.slice(0, file.lastIndexOf("/"));
    if (folder === "../../ui") continue;
    for (const inside of imported(file, parts[file] ?? "")) {
      if (inside.startsWith(`${folder}/`)) shown.add(inside);
    }
  }
  const missing = Object.keys(parts).filter((file) => !shown.has(file) && !(file in exceptions));
  expect(missing).toEqual([]);
});
