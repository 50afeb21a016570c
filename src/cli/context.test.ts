import { resolve } from "node:path";
import { describe, expect, it, vi } from "vitest";

import { createContext, defaultStorePath } from "./context.ts";
import { wantsColor } from "./style.ts";
import { recordingEnvironment } from "./testing/environment.ts";

vi.mock("node:os", async (original) => ({
  ...(await original<typeof import("node:os")>()),
  homedir: () => {
    throw new Error("A system error occurred: uv_os_homedir returned ENOENT (no such file or directory)");
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

  it("is asked for where a container's user has neither HOME nor an entry in passwd, by who needs it", () => {
    const missing = { code: "USAGE", hint: "Set SKILLCTL_STORE to the store's directory, or HOME." };
    expect(() => defaultStorePath({})).toThrow(expect.objectContaining(missing));
    expect(defaultStorePath({ XDG_DATA_HOME: "/d" })).toBe("/d/skillctl/store");
    const context = createContext(recordingEnvironment(), {});
    expect(() => context.storePath).toThrow(expect.objectContaining(missing));
  });

  it("is what --store says, before everything else", () => {
    const environment = recordingEnvironment({ variables: { SKILLCTL_STORE: "/s" } });
    expect(createContext(environment, { store: "here" }).storePath).toBe(resolve("here"));
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
