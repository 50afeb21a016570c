/** The settings that a user can keep: what each is for, what it accepts, and what else may say it. */
import { isAbsolute, join } from "node:path";

import { SkillError } from "../../errors.ts";
import { parseReference } from "../../oci/reference.ts";
import { quote, suggest } from "../../text/index.ts";
import { defaultStorePath } from "../context.ts";
import { homeOf, type Variables } from "./home.ts";

/** Where a value stands. */
export interface Origin {
  /** How messages name it: `registry in /home/me/.config/skillctl/config.yaml`, `SKILLCTL_REGISTRY`. */
  readonly name: string;
  readonly variables: Variables;
  /** Whether it is the file, which outlives the directory that the command is called in. */
  readonly isFile: boolean;
}

interface Definition {
  /** One line, as `config list` shows it. */
  readonly summary: string;
  /** The environment variable that counts before the file. */
  readonly variable: string;
  /** The value that a text stands for. Throws `CONFIG_INVALID`. */
  readonly parse: (text: string, origin: Origin) => string;
  /** What holds where nobody says anything. */
  readonly fallback: (variables: Variables) => string | undefined;
}

export const CONFIG_KEYS = {
  registry: {
    summary: "the registry, or the namespace in it, of names that say none, as in quay.io/myorg",
    variable: "SKILLCTL_REGISTRY",
    parse: parseRegistry,
    fallback: () => undefined,
  },
  store: {
    summary: "the directory of the local store",
    variable: "SKILLCTL_STORE",
    parse: parseDirectory,
    fallback: (variables) => (homeOf(variables) === undefined ? undefined : defaultStorePath(variables)),
  },
} as const satisfies Readonly<Record<string, Definition>>;

export type ConfigKey = keyof typeof CONFIG_KEYS;

export const CONFIG_KEY_NAMES = Object.keys(CONFIG_KEYS) as readonly ConfigKey[];

/** The setting of this name. Throws `USAGE`, or `CONFIG_INVALID` when the name stands in `file`, with a suggestion. */
export function configKey(text: string, file?: string): ConfigKey {
  const key = CONFIG_KEY_NAMES.find((each) => each === text);
  if (key !== undefined) return key;
  const nearest = suggest(text, CONFIG_KEY_NAMES);
  const hint = `${nearest === undefined ? "" : `Did you mean ${nearest}? `}The settings are ${CONFIG_KEY_NAMES.join(", ")}.`;
  if (file === undefined) throw new SkillError("USAGE", `${quote(text)} is not a setting`, { hint });
  throw new SkillError("CONFIG_INVALID", `${file}: ${quote(text)} is not a setting`, { hint });
}

/** What can stand before a name: with a name behind it, it is a reference. */
function parseRegistry(text: string, origin: Origin): string {
  const registry = text.replace(/\/+$/, "");
  if (isRegistry(registry)) return registry;
  throw refused(text, origin, "a registry's host, and perhaps a namespace, as in quay.io/myorg");
}

function isRegistry(text: string): boolean {
  try {
    const { registry, tag, digest } = parseReference(`${text}/name`);
    return registry !== undefined && tag === undefined && digest === undefined;
  } catch {
    return false;
  }
}

/** In the file, which no shell reads, `~/` is the home, and a relative path would mean another directory from each place. */
function parseDirectory(text: string, origin: Origin): string {
  if (!origin.isFile || isAbsolute(text)) return text;
  const home = homeOf(origin.variables);
  if (text.startsWith("~/") && home !== undefined) return join(home, text.slice(2));
  throw refused(text, origin, "an absolute path, or one that begins with ~/");
}

function refused(text: string, { name }: Origin, wanted: string): SkillError {
  return new SkillError("CONFIG_INVALID", `${name} is ${quote(text)}, but it must be ${wanted}`);
}
