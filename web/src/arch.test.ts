import { expect, test } from "vitest";

/** From the ground up. A file imports only from lower floors and its own folder. */
const floors = ["lib", "ui", "features", "app"];

const files = import.meta.glob<string>("./**/*.{ts,tsx}", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** "./features/editor/canvas.tsx" is on floor "features", in unit "features/editor". */
function place(file: string): { floor: number; unit: string } {
  const [top = "", second = ""] = file.split("/").slice(1);
  return { floor: floors.indexOf(top), unit: top === "features" ? `${top}/${second}` : top };
}

test("arrows point down", () => {
  const wrong: string[] = [];
  for (const [file, source] of Object.entries(files)) {
    const here = place(file);
    if (here.floor < 0) continue; // main.tsx and this file
    for (const [, target = ""] of source.matchAll(/(?:from |import\()"(\.[^"]*)"/g)) {
      const path = `.${new URL(target, `file:///${file.slice(2)}`).pathname}`;
      const there = place(path);
      if (there.unit !== here.unit && there.floor >= here.floor)
        wrong.push(`${file} imports ${path}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("a file has at most 400 lines", () => {
  const generated = "./lib/api-types.ts";
  const long = Object.entries(files).filter(
    ([file, source]) => file !== generated && source.split("\n").length > 400,
  );
  expect(long.map(([file]) => file)).toEqual([]);
});

test("a component of Mantine comes with its style", () => {
  const styled = Object.keys(
    import.meta.glob("../node_modules/@mantine/core/styles/*.css", { query: "?url" }),
  ).map((path) => path.replace(/^.*\/(\w+)\.css$/, "$1"));
  expect(styled).toContain("Combobox");
  const first = files["./ui/mantine-styles.ts"] ?? "";
  const sheet: Record<string, string> = { Autocomplete: "Combobox", NativeSelect: "Combobox" };
  const wrong: string[] = [];
  for (const [file, source] of Object.entries(files)) {
    const [, names = ""] =
      source.match(/(?:import|export) \{([^}]*)\} from "@mantine\/core"/) ?? [];
    for (const name of names.split(",").map((word) => word.trim())) {
      const style = sheet[name] ?? name;
      const imported = `styles/${style}.css"`;
      if (!styled.includes(style) || first.includes(imported) || source.includes(imported))
        continue;
      wrong.push(`${file} uses ${name} without ${style}.css`);
    }
  }
  expect(wrong).toEqual([]);
});
