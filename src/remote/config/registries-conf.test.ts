import { describe, expect, it } from "vitest";
import fc from "fast-check";

import { processorTime } from "../../../test/fixtures/processor-time.ts";
import { isSkillError } from "../../errors.ts";
import { mergeRegistriesConf, parseRegistriesConf } from "./registries-conf.ts";

const FILE = "/etc/containers/registries.conf";
const read = (text: string) => parseRegistriesConf(FILE, text);

describe("registries.conf", () => {
  it("is read with mirrors and all", () => {
    const { rules } = read(`
unqualified-search-registries = ["docker.io"]
short-name-mode = "permissive"
credential-helpers = ["containers-auth.json"]

[[registry]]
prefix = "Example.com/foo/"
location = "internal.example.net/bar"
insecure = true

[[registry.mirror]]
location = "mirror.local/one"
insecure = true
pull-from-mirror = "tag-only"

[[registry.mirror]]
location = "mirror.local:5000/two"

[[registry]]
location = "blocked.example.com"
blocked = true
a-key-of-tomorrow = { x = 1 }
`);
    expect([...rules.values()]).toEqual([
      {
        prefix: "example.com/foo",
        location: "internal.example.net/bar",
        insecure: true,
        blocked: false,
        mirrors: [
          { location: "mirror.local/one", insecure: true, pull: "tag-only" },
          { location: "mirror.local:5000/two", insecure: false, pull: "all" },
        ],
        file: FILE,
      },
      {
        prefix: "blocked.example.com",
        location: "blocked.example.com",
        insecure: false,
        blocked: true,
        mirrors: [],
        file: FILE,
      },
    ]);
  });

  it("makes every mirror one for digests with mirror-by-digest-only", () => {
    const { rules } = read(`[[registry]]
location = "a.com"
mirror-by-digest-only = true
[[registry.mirror]]
location = "b.com"`);
    expect(rules.get("a.com")?.mirrors).toEqual([{ location: "b.com", insecure: false, pull: "digest-only" }]);
  });

  it("lets a wildcard go without a location", () => {
    expect(read('[[registry]]\nprefix = "*.example.com"\ninsecure = true').rules.get("*.example.com")).toMatchObject({
      location: undefined,
      insecure: true,
    });
  });

  it("takes the first of two tables for one prefix", () => {
    const { rules } = read(
      '[[registry]]\nprefix = "a.com"\nlocation = "b.com"\n[[registry]]\nprefix = "a.com"\nlocation = "c.com"',
    );
    expect(rules.get("a.com")?.location).toBe("b.com");
  });

  it.each([
    ["version 1", "[registries.block]\nregistries = ['a.com']", "registries belongs to version 1 of the format"],
    ["no location", "[[registry]]\nblocked = true", "registry[0].location is missing, and so is prefix"],
    ["a prefix alone", '[[registry]]\nprefix = "a.com"', "registry[0].location is missing"],
    ["a scheme", '[[registry]]\nlocation = "https://a.com"', "registry[0].location must begin with a host"],
    ["a wildcard with a path", '[[registry]]\nprefix = "*.a.com/x"', "registry[0].prefix must be a host alone"],
    [
      "a mirror without location",
      '[[registry]]\nlocation = "a.com"\n[[registry.mirror]]',
      "registry[0].mirror[0].location is",
    ],
    [
      "another word for pull-from-mirror",
      '[[registry]]\nlocation = "a.com"\n[[registry.mirror]]\nlocation = "b.com"\npull-from-mirror = "often"',
      'registry[0].mirror[0].pull-from-mirror is "often", not one of all, digest-only, tag-only',
    ],
    [
      "two words on mirrors",
      '[[registry]]\nlocation = "a.com"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "b.com"\npull-from-mirror = "all"',
      "cannot stand beside mirror-by-digest-only",
    ],
    [
      "pull-from-mirror of no mirror",
      '[[registry]]\nlocation = "a.com"\npull-from-mirror = "all"',
      "belongs into a [[registry.mirror]]",
    ],
    [
      "a text for a flag",
      '[[registry]]\nlocation = "a.com"\ninsecure = "true"',
      "registry[0].insecure must be true or false",
    ],
    ["a number for a text", "[[registry]]\nlocation = 1", "registry[0].location must be text in quotes"],
    ["a table for a list of tables", '[registry]\nlocation = "a.com"', "registry must be written as [[registry]]"],
    ["a text for a list", 'unqualified-search-registries = "a.com"', "must be a list of texts"],
    ["aliases that are no table", "aliases = []", "aliases must be a table, [aliases]"],
    [
      "an alias with a registry for a name",
      '[aliases]\n"quay.io/x" = "quay.io/y"',
      'aliases."quay.io/x" is not a name',
    ],
    ["an alias of a tag", '[aliases]\nx = "quay.io/y:1"', "aliases.x must be a registry and a repository"],
    ["an alias of a short name", '[aliases]\nx = "y"', "aliases.x must be a registry and a repository"],
    [
      "a contradiction",
      '[[registry]]\nlocation = "a.com"\n[[registry]]\nprefix = "b.com"\nlocation = "a.com"\nblocked = true',
      "registry[1].blocked contradicts an earlier [[registry]]",
    ],
    ["what is no TOML", '[[registry]]\nlocation = "a.com', "is not valid TOML: line 2, column"],
    ["a key that stands twice", "x = 1\nx = 2", "is not valid TOML: line 2"],
  ])("refuses %s, naming file and key", (_, text, message) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }) as Error);
    expect(() => read(text)).toThrow(`${FILE} is not valid`);
    expect(() => read(text)).toThrow(message);
  });

  it("quotes nothing of a file that is something else", () => {
    const secret = "hunter2";
    for (const text of [`password ${secret}`, `[[registry]]\nlocation = "https://user:${secret}@a.com"`]) {
      expect(() => read(text)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining(secret) as string }) as Error,
      );
    }
  });
});

