import { expect, test } from "vitest";

import { PathTable } from "./path-table.ts";

// A capital sharp s is lowered to ß, and only that is raised to SS.
test.each([
  ["straẞe.md", "straße.md"],
  ["STRAẞE.md", "strasse.md"],
  ["ẞ/a.md", "ß/b.md"],
])("names that are one where case does not count: %s, %s", (one, other) => {
  const names = new PathTable();
  expect(names.claim(one, "file")).toBeUndefined();
  expect(names.claim(other, "file") ?? "it was taken").toMatch(/collides/);
});
