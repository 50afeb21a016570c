import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { baseName, digestOf, formatReference, parseReference, repositoryName, withTag } from "./index.ts";
import type { Reference } from "./index.ts";

const digest = digestOf("x");

const component = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,4})?$/);
const plainComponent = fc.stringMatching(/^[a-z0-9]{1,8}(?:-[a-z0-9]{1,4})?$/).filter((text) => text !== "localhost");
const path = fc.tuple(plainComponent, fc.array(component, { maxLength: 3 })).map((parts) => parts.flat().join("/"));
const registry = fc.oneof(
  fc.constantFrom("localhost", "quay.io", "ghcr.io", "registry.example.com", "[::1]:5000", "Host.Example:443"),
  fc.nat({ max: 65_535 }).map((port) => `localhost:${port}`),
);
const reference: fc.Arbitrary<Reference> = fc
  .record(
    {
      repository: path,
      registry,
      tag: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/),
      digest: fc.constant(digest),
    },
    { requiredKeys: ["repository"] },
  )
  .map((parts) => ({ ...parts }));

describe("reference", () => {
  it("survives formatting and parsing", () => {
    fc.assert(
      fc.property(reference, (each) => {
        expect(parseReference(formatReference(each))).toEqual(each);
      }),
    );
  });

  it("never throws anything but REFERENCE_INVALID, and what it accepts it writes back", () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9.:/@_-]{0,40}$/));
    fc.assert(
      fc.property(text, (each) => {
        try {
          expect(formatReference(parseReference(each))).toBe(each);
        } catch (error) {
          expect(error).toMatchObject({ code: "REFERENCE_INVALID" });
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each<[string, Reference]>([
    ["hello-world", { repository: "hello-world" }],
    ["examples/hello-world:1.0.0-draft", { repository: "examples/hello-world", tag: "1.0.0-draft" }],
    ["quay.io/org/team/skill:1.0.0", { registry: "quay.io", repository: "org/team/skill", tag: "1.0.0" }],
    ["localhost/skill", { registry: "localhost", repository: "skill" }],
    ["localhost:5000/skill", { registry: "localhost:5000", repository: "skill" }],
    ["[::1]:5000/skill:a", { registry: "[::1]:5000", repository: "skill", tag: "a" }],
    [`a/b:1@${digest}`, { repository: "a/b", tag: "1", digest }],
    [`quay.io/a/b@${digest}`, { registry: "quay.io", repository: "a/b", digest }],
    ["name:5000", { repository: "name", tag: "5000" }],
  ])("reads %s", (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });

  it.each([
    ["", "it is empty"],
    ["quay.io/", "the repository is missing"],
    ["a//b", "is not a repository name"],
    ["/a", "is not a repository name"],
    ["a/../b", "is not a repository name"],
    ["Examples/Hello", "is not a repository name"],
    ["a:", '"" is not a tag'],
    ["a:-x", '"-x" is not a tag'],
    [`a:${"t".repeat(129)}`, "is not a tag"],
    ["a@sha256:12", "is not a digest"],
    [`a@${digest}@${digest}`, "is not a digest"],
    ["host:99999/a", "is not a registry host"],
    ["bad_host.io/a", "is not a registry host"],
    ["a b", "is not a repository name"],
    ["a\u001b[31m", "is not a repository name"],
    [`${"a/".repeat(200)}a`, "longer than 255"],
    ["a".repeat(2000), "longer than 1024"],
    ["https://quay.io/a", "is not a registry host"],
  ])("refuses %j and says why", (text, why) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({ code: "REFERENCE_INVALID", message: expect.stringContaining(why) as string }),
    );
  });

  it.each(["docker://quay.io/a/b:1", "https://quay.io/a/b:1", "oci://quay.io/a/b:1"])(
    "says of %s what to leave out",
    (text) => {
      const [scheme = ""] = text.split("quay.io");
      expect(() => parseReference(text)).toThrow(
        expect.objectContaining({ hint: `Leave out ${scheme} and begin with the host, as in quay.io/a/b:1.` }),
      );
    },
  );

  it.each(["docker://", "docker:///a", "docker://a b", "docker://docker://a.io/b", "docker://me:pw@quay.io/a"])(
    "repeats nothing of %j, which is no reference without that either",
    (text) => {
      expect(() => parseReference(text)).toThrow(
        expect.objectContaining({ hint: expect.not.stringMatching(/as in [^q]|pw/) as string }),
      );
    },
  );

  it("suggests the lower-case name", () => {
    expect(() => parseReference("Examples/Hello:1")).toThrow(
      expect.objectContaining({ hint: "Repository names are lower case: examples/hello." }),
    );
  });

  it("gives its parts", () => {
    const parsed = parseReference("quay.io/org/skill:1.0.0");
    expect(repositoryName(parsed)).toBe("quay.io/org/skill");
    expect(baseName(parsed)).toBe("skill");
    expect(formatReference(withTag(parsed, "2.0.0"))).toBe("quay.io/org/skill:2.0.0");
  });

  it("takes another tag, which must be one, and loses its digest", () => {
    const parsed = parseReference(`localhost:5000/a/b:1@${digestOf("x")}`);
    expect(withTag(parsed, "2")).toEqual(parseReference("localhost:5000/a/b:2"));
    for (const tag of ["", "-x", "a b", "a:b", digestOf("x"), "x".repeat(129)]) {
      expect(() => withTag(parsed, tag)).toThrow(expect.objectContaining({ code: "REFERENCE_INVALID" }));
    }
  });

  it("shows what would deceive the reader of its message", () => {
    expect(() => parseReference("a\u202eb")).toThrow('"a\\u{202e}b" is not an image reference');
  });

  it("is not one with a user and a password in it, which its message does not show", () => {
    for (const text of ["ada:s3cret@quay.io/a/b:1", "https://ada:s3cret@quay.io/a/b", "//s3cret@quay.io/a/b"]) {
      const message = expect.stringMatching(
        /^"(?!.*s3cret).* is not an image reference: it holds a user or a password$/,
      );
      expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: "REFERENCE_INVALID", message }));
    }
  });

  it("cannot be changed", () => {
    expect(Object.isFrozen(parseReference("a:b"))).toBe(true);
    expect(Object.isFrozen(withTag(parseReference("a:b"), "c"))).toBe(true);
  });
});
