import { inspect } from "node:util";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { isSkillError } from "../../errors.ts";
import { AuthFile } from "./auth-file.ts";
import type { Credential } from "./types.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const entry = (user: string, password: string) => ({ auth: base64(`${user}:${password}`) });
const file = (document: unknown) =>
  new AuthFile("/auth.json", typeof document === "string" ? document : JSON.stringify(document));
const candidates = (document: unknown, repository: string) => [...file(document).candidates(repository)];
const basic = (username: string, password: string): Credential => ({ kind: "basic", username, password });

function failureOf(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    if (isSkillError(error, "CREDENTIALS_INVALID")) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

describe("an auth file", () => {
  it("gives the most specific credential first, and none of a neighbour", () => {
    const auths = {
      "quay.io": entry("all", "1"),
      "quay.io/a/b": entry("one", "2"),
      "quay.io/a": entry("some", "3"),
      "quay.io/abc": entry("other", "4"),
      "uay.io": entry("evil", "5"),
    };
    expect(candidates({ auths }, "quay.io/a/b")).toEqual([basic("one", "2"), basic("some", "3"), basic("all", "1")]);
    expect(candidates({ auths }, "quay.io/ab/c")).toEqual([basic("all", "1")]);
    expect(candidates({ auths }, "evil.io/quay.io")).toEqual([]);
  });

  it("knows registries by their port", () => {
    const auths = { "localhost:5000": entry("a", "b"), localhost: entry("c", "d") };
    expect(candidates({ auths }, "localhost:5000/x")).toEqual([basic("a", "b")]);
    expect(candidates({ auths }, "localhost:5001/x")).toEqual([]);
  });

  it("is understood with the keys of old tools", () => {
    const auths = {
      "https://index.docker.io/v1/": entry("hub", "1"),
      "http://registry.local/v2/": entry("local", "2"),
    };
    expect(candidates({ auths }, "docker.io/library/x")).toEqual([basic("hub", "1")]);
    expect(candidates({ auths }, "registry-1.docker.io/library/x")).toEqual([basic("hub", "1")]);
    expect(candidates({ auths }, "registry.local/x")).toEqual([basic("local", "2")]);
  });

  it("gives passwords with colons, spaces and letters of any language whole", () => {
    expect(candidates({ auths: { "quay.io": entry("me", "a:b: ü\0\0") } }, "quay.io/x")).toEqual([
      basic("me", "a:b: ü"),
    ]);
  });

  it.each<readonly [string, object, Credential]>([
    ["user and password", { username: "a", password: "b" }, basic("a", "b")],
    [
      "an identity token beside a user",
      { auth: base64("user:"), identitytoken: "it" },
      { kind: "identity-token", token: "it" },
    ],
    ["a registry token", { registrytoken: "rt" }, { kind: "registry-token", token: "rt" }],
    ["base64 with space around it", { auth: ` ${base64("a:b")}\n` }, basic("a", "b")],
  ])("may hold %s", (_, stored, credential) => {
    expect(candidates({ auths: { "quay.io": stored } }, "quay.io/x")).toEqual([credential]);
  });

  it("may be a .dockercfg, which has no auths around its entries", () => {
    expect(candidates({ "https://quay.io": { ...entry("a", "b"), email: "a@b" } }, "quay.io/x")).toEqual([
      basic("a", "b"),
    ]);
  });

  it("may be empty", () => {
    for (const nothing of ["", " \n", "{}", '{"auths":{}}', '{"auths":null}', '{"auths":{"quay.io":{}}}']) {
      expect(candidates(nothing, "quay.io/x")).toEqual([]);
    }
  });

  it("names helpers: for one registry before its entry, else for what it has no secret of", () => {
    const document = {
      auths: { "quay.io": {}, "quay.io/a": entry("a", "b"), "ghcr.io": entry("x", "y") },
      credHelpers: { "ghcr.io": "one" },
      credsStore: "all",
    };
    const helper = (name: string, server: string, isCertain: boolean) => ({
      helper: name,
      file: "/auth.json",
      server,
      isCertain,
    });
    expect(candidates(document, "quay.io/a/x")).toEqual([basic("a", "b"), helper("all", "quay.io", true)]);
    expect(candidates(document, "ghcr.io/x")).toEqual([
      helper("one", "ghcr.io", true),
      basic("x", "y"),
      helper("all", "ghcr.io", false),
    ]);
    expect(candidates(document, "docker.io/library/x")).toEqual([helper("all", "https://index.docker.io/v1/", false)]);
  });

  it.each([
    ["no JSON", '{"auths": s3cret}'],
    ["a list", '["s3cret"]'],
    ["a key twice", '{"auths":{"quay.io":{},"quay.io":{"auth":"s3cret"}}}'],
    ["a prototype", '{"auths":{"__proto__":{"auth":"s3cret"}}}'],
    ["auths that are a list", '{"auths":["s3cret"]}'],
    ["auths that are a text", '{"auths":"s3cret"}'],
    ["an entry that is a text", '{"auths":{"quay.io":"s3cret"}}'],
    ["an auth that is a number", '{"auths":{"quay.io":{"auth":53}}}'],
    ["no base64", '{"auths":{"quay.io":{"auth":"s3cret!"}}}'],
    ["no colon", `{"auths":{"quay.io":{"auth":"${base64("s3cret")}"}}}`],
    ["no UTF-8", `{"auths":{"quay.io":{"auth":"${Buffer.from([0xff, 0x3a, 0xff]).toString("base64")}"}}}`],
    ["a token with a line break", String.raw`{"auths":{"quay.io":{"registrytoken":"s3cret\r\nx-evil: 1"}}}`],
    ["a helper that is a list", '{"credsStore":["s3cret"]}'],
    ["helpers that are a list", '{"credHelpers":["s3cret"]}'],
    ["much nesting", "[".repeat(100_000)],
  ])("with %s is named in the error, and never cited", (_, text) => {
    const error = failureOf(() => candidates(text, "quay.io/x"));
    expect(error.message).toContain("/auth.json");
    expect(inspect(error, { depth: null, showHidden: true })).not.toMatch(/s3cret|czNjcmV0/);
  });

  it("with a damaged entry still serves other registries", () => {
    const auths = { "quay.io": { auth: "!" }, "ghcr.io": entry("a", "b") };
    expect(candidates({ auths }, "ghcr.io/x")).toEqual([basic("a", "b")]);
  });
});

describe("an auth file that is changed", () => {
  const credential = { kind: "basic", username: "me", password: "new" } as const;

  it("keeps everything else, in its order", () => {
    const before = {
      HttpHeaders: { a: "1" },
      auths: {
        "b.io": entry("b", "1"),
        "quay.io": { ...entry("old", "2"), email: "e@x", identitytoken: "old" },
        "a.io": {},
      },
      plugins: { x: [1, { y: null }] },
    };
    const after = JSON.parse(file(before).textWith("quay.io", credential)) as object;
    expect(JSON.stringify(after)).toBe(
      JSON.stringify({
        ...before,
        auths: { ...before.auths, "quay.io": { email: "e@x", ...entry("me", "new") } },
      }),
    );
  });

  it("has one entry for a registry, however it was written before", () => {
    const auths = {
      "docker.io": entry("podman", "1"),
      "index.docker.io": entry("old", "2"),
      "docker.io/myorg": entry("o", "3"),
    };
    expect(JSON.parse(file({ auths }).textWith("docker.io", credential))).toEqual({
      auths: { "docker.io/myorg": entry("o", "3"), "https://index.docker.io/v1/": entry("me", "new") },
    });
  });

  it("gives back what was put in, and not what was taken out", () => {
    const text = fc.string({ minLength: 1 }).map((each) => each.replaceAll(/[:\0]/g, "_"));
    const key = fc.constantFrom("quay.io", "quay.io/myorg", "docker.io", "localhost:5000");
    fc.assert(
      fc.property(key, text, text, (registry, username, password) => {
        const stored = file("{}").textWith(registry, { kind: "basic", username, password });
        expect(candidates(stored, `${registry}/x`)).toEqual([basic(username, password)]);
        expect(candidates(file(stored).textWithout(registry), `${registry}/x`)).toEqual([]);
      }),
    );
  });

  it("stays a .dockercfg", () => {
    const before = { "quay.io": entry("a", "b"), "ghcr.io": entry("c", "d") };
    expect(JSON.parse(file(before).textWithout("quay.io"))).toEqual({ "ghcr.io": entry("c", "d") });
  });
});
