import fc from "fast-check";
import { describe, expect, it, test } from "vitest";

import { findRule, foldHost, matchPrefix, rewrite } from "./prefix.ts";

describe("a prefix", () => {
  it.each([
    ["quay.io", "quay.io/myorg/x", true],
    ["quay.io/myorg", "quay.io/myorg/x", true],
    ["quay.io/myorg/x", "quay.io/myorg/x", true],
    ["quay.io/my", "quay.io/myorg/x", false],
    ["quay.io/myorg/x/y", "quay.io/myorg/x", false],
    ["quay.i", "quay.io/myorg/x", false],
    ["myorg", "quay.io/myorg/x", false],
    // As in the containers tools: a rule for a host, and so a block, is one for each of its ports.
    ["example.com", "example.com:5000/x", true],
    ["example.com:5000", "example.com/x", false],
    ["example.com:50", "example.com:5000/x", false],
    ["*.example.com", "a.example.com/x", true],
    ["*.example.com", "a.b.example.com/x", true],
    ["*.example.com", "a.example.com:5000/x", true],
    ["*.example.com", "a.example.com.example.com/x", true],
    ["*.example.com", "example.com/x", false],
    ["*.example.com", "badexample.com/x", false],
    ["*.example.com", "a.example.com.evil.net/x", false],
    ["*.example.com", "evil.net/a.example.com/x", false],
  ])("%s of %s: %s", (prefix, name, matches) => {
    expect(matchPrefix(name, prefix) !== undefined).toBe(matches);
  });

  it("is replaced by the location", () => {
    expect(rewrite("example.com/foo/x", "example.com/foo", "internal.example.net/bar")).toBe(
      "internal.example.net/bar/x",
    );
    expect(rewrite("a.example.com/foo/x", "*.example.com", "mirror.net/all")).toBe("mirror.net/all/foo/x");
    expect(rewrite("example.com:5000/x", "example.com", "mirror.net")).toBe("mirror.net:5000/x");
  });
});

const segment = fc.string({ unit: fc.constantFrom("a", "b", "."), minLength: 1, maxLength: 3 });
const name = fc.array(segment, { minLength: 2, maxLength: 4 }).map((parts) => parts.join("/"));
const prefixes = fc.uniqueArray(fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/")));

test("a prefix without a wildcard matches what it is a beginning of, whole segments at a time", () => {
  fc.assert(
    fc.property(name, prefixes, (repository, candidates) => {
      for (const prefix of candidates) {
        const expected = `${repository}/`.startsWith(`${prefix}/`);
        expect(matchPrefix(repository, prefix) !== undefined).toBe(expected);
      }
    }),
  );
});

test("the longest prefix that matches wins, in whatever order the rules are", () => {
  fc.assert(
    fc.property(name, prefixes, (repository, candidates) => {
      const rules = candidates.map((prefix) => ({ prefix }));
      const longest = candidates
        .filter((prefix) => `${repository}/`.startsWith(`${prefix}/`))
        .toSorted((a, b) => b.length - a.length)[0];
      expect(findRule(rules, repository)?.prefix).toBe(longest);
      expect(findRule(rules.toReversed(), repository)?.prefix).toBe(longest);
    }),
  );
});

test("a rewritten name is the location and what the prefix left", () => {
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1 }), fc.array(segment, { minLength: 1 }), (prefix, rest) => {
      const name = [...prefix, ...rest].join("/");
      expect(rewrite(name, prefix.join("/"), "there.net/x")).toBe(`there.net/x/${rest.join("/")}`);
    }),
  );
});

test("the case of a host means nothing, that of a path does", () => {
  expect(foldHost("Quay.IO/MyOrg")).toBe("quay.io/MyOrg");
  expect(foldHost("*.Example.COM")).toBe("*.example.com");
});
