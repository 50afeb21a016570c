import { expect, it } from "vitest";

import { plural } from "./index.ts";

it("counts things", () => {
  const counts = [plural(1, "file"), plural(2, "file"), plural(0, "entry", "entries")];
  expect(counts).toEqual(["1 file", "2 files", "0 entries"]);
});
