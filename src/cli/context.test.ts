import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it, vi } from "vitest";

import { createContext, defaultStorePath } from "./context.ts";
import { wantsColor } from "./style.ts";
import { recordingEnvironment } from "./testing/environment.ts";

vi.mock("node:os", async (original) => ({
  ...(await original<typeof import("node:os")>()),
  userInfo: () => {
    throw new Error("A system error occurred: uv_os_get_passwd returned ENOENT (no such file or directory)");
  },
}));

describe("the store's place", () => {
  it.each([
    [{ SKILLCTL_STORE: "/s", XDG_DATA_HOME: "/d", HOME: "/h" }, "/s"],
    [{ SKILLCTL_STORE: "", XDG_DATA_HOME: "/d", HOME: "/h" }, "/d/skillctl/store"],
    [{ XDG_DATA_HOME: "relative", HOME: "/h" }, "/h/.local/share/skillctl/store"],
    [{ HOME: "/h" }, "/h/.local/share/skillctl/store"],
  ])("with %j is %s", (variables, expected) => {
    expect(defaultStorePath(variables)).toBe(expected);
  });

  it("is asked for where a container's user has neither HOME nor an entry in passwd, by who needs it", async () => {
    const missing = { code: "USAGE", hint: "Set SKILLCTL_STORE to the store's directory, or HOME." };
    expect(() => defaultStorePath({})).toThrow(expect.objectContaining(missing));
    expect(defaultStorePath({ XDG_DATA_HOME: "/d" })).toBe("/d/skillctl/store");
    const context = createContext(recordingEnvironment(), {});
    await expect(context.storePath()).rejects.toMatchObject(missing);
  });

  it.each(["", ".", "home/me"])("is not below the directory of the call when HOME is %j", (HOME) => {
    expect(() => defaultStorePath({ HOME })).toThrow(expect.objectContaining({ code: "USAGE" }));
  });

  it("is what --store says, before everything else", async () => {
    const environment = recordingEnvironment({ variables: { SKILLCTL_STORE: "/s" } });
    expect(await createContext(environment, { store: "here" }).storePath()).toBe(resolve("here"));
  });
});

describe("the store of the settings", () => {
  it("counts after the variable and before the default", async () => {
    const directory = await mkdtemp(join(tmpdir(), "skillctl-context-"));
    try {
      await writeFile(join(directory, "config.yaml"), "store: /settings\n");
      const variables = { SKILLCTL_CONFIG: join(directory, "config.yaml"), HOME: "/h" };
      const place = (more: Readonly<Record<string, string>>): Promise<string> =>
        createContext(recordingEnvironment({ variables: { ...variables, ...more } }), {}).storePath();
      expect(await place({})).toBe("/settings");
      expect(await place({ SKILLCTL_STORE: "/s" })).toBe("/s");
      expect(await place({ SKILLCTL_CONFIG: join(directory, "none.yaml") })).toBe("/h/.local/share/skillctl/store");
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe("colours", () => {
  const on = { variables: {}, isTerminal: true };
  it.each([
    ["on a terminal", on, true],
    ["elsewhere", { ...on, isTerminal: false }, false],
    ["with NO_COLOR", { ...on, variables: { NO_COLOR: "1", FORCE_COLOR: "1" } }, false],
    ["with an empty NO_COLOR", { ...on, variables: { NO_COLOR: "" } }, true],
    ["with FORCE_COLOR elsewhere", { variables: { FORCE_COLOR: "1" }, isTerminal: false }, true],
    ["with FORCE_COLOR=0", { ...on, variables: { FORCE_COLOR: "0" } }, false],
    ["on a dumb terminal", { ...on, variables: { TERM: "dumb" } }, false],
    ["with --no-color", { ...on, color: false, variables: { FORCE_COLOR: "1" } }, false],
    ["with --color elsewhere", { variables: { NO_COLOR: "1" }, isTerminal: false, color: true }, true],
  ])("%s: %j gives %s", (_, settings, expected) => {
    expect(wantsColor(settings)).toBe(expected);
  });
});
