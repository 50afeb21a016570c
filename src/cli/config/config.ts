/** The settings of this user, from wherever they are said: the environment, else the file, else what holds by itself. */
import { SkillError } from "../../errors.ts";
import { configPath, readConfigValues, writeConfigValue, type FileValues } from "./file.ts";
import type { Variables } from "./home.ts";
import { CONFIG_KEY_NAMES, CONFIG_KEYS, type ConfigKey } from "./keys.ts";

/** What was said about the settings, in the environment or the file. */
export type Config = { readonly [K in ConfigKey]?: string };

/** One setting, and where its value is from. */
export interface ConfigEntry {
  readonly key: ConfigKey;
  readonly summary: string;
  /** `undefined`: there is none. */
  readonly value: string | undefined;
  readonly source: "flag" | "environment" | "file" | "default";
  /** The flag, the variable, or the path of the file. */
  readonly from?: string;
}

/** Reads the settings. Throws `CONFIG_INVALID`, naming the variable, or the file and what is wrong in it. */
export async function readConfig(variables: Variables): Promise<Config> {
  const said = (await listConfig(variables)).filter(({ source }) => source !== "default");
  return Object.fromEntries(said.map(({ key, value }) => [key, value])) as Config;
}

/** Every setting with its value; `flags` is what those of the call say. Throws as {@link readConfig} does. */
export async function listConfig(variables: Variables, flags: Config = {}): Promise<readonly ConfigEntry[]> {
  const path = configPath(variables);
  const values = path === undefined ? new Map<ConfigKey, string>() : await readConfigValues(path);
  return CONFIG_KEY_NAMES.map((key) => {
    const value = flags[key];
    if (value === undefined) return entryOf(key, variables, values, path);
    return { key, summary: CONFIG_KEYS[key].summary, value, source: "flag", from: `--${key}` };
  });
}

/**
 * Keeps a setting in the file and returns the value that it has now. Throws `CONFIG_INVALID` for a value that it cannot
 * have, `USAGE` where there is no place for the file, `TARGET_UNWRITABLE`.
 */
export async function setConfig(variables: Variables, key: ConfigKey, value: string): Promise<string> {
  const path = pathFor(variables);
  const parsed = CONFIG_KEYS[key].parse(value, { name: key, variables, isFile: true });
  await writeConfigValue(path, key, value);
  return parsed;
}

/** Takes a setting out of the file; does nothing when it is not there. Throws as {@link setConfig} does. */
export async function unsetConfig(variables: Variables, key: ConfigKey): Promise<void> {
  const path = pathFor(variables);
  if ((await readConfigValues(path)).has(key)) await writeConfigValue(path, key, undefined);
}

function entryOf(key: ConfigKey, variables: Variables, values: FileValues, path: string | undefined): ConfigEntry {
  const { summary, variable, parse, fallback } = CONFIG_KEYS[key];
  const given = variables[variable];
  if (given !== undefined && given !== "") {
    const value = parse(given, { name: variable, variables, isFile: false });
    return { key, summary, value, source: "environment", from: variable };
  }
  const kept = values.get(key);
  if (kept === undefined || path === undefined) return { key, summary, value: fallback(variables), source: "default" };
  const value = parse(kept, { name: `${key} in ${path}`, variables, isFile: true });
  return { key, summary, value, source: "file", from: path };
}

function pathFor(variables: Variables): string {
  const path = configPath(variables);
  if (path !== undefined) return path;
  throw new SkillError("USAGE", "settings have no place: this user has no home directory", {
    hint: "Set SKILLCTL_CONFIG to the path of the file, or HOME.",
  });
}
