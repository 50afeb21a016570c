import { describe, expect, it } from "vitest";

import { formatTransfers, type Transfer } from "./bars.ts";

const half: Transfer = { label: "layer 3f2a91c0d1e2", bytes: 1_200_000, total: 2_400_000 };
const begun: Transfer = { label: "config 9b", bytes: 0, total: 672 };

describe("transfers", () => {
  it("are shown below one another, each with its bar", () => {
    expect(formatTransfers([half, begun], 80)).toEqual([
      "layer 3f2a91c0d1e2  [================>               ]   50%  1.2 MB of 2.4 MB",
      "config 9b           [>                               ]    0%  0 B of 672 B",
    ]);
  });

  it("have no bar where there is no room for one", () => {
    expect(formatTransfers([half], 50)).toEqual(["layer 3f2a91c0d1e2   50%  1.2 MB of 2.4 MB"]);
  });

  it.each([10, 40, 60, 79, 200])("fit into %d columns where their text does", (columns) => {
    const lines = formatTransfers([half, begun, { label: "layer c", bytes: 5, total: 5 }], columns);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(columns, 45));
  });

  it("are six at most, and how many there are beside", () => {
    const lines = formatTransfers(
      Array.from({ length: 9 }, () => half),
      80,
    );
    expect(lines).toHaveLength(7);
    expect(lines.at(-1)).toBe("+3 more");
  });

  it("that are done, or empty, or longer than announced are whole", () => {
    const whole = [
      { label: "a", bytes: 3, total: 3 },
      { label: "b", bytes: 0, total: 0 },
      { label: "c", bytes: 4, total: 3 },
    ];
    for (const line of formatTransfers(whole, 60)) expect(line).toMatch(/^. {2}\[=+\] {2}100% {2}/);
  });

  it("are nothing when there are none", () => {
    expect(formatTransfers([], 80)).toEqual([]);
  });
});
