/** Holds docs/registries-conf.md to the code: its examples mean what it says, and its keys are those that are read. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

import { readConfig } from "../src/cli/config/config.ts";
import { systemEndpoints } from "../src/remote/config/endpoints.ts";
import { parseRegistriesConf } from "../src/remote/config/registries-conf.ts";
import { temporaryDirectory } from "./fixtures/temporary-directory.ts";

const DOCUMENT = await readFile(new URL("../docs/registries-conf.md", import.meta.url), "utf8");

function example(language: string): string {
  return new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, "m").exec(DOCUMENT)?.[1] ?? "";
}

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

it("the example of registries.conf does what the page says", async () => {
  await mkdir(join(directory.path, "containers"));
  await writeFile(join(directory.path, "containers/registries.conf"), example("toml"));
  const source = systemEndpoints({ variables: {}, etc: directory.path });
  const endpoints = await source.endpoints("quay.io/myorg/hello-world");
  expect(endpoints.map(({ registry, repository }) => `${registry}/${repository}`)).toEqual([
    "mirror.example.com/quay/hello-world",
    "quay.io/myorg/hello-world",
  ]);
  await expect(source.endpoints("untrusted.example.com/x")).rejects.toMatchObject({ code: "REGISTRY_BLOCKED" });
});

/** Tables that are right as they stand. */
const TABLES = {
  "": "",
  "[[registry]]": '[[registry]]\nprefix = "*.example.com"\n',
  "[[registry.mirror]]": '[[registry]]\nprefix = "*.example.com"\n[[registry.mirror]]\nlocation = "example.com"\n',
} as const;

/** Whether anybody looks at a key: then a value of the wrong type is refused by name. */
function isRead(table: keyof typeof TABLES, key: string): boolean {
  const others = TABLES[table].replace(new RegExp(`^${key} = .*\n`, "m"), "");
  try {
    parseRegistriesConf("file", `${others}${key} = 1\n`);
    return false;
  } catch (error) {
    return error instanceof Error && error.message.includes(`${key} must be`);
  }
}

it.each([
  ["[[registry]]", "prefix"],
  ["[[registry]]", "location"],
  ["[[registry]]", "insecure"],
  ["[[registry]]", "blocked"],
  ["[[registry]]", "mirror-by-digest-only"],
  ["[[registry.mirror]]", "location"],
  ["[[registry.mirror]]", "insecure"],
  ["[[registry.mirror]]", "pull-from-mirror"],
  ["", "aliases"],
  ["", "unqualified-search-registries"],
] as const)("of %s the page has %s, which is read", (table, key) => {
  expect(DOCUMENT).toMatch(new RegExp(`${table.replaceAll(/[[\]]/g, "\\$&")}.*\\b${key}\\b`));
  expect(isRead(table, key)).toBe(true);
});

it.each(["short-name-mode", "credential-helpers", "additional-layer-store-auth-helper"])(
  "the page has %s, which is not read",
  (key) => {
    expect(DOCUMENT).toContain(`\`${key}\``);
    expect(isRead("", key)).toBe(false);
  },
);

it("the example of config.yaml is one", async () => {
  const path = join(directory.path, "config.yaml");
  await writeFile(path, example("yaml"));
  expect(await readConfig({ SKILLCTL_CONFIG: path, HOME: "/home/me" })).toEqual({
    registry: "quay.io/myorg",
    store: "/home/me/skills",
  });
});
