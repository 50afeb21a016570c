import { describe, expect, it } from "vitest";

import { formatAge, formatBytes, formatDuration, shortDigest } from "./units.ts";

describe("units", () => {
  it.each([
    [0, "0 seconds"],
    [1000, "1 second"],
    [90_000, "90 seconds"],
    [1_800_000, "30 minutes"],
    [3_600_000, "1 hour"],
    [7 * 86_400_000, "7 days"],
  ])("writes a length of %d milliseconds as %s", (length, text) => {
    expect(formatDuration(length)).toBe(text);
  });

  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1 kB"],
    [1250, "1.25 kB"],
    [1775, "1.78 kB"],
    [9994, "9.99 kB"],
    [9995, "10 kB"],
    [99_949, "99.9 kB"],
    [99_950, "100 kB"],
    [999_499, "999 kB"],
    [999_999, "1 MB"],
    [64_000_000, "64 MB"],
    [1_500_000_000, "1.5 GB"],
    [5e15, "5000 TB"],
  ])("writes %d bytes as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    ["2026-01-01T00:00:00Z", "just now"],
    ["2025-12-31T23:59:59Z", "1 second ago"],
    ["2025-12-31T23:58:00Z", "2 minutes ago"],
    ["2025-12-31T22:00:00Z", "2 hours ago"],
    ["2025-12-30T00:00:00Z", "2 days ago"],
    ["2025-12-10T00:00:00Z", "3 weeks ago"],
    ["2025-10-01T00:00:00Z", "3 months ago"],
    ["1970-01-01T00:00:00Z", "56 years ago"],
    ["2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z"],
    ["yesterday", "yesterday"],
  ])("tells how long ago %s was", (time, text) => {
    expect(formatAge(time, new Date("2026-01-01T00:00:00Z"))).toBe(text);
  });

  it("shortens digests", () => {
    expect(shortDigest(`sha256:${"0123456789abcdef".repeat(4)}`)).toBe("0123456789ab");
  });
});
