import { expect, it } from "vitest";

import { LimitMeter, type ArchiveLimits } from "./limits.ts";

it.each<[limits: Partial<ArchiveLimits>, said: string]>([
  [{ fileSize: 1 }, 'its file "a" is larger than 1 byte'],
  [{ fileSize: 2 }, 'its file "a" is larger than 2 bytes'],
  [{ entries: 0 }, 'it holds more than 0 entries, "a" being one too many'],
  [{ entries: 1 }, 'it holds more than 1 entry, "a" being one too many'],
  [{ expandedSize: 1 }, "it unpacks to more than 1 byte"],
  [{ compressedSize: 1 }, "it has more than 1 compressed byte"],
])("a limit of one is told in the singular: %j", (limits, said) => {
  const meter = new LimitMeter(limits);
  const ask = (): void => {
    meter.compressed(9);
    meter.expanded(9);
    meter.entry("a", 9, 9);
  };
  expect(ask).toThrow(expect.objectContaining({ message: `the archive exceeds a limit: ${said}` }));
});
