/** Whether what was seen of a file can be relied on not to hide a later change. */
import type { BigIntStats } from "node:fs";

import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { fileState } from "./file-system.ts";

/** What the system says of a file that changed so many milliseconds ago, as a clock has it that counts `unit` nanoseconds. */
function changed(ago: number, unit: bigint): BigIntStats {
  const ctimeNs = ((BigInt(Date.now() - ago) * 1_000_000n) / unit) * unit + (unit === 1n ? 123_456n : 0n);
  return { dev: 1n, ino: 2n, size: 3n, mtimeNs: ctimeNs, ctimeNs } as BigIntStats;
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

it.each([
  { unit: 1n, soon: 20, settled: 1000 },
  { unit: 1_000_000n, soon: 1000, settled: 4000 },
  { unit: 1_000_000_000n, soon: 1000, settled: 4000 },
])("a file is settled once a clock of $unit ns has surely gone on", ({ unit, soon, settled }) => {
  expect(fileState(changed(soon, unit)).settled).toBe(false);
  expect(fileState(changed(settled, unit)).settled).toBe(true);
});
