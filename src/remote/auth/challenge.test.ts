import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { isSkillError } from "../../errors.ts";
import { parseChallenges } from "./challenge.ts";

const read = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe("a WWW-Authenticate header", () => {
  it("keeps commas inside quotes, as in scopes of several actions", () => {
    const header =
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"';
    expect(read(header)).toEqual([
      [
        "bearer",
        { realm: "https://auth.docker.io/token", service: "registry.docker.io", scope: "repository:a/b:pull,push" },
      ],
    ]);
  });

  it("may hold several challenges, in one value or in several", () => {
    expect(read('Basic realm="a", Bearer realm="b",service="c", Negotiate')).toEqual([
      ["basic", { realm: "a" }],
      ["bearer", { realm: "b", service: "c" }],
      ["negotiate", {}],
    ]);
  });

  it("is read without regard to case", () => {
    expect(read('BEARER Realm="R",SERVICE="S"')).toEqual([["bearer", { realm: "R", service: "S" }]]);
  });

  it("has its escapes undone", () => {
    expect(read(String.raw`Basic realm="say \"hi\", \\o/"`)).toEqual([["basic", { realm: String.raw`say "hi", \o/` }]]);
  });

  it("may lack quotes, or have spaces where commas belong", () => {
    expect(read("Basic realm=Sonatype Nexus, Bearer realm=https://r.io/token,service=r")).toEqual([
      ["basic", { realm: "Sonatype Nexus" }],
      ["bearer", { realm: "https://r.io/token", service: "r" }],
    ]);
    expect(read('Bearer realm="a" service = "b"')).toEqual([["bearer", { realm: "a", service: "b" }]]);
  });

  it("gives the first of two equal parameters", () => {
    expect(read('Bearer realm="https://good.io/",realm="https://evil.io/"')).toEqual([
      ["bearer", { realm: "https://good.io/" }],
    ]);
  });

  it("hides no challenge inside a quoted string", () => {
    expect(read('"x, Basic realm=evil", Bearer realm="b"')).toEqual([["bearer", { realm: "b" }]]);
    expect(read('Bearer realm="never closed, Basic realm=x')).toEqual([["bearer", {}]]);
  });

  it("has parameters called like members of objects", () => {
    const [challenge] = parseChallenges('Bearer __proto__="a",constructor="b"');
    expect([...(challenge?.parameters ?? [])]).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
  });

  it("is refused when it is larger than any server sends", () => {
    expect(() => parseChallenges(`Bearer realm="${"x".repeat(20_000)}"`)).toThrow(
      expect.toSatisfy((error) => isSkillError(error, "RESPONSE_INVALID")),
    );
  });

  it("that is any text whatever is read to its end", () => {
    const pieces = fc.constantFrom('"', "\\", ",", "=", " ", "Bearer", "realm", "é", "\0");
    fc.assert(fc.property(fc.string({ unit: pieces, maxLength: 500 }), (text) => Array.isArray(parseChallenges(text))));
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => Array.isArray(parseChallenges(text))));
  });

  it("gives back whatever was written by the rules", () => {
    const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    const challenge = fc.tuple(token, fc.dictionary(token, fc.string(), { minKeys: 1 }));
    fc.assert(
      fc.property(fc.array(challenge), (challenges) => {
        const text = challenges.map(
          ([scheme, parameters]) => `${scheme} ${Object.entries(parameters).map(format).join(",")}`,
        );
        expect(read(text.join(", "))).toEqual(challenges.map(([scheme, parameters]) => [scheme, { ...parameters }]));
      }),
    );
  });
});

function format([name, value]: readonly [string, string]): string {
  return `${name}="${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
