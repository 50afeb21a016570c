/** What a command is given: where the store is, where output goes, when to stop. */
import { isAbsolute, join, resolve } from "node:path";

import { SkillError } from "../errors.ts";
import { homeOf } from "./config/home.ts";
import { createOutput, type Output } from "./output.ts";
import type { Environment } from "./environment.ts";
import type { GlobalFlags } from "./flags.ts";
import { shellWord } from "./shell-word.ts";

export interface Context {
  readonly environment: Environment;
  readonly output: Output;
  /**
   * Absolute path of the local store; it need not exist. It is what `--store` says, else SKILLCTL_STORE, else the user's
   * settings, else {@link defaultStorePath}. Rejects with `CONFIG_INVALID`, and with `USAGE` where there is no such place.
   */
  storePath(): Promise<string>;
  /** `--store` and what was given with it, with a space before it, for a command on the same store that is proposed; else empty. */
  readonly storeOption: string;
  readonly signal: AbortSignal;
  /** Whether there is a person to ask: stdin and stderr are a terminal, and neither `--json` nor `--quiet` was given. */
  readonly isInteractive: boolean;
}

/** The context of one call of a command. */
export function createContext(environment: Environment, flags: GlobalFlags): Context {
  const { stdin, stderr, signal, variables } = environment;
  return {
    environment,
    output: createOutput(environment, flags),
    storePath: async () => resolve(flags.store ?? (await storeSetting(variables)) ?? defaultStorePath(variables)),
    storeOption: flags.store === undefined ? "" : ` --store ${shellWord(flags.store)}`,
    signal,
    isInteractive: stdin.isTTY === true && stderr.isTTY === true && flags.json !== true && flags.quiet !== true,
  };
}

/** The setting, which counts after the variable; the settings are not looked into when there is one. */
async function storeSetting(variables: Environment["variables"]): Promise<string | undefined> {
  if (variables["SKILLCTL_STORE"]) return undefined;
  const { readConfig } = await import("./config/config.ts");
  return (await readConfig(variables)).store;
}

/**
 * SKILLCTL_STORE, else `skillctl/store` in the user's data directory. Empty variables count as not set, and so does a
 * relative XDG_DATA_HOME, as the XDG base directory specification asks. Throws `USAGE` where the user has no home, as
 * in a container that runs under a user id of its own.
 */
export function defaultStorePath(variables: Environment["variables"]): string {
  const store = variables["SKILLCTL_STORE"];
  if (store !== undefined && store !== "") return store;
  return join(dataDirectory(variables, "the local store"), "store");
}

/** `skillctl` in the user's data directory. Throws `USAGE`, in terms of `what` has no place, where the user has no home. */
export function dataDirectory(variables: Environment["variables"], what: string): string {
  const data = variables["XDG_DATA_HOME"];
  return join(data !== undefined && isAbsolute(data) ? data : defaultDataDirectory(variables, what), "skillctl");
}

function defaultDataDirectory(variables: Environment["variables"], what: string): string {
  const home = homeOf(variables);
  if (home !== undefined) return join(home, ".local", "share");
  throw new SkillError("USAGE", `${what} has no place: this user has no home directory`, {
    hint:
      what === "the registry"
        ? "Name its directory with --root, or set HOME."
        : "Set SKILLCTL_STORE to the store's directory, or HOME.",
  });
}