describe("hostile TOML", () => {
  it.each([
    ["brackets without end", "x = " + "[".repeat(500_000)],
    ["braces without end", "x = " + "{ a = ".repeat(100_000)],
    ["a long comment and a mistake", `#${"x".repeat(1_000_000)}\nx`],
    ["many lines and a mistake", `${"\n".repeat(1_000_000)}x`],
    ["a string without end", `x = """${"\\".repeat(1_000_000)}`],
    ["__proto__", '__proto__ = "x"\n[[registry]]\nlocation = "a.com"\n[__proto__.x]\ny = 1'],
  ])("of %s is refused in good time", (_, text) => {
    const start = processorTime();
    expect(() => read(text)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }) as Error);
    expect(processorTime() - start).toBeLessThan(3000);
  });

  it("of keys with very many parts is as nothing", () => {
    const key = `${"a.".repeat(250_000)}a`;
    expect(read(`${key} = 1\n[b.${key}]\n[[c.${key}]]`).rules.size).toBe(0);
  });

  it("cannot give a rule what its file does not say", () => {
    const { rules, aliases } = read(
      '[__proto__]\nblocked = true\n[[registry]]\nlocation = "a.com"\n[registry.__proto__]\ninsecure = true',
    );
    expect(rules.get("a.com")).toMatchObject({ blocked: false, insecure: false });
    expect(aliases.size).toBe(0);
    expect(({} as Record<string, unknown>)["blocked"]).toBeUndefined();
  });

  it("gives rules or CONFIG_INVALID, whatever it holds", () => {
    const piece = fc.constantFrom(
      "[[registry]]",
      "[[registry.mirror]]",
      "[aliases]",
      "\n",
      "location",
      "prefix",
      "insecure",
      "=",
      '"a.com"',
      "true",
      "[",
      "]",
      ".",
      ",",
      '"',
      "__proto__",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
        try {
          read(pieces.join(""));
        } catch (error) {
          expect(isSkillError(error, "CONFIG_INVALID")).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("files together", () => {
  it("let the later one count, prefix by prefix and alias by alias", () => {
    const first = parseRegistriesConf(
      "1",
      '[[registry]]\nlocation = "a.com"\ninsecure = true\n[[registry]]\nlocation = "b.com"\n[aliases]\nx = "a.com/x"\ny = "a.com/y"',
    );
    const second = parseRegistriesConf("2", '[[registry]]\nlocation = "a.com"\n[aliases]\nx = ""');
    const { rules, aliases } = mergeRegistriesConf([first, second]);
    expect([...rules.values()].map(({ prefix, insecure, file }) => [prefix, insecure, file])).toEqual([
      ["a.com", false, "2"],
      ["b.com", false, "1"],
    ]);
    expect([...aliases]).toEqual([
      ["x", ""],
      ["y", "a.com/y"],
    ]);
  });
});
