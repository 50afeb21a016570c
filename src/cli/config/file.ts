/** The file in which settings are kept. */
import { dirname, isAbsolute, join, resolve } from "node:path";

import { asContent } from "../../content/index.ts";
import { makeDirectories } from "../../directories.ts";
import { isSkillError, SkillError } from "../../errors.ts";
import { readConfigFile } from "../../remote/config/read-file.ts";
import type { Location } from "../../skillcard/yaml-document.ts";
import { quote } from "../../text/index.ts";
import { writeFile } from "../files.ts";
import { unwritable } from "../system-error.ts";
import { withoutSetting, withSetting } from "./edit.ts";
import { homeOf, type Variables } from "./home.ts";
import { configKey, type ConfigKey } from "./keys.ts";

/** In bytes. */
const MAX_SIZE = 64 * 1024;

/** What a file says, as it is written there. */
export type FileValues = ReadonlyMap<ConfigKey, string>;

/**
 * `SKILLCTL_CONFIG`, else `skillctl/config.yaml` in `XDG_CONFIG_HOME` or `~/.config`; `undefined` for a user who has no home.
 * Empty variables count as not set, and so does a relative `XDG_CONFIG_HOME`.
 */
export function configPath(variables: Variables): string | undefined {
  const named = variables["SKILLCTL_CONFIG"];
  if (named !== undefined && named !== "") return resolve(named);
  const given = variables["XDG_CONFIG_HOME"];
  const home = homeOf(variables);
  const directory = given !== undefined && isAbsolute(given) ? given : home && join(home, ".config");
  return directory && join(directory, "skillctl", "config.yaml");
}

/** The settings in a file; none when it is not there. Throws `CONFIG_INVALID`, naming the line or the setting. */
export async function readConfigValues(path: string): Promise<FileValues> {
  const text = await readText(path);
  if (text === undefined) return new Map();
  return readPlain(text) ?? (await parse(path, text)).values;
}

/**
 * Sets one setting in a file, or takes it out (`undefined`); all else stays as it is. The file is replaced whole, and made
 * when it is not there. Throws `CONFIG_INVALID` when what is there is none, `TARGET_UNWRITABLE`.
 */
export async function writeConfigValue(path: string, key: ConfigKey, value: string | undefined): Promise<void> {
  const { text, values, places } = await parse(path, (await readText(path)) ?? "");
  const place = places.get(`/${key}`);
  const wanted = new Map([...values, ...(value === undefined ? [] : [[key, value] as const])]);
  if (value === undefined) wanted.delete(key);
  const candidates =
    value !== undefined
      ? withSetting(text, key, value, place)
      : [place === undefined ? text : withoutSetting(text, place)];
  for (const candidate of candidates) {
    if (!(await reads(path, candidate, wanted))) continue;
    await makeDirectory(dirname(path));
    await writeFile(path, asContent(Buffer.from(candidate)), true);
    return;
  }
  throw new SkillError("CONFIG_INVALID", `${path} cannot be changed: it is not written one setting a line`, {
    hint: "Change it with an editor.",
  });
}

async function readText(path: string): Promise<string | undefined> {
  return readConfigFile(path, { limit: MAX_SIZE });
}

/** Whether a text holds exactly these settings. */
async function reads(path: string, text: string, wanted: FileValues): Promise<boolean> {
  try {
    const { values } = await parse(path, text);
    return values.size === wanted.size && [...wanted].every(([key, value]) => values.get(key) === value);
  } catch (error) {
    if (isSkillError(error, "CONFIG_INVALID")) return false;
    throw error;
  }
}

/** A line as {@link writeConfigValue} writes it, with a value that YAML can only take for text. */
const PLAIN_LINE = /^(registry|store): ([A-Za-z/][\w~/.:-]*[./][\w~/.:-]*[\w/])$/;

/**
 * The settings of a text that is as plain as can be; `undefined` for any other. Every call reads the file, and to load the
 * parser takes longer than most of them take.
 */
function readPlain(text: string): FileValues | undefined {
  const values = new Map<ConfigKey, string>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name, value] = PLAIN_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const key = configKey(name, "");
    if (values.has(key)) return undefined;
    values.set(key, value);
  }
  return values;
}

interface Parsed {
  /** Without a byte order mark. */
  readonly text: string;
  readonly values: FileValues;
  /** By JSON pointer. */
  readonly places: ReadonlyMap<string, Location>;
}

/** The parser is large, and most users have no such file. */
async function parse(path: string, given: string): Promise<Parsed> {
  const [{ readYaml }, { Source }] = await Promise.all([
    import("../../skillcard/yaml-document.ts"),
    import("../../skillcard/source.ts"),
  ]);
  const source = new Source(given, path);
  const { value, locations: places, problems } = readYaml(source);
  const [first] = problems;
  if (first !== undefined) {
    const { line, column } = source.position(first.span);
    throw invalid(path, `line ${line}, column ${column}: ${first.message}`);
  }
  const isMapping = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isMapping && value !== null) throw invalid(path, "it must hold settings, as in registry: quay.io/myorg");
  const values = new Map<ConfigKey, string>();
  for (const [name, each] of Object.entries(isMapping ? value : {})) {
    const key = configKey(name, path);
    if (each === null) continue;
    if (typeof each !== "string")
      throw invalid(path, `${key} must be text; put ${quote(JSON.stringify(each))} in quotes`);
    values.set(key, each);
  }
  return { text: source.text, values, places };
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await makeDirectories(path, 0o700);
  } catch (error) {
    throw unwritable(path, error);
  }
}

function invalid(path: string, problem: string): SkillError {
  return new SkillError("CONFIG_INVALID", `${path}: ${problem}`, { hint: "Mend the file, or remove it." });
}
