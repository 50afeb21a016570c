import { expect } from "vitest";

import type { Case } from "./contract.ts";

export const markCases: Readonly<Record<string, Case>> = {
  "carries a mark until it is cleared": async ({ storage, reopen }) => {
    expect(await storage.marks.read("restoring")).toBeUndefined();
    await storage.marks.clear("restoring");
    await storage.marks.set("restoring", "/backup/one");
    await storage.marks.set("restoring", "/backup/ä two");
    const { marks } = (await reopen?.()) ?? storage;
    expect(await marks.read("restoring")).toBe("/backup/ä two");
    expect(await marks.read("backup")).toBeUndefined();
    await marks.clear("restoring");
    expect(await marks.read("restoring")).toBeUndefined();
  },
};
