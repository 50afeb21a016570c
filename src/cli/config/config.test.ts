import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { temporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";
import { listConfig, readConfig, setConfig, unsetConfig } from "./config.ts";
import type { Variables } from "./home.ts";
import { configKey } from "./keys.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let variables: Variables;
let file: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
  variables = { HOME: directory.path };
  file = join(directory.path, ".config/skillctl/config.yaml");
});
afterEach(() => directory.remove());

async function write(text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

describe("a setting", () => {
  it("comes from the environment, else the file, else what holds by itself", async () => {
    const sources = async () =>
      (await listConfig(variables)).map(({ key, value, source, from }) => [key, value, source, from]);
    const store = join(directory.path, ".local/share/skillctl/store");
    expect(await sources()).toEqual([
      ["registry", undefined, "default", undefined],
      ["store", store, "default", undefined],
    ]);
    await write("registry: quay.io/myorg/\nstore: ~/skills\n");
    expect(await sources()).toEqual([
      ["registry", "quay.io/myorg", "file", file],
      ["store", join(directory.path, "skills"), "file", file],
    ]);
    variables = { ...variables, SKILLCTL_REGISTRY: "ghcr.io/acme", SKILLCTL_STORE: "here" };
    expect(await sources()).toEqual([
      ["registry", "ghcr.io/acme", "environment", "SKILLCTL_REGISTRY"],
      ["store", "here", "environment", "SKILLCTL_STORE"],
    ]);
    expect(await readConfig(variables)).toEqual({ registry: "ghcr.io/acme", store: "here" });
  });

  it("that nobody has said is not there", async () => {
    expect(await readConfig({ ...variables, SKILLCTL_REGISTRY: "" })).toEqual({});
    await write("# nothing yet\nregistry:\n");
    expect(await readConfig(variables)).toEqual({});
  });

  it.each(["XDG_CONFIG_HOME", "SKILLCTL_CONFIG"])("may be kept where %s says", async (variable) => {
    const place = join(directory.path, "elsewhere");
    variables = { ...variables, [variable]: place };
    await setConfig(variables, "registry", "quay.io");
    const path = variable === "SKILLCTL_CONFIG" ? place : join(place, "skillctl/config.yaml");
    expect(await readFile(path, "utf8")).toBe("registry: quay.io\n");
    expect(await readConfig(variables)).toEqual({ registry: "quay.io" });
  });
});

describe("the file", () => {
  it("is made when the first setting is kept", async () => {
    expect(await setConfig(variables, "store", "~/skills")).toBe(join(directory.path, "skills"));
    expect(await readFile(file, "utf8")).toBe("store: ~/skills\n");
  });

  const TEXT = "# ours\n\n# for the team\nregistry:   quay.io/old # since May\n\nstore: '/srv/skills'\n# the end";

  it("keeps its comments, its order and its spacing when a setting changes", async () => {
    await write(TEXT);
    await setConfig(variables, "registry", "quay.io/new");
    expect(await readFile(file, "utf8")).toBe(TEXT.replace("registry:   quay.io/old", "registry: quay.io/new"));
  });

  it("loses the line of a setting that goes, and nothing else", async () => {
    await write(TEXT);
    await unsetConfig(variables, "registry");
    expect(await readFile(file, "utf8")).toBe(TEXT.replace("registry:   quay.io/old # since May\n", ""));
    await unsetConfig(variables, "store");
    expect(await readFile(file, "utf8")).toBe("# ours\n\n# for the team\n\n# the end");
  });

  it.each([
    ["# settings\n", "# settings\nregistry: quay.io\n"],
    ["store: /srv", "store: /srv\nregistry: quay.io\n"],
    ["registry:\nstore: /srv\n", "registry: quay.io\nstore: /srv\n"],
    ["registry: # none yet\n", "registry: quay.io # none yet\n"],
    ["---\nregistry: ghcr.io\n", "---\nregistry: quay.io\n"],
    ['"registry": |\n  ghcr.io\n', "registry: quay.io\n"],
    ["\uFEFFregistry: ghcr.io\r\nstore: /srv\r\n", "registry: quay.io\r\nstore: /srv\r\n"],
  ])("that reads %j reads %j when the registry is set", async (before, after) => {
    await write(before);
    await setConfig(variables, "registry", "quay.io");
    expect((await readFile(file, "utf8")).trim()).toBe(after.trim());
    expect((await readConfig(variables)).registry).toBe("quay.io");
  });

  it("quotes what YAML would take for something else", async () => {
    for (const value of ["/srv/a b: #c", "/true", "/ü'\"\\", "~/x:", "/null"]) {
      await setConfig(variables, "store", value);
      expect((await readConfig(variables)).store).toBe(value.replace("~", directory.path));
    }
  });

  it("in a form that is not one setting a line is left to an editor, not guessed at", async () => {
    await write("{registry: ghcr.io}\n");
    expect(await readConfig(variables)).toEqual({ registry: "ghcr.io" });
    await expect(setConfig(variables, "store", "/srv")).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      hint: "Change it with an editor.",
    });
    expect(await readFile(file, "utf8")).toBe("{registry: ghcr.io}\n");
  });

  it("is not touched when there is nothing to take out", async () => {
    await write("store:   /srv/skills");
    await unsetConfig(variables, "registry");
    expect(await readFile(file, "utf8")).toBe("store:   /srv/skills");
  });

  it("stays the link that it is, and leaves nothing beside it", async () => {
    const real = join(directory.path, "dotfiles.yaml");
    await writeFile(real, "registry: quay.io\n");
    await mkdir(dirname(file), { recursive: true });
    await symlink(real, file);
    await setConfig(variables, "registry", "ghcr.io");
    expect(await readFile(real, "utf8")).toBe("registry: ghcr.io\n");
    expect(await readdir(dirname(file))).toEqual(["config.yaml"]);
  });

  it("that cannot be written is told", async () => {
    variables = { ...variables, SKILLCTL_CONFIG: "/dev/null/config.yaml" };
    await expect(setConfig(variables, "registry", "quay.io")).rejects.toMatchObject({ code: "TARGET_UNWRITABLE" });
  });

  it.each([
    ["a setting that there is not", "regisrty: quay.io", '"regisrty" is not a setting'],
    ["a registry without a host", "registry: myorg", 'is "myorg", but it must be a registry\'s host'],
    ["a registry with a tag", "registry: quay.io/x:1", "it must be a registry's host"],
    ["a registry with a scheme", "registry: https://quay.io", "it must be a registry's host"],
    ["a relative path", "store: skills", "it must be an absolute path"],
    ["a number", "store: 5", 'store must be text; put "5" in quotes'],
    ["a list", "registry: [quay.io]", "registry must be text"],
    ["no mapping", "- registry", "it must hold settings"],
    ["an alias", "registry: &a quay.io\nstore: *a", "line 1, column 11: the anchor"],
    ["a setting twice", "registry: a.com\nregistry: b.com", "line 2, column 1"],
    ["brackets without end", "[".repeat(10_000), "nested more than 64 levels"],
    ["what is no YAML", "registry: [", "line 1"],
    ["__proto__", "__proto__: {}", '"__proto__" is not a setting'],
  ])("with %s is refused with its path", async (_, text, message) => {
    await write(text);
    const refusal = { code: "CONFIG_INVALID", message: expect.stringContaining(message) as string };
    await expect(readConfig(variables)).rejects.toMatchObject(refusal);
    await expect(readConfig(variables)).rejects.toThrow(file);
    expect(await readFile(file, "utf8")).toBe(text);
  });

  it("that is none is not written over", async () => {
    await write("regisrty: quay.io");
    await expect(setConfig(variables, "registry", "quay.io")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(await readFile(file, "utf8")).toBe("regisrty: quay.io");
  });

  it("is not needed by somebody whose home cannot be read", async () => {
    expect(await readConfig({ HOME: "/dev/null" })).toEqual({});
  });
});

it("a value that a setting cannot have is refused, and a wrong variable is named", async () => {
  await expect(setConfig(variables, "store", "skills")).rejects.toThrow(
    'store is "skills", but it must be an absolute path',
  );
  await expect(readConfig({ ...variables, SKILLCTL_REGISTRY: "x" })).rejects.toThrow('SKILLCTL_REGISTRY is "x", but');
});

it("a misspelt setting is answered with the one that was meant", () => {
  expect(() => configKey("registrie")).toThrow(
    expect.objectContaining({
      code: "USAGE",
      hint: "Did you mean registry? The settings are registry, store.",
    }) as Error,
  );
  expect(configKey("store")).toBe("store");
});
