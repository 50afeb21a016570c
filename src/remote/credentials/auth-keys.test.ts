import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { canonicalKey, lookupKeys, writtenKey } from "./auth-keys.ts";

describe("a key of an auth file", () => {
  it.each([
    ["quay.io", "quay.io"],
    ["QUAY.io", "quay.io"],
    ["quay.io/", "quay.io"],
    ["https://quay.io", "quay.io"],
    ["http://registry.local:5000/v2/", "registry.local:5000"],
    ["https://quay.io/v1/", "quay.io"],
    ["quay.io/myorg", "quay.io/myorg"],
    ["quay.io/v2", "quay.io/v2"],
    ["https://quay.io/myorg/", "quay.io/myorg"],
    ["https://index.docker.io/v1/", "docker.io"],
    ["index.docker.io/v1", "docker.io"],
    ["registry-1.docker.io", "docker.io"],
    ["docker.io/myorg", "docker.io/myorg"],
    ["[::1]:5000", "[::1]:5000"],
    ["", ""],
  ])("%s means %s", (key, canonical) => {
    expect(canonicalKey(key)).toBe(canonical);
  });

  it("means the same however often it is read, and when it is written", () => {
    const key = fc.array(
      fc.constantFrom("https://", "quay.io", "docker.io", "index.docker.io", "/", "v1", "org", ":5000"),
    );
    fc.assert(
      fc.property(key, (pieces) => {
        const canonical = canonicalKey(pieces.join(""));
        expect(canonicalKey(canonical)).toBe(canonical);
        expect(canonicalKey(writtenKey(canonical))).toBe(canonical);
      }),
    );
  });

  it("of a repository is looked for from the most specific one on", () => {
    expect(lookupKeys("quay.io/a/b")).toEqual(["quay.io/a/b", "quay.io/a", "quay.io"]);
    expect(lookupKeys("registry-1.docker.io/library/x")).toEqual([
      "docker.io/library/x",
      "docker.io/library",
      "docker.io",
    ]);
    expect(lookupKeys("localhost:5000")).toEqual(["localhost:5000"]);
  });
});
