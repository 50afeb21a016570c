/** One file in the format of containers-registries.conf(5), version 2, as typed rules. */
import { isRepositoryPath, parseReference } from "../../oci/reference.ts";
import { quote } from "../../text/index.ts";
import { foldHost } from "./prefix.ts";
import { TomlReader } from "./toml.ts";
import type { Endpoint } from "./types.ts";

type MirrorPull = NonNullable<Endpoint["mirror"]>["pull"];

/** A `[[registry.mirror]]` table. */
export interface MirrorRule {
  readonly location: string;
  readonly insecure: boolean;
  readonly pull: MirrorPull;
}

/** A `[[registry]]` table. */
export interface RegistryRule {
  readonly prefix: string;
  /** What stands in the place of the prefix; `undefined` (of `*.example.com` only): the name stays as it is. */
  readonly location: string | undefined;
  readonly insecure: boolean;
  readonly blocked: boolean;
  readonly mirrors: readonly MirrorRule[];
  /** The file that holds it, for messages. */
  readonly file: string;
}

/** What one file says, or several together. */
export interface RegistriesConf {
  /** By prefix. */
  readonly rules: ReadonlyMap<string, RegistryRule>;
  /** `[aliases]`: from a short name to `registry/repository`; the empty text takes back what an earlier file said. */
  readonly aliases: ReadonlyMap<string, string>;
}

const V1_HINT =
  'Write [[registry]] tables instead, as in:  [[registry]]  location = "registry.example.com"  insecure = true';

/** Reads one file. Throws `CONFIG_INVALID`, naming `file` and the key, also for a file in the format of version 1. */
export function parseRegistriesConf(file: string, text: string): RegistriesConf {
  const root = TomlReader.parse(file, text);
  if (root.has("registries")) {
    throw root.problem("registries", "belongs to version 1 of the format, which is not supported", V1_HINT);
  }
  // Looked at so that a mistake in it is told, but not used: see docs/registries-conf.md.
  root.texts("unqualified-search-registries");

  const rules = new Map<string, RegistryRule>();
  for (const table of root.tables("registry")) {
    const rule = readRule(file, table);
    refuseContradiction(table, rule, rules.values());
    if (!rules.has(rule.prefix)) rules.set(rule.prefix, rule);
  }
  return { rules, aliases: readAliases(root.table("aliases")) };
}

/** What several files say together: of rules with one prefix, and of aliases of one name, the later file's counts. */
export function mergeRegistriesConf(files: Iterable<RegistriesConf>): RegistriesConf {
  const rules = new Map<string, RegistryRule>();
  const aliases = new Map<string, string>();
  for (const file of files) {
    for (const [prefix, rule] of file.rules) rules.set(prefix, rule);
    for (const [name, target] of file.aliases) aliases.set(name, target);
  }
  return { rules, aliases };
}

function readRule(file: string, table: TomlReader): RegistryRule {
  const location = readLocation(table, "location");
  const prefix = readLocation(table, "prefix") ?? location;
  if (prefix === undefined) throw table.problem("location", "is missing, and so is prefix");
  const isWildcard = prefix.startsWith("*.");
  if (isWildcard && /[/:@]/.test(prefix)) {
    throw table.problem("prefix", "must be a host alone where it begins with *., as in *.example.com");
  }
  if (location === undefined && !isWildcard) throw table.problem("location", "is missing");
  if (table.has("pull-from-mirror"))
    throw table.problem("pull-from-mirror", "belongs into a [[registry.mirror]] table");

  const digestOnly = table.flag("mirror-by-digest-only");
  const mirrors = table.tables("mirror").map((mirror) => readMirror(mirror, digestOnly));
  return { prefix, location, insecure: table.flag("insecure"), blocked: table.flag("blocked"), mirrors, file };
}

function readMirror(table: TomlReader, digestOnly: boolean): MirrorRule {
  const location = readLocation(table, "location");
  if (location === undefined) throw table.problem("location", "is missing");
  const insecure = table.flag("insecure");
  const given = table.text("pull-from-mirror") || undefined;
  if (given === undefined) return { location, insecure, pull: digestOnly ? "digest-only" : "all" };
  if (digestOnly) throw table.problem("pull-from-mirror", "cannot stand beside mirror-by-digest-only = true");
  const pull = PULLS.find((each) => each === given);
  if (pull === undefined) throw table.problem("pull-from-mirror", `is ${quote(given)}, not one of ${PULLS.join(", ")}`);
  return { location, insecure, pull };
}

const PULLS: readonly MirrorPull[] = ["all", "digest-only", "tag-only"];

/** A prefix or location: `host[:port][/namespace…]`; the empty text is none. */
function readLocation(table: TomlReader, key: "location" | "prefix"): string | undefined {
  const text = table.text(key)?.replace(/\/+$/, "");
  if (text === undefined || text === "") return undefined;
  if (/^[a-z]+:\/\//i.test(text)) throw table.problem(key, "must begin with a host, without http:// or https://");
  return foldHost(text);
}

/** Two tables for one place that disagree on whether it is blocked or safe: no order of reading makes that right. */
function refuseContradiction(table: TomlReader, rule: RegistryRule, others: Iterable<RegistryRule>): void {
  for (const other of others) {
    if ((other.location ?? other.prefix) !== (rule.location ?? rule.prefix)) continue;
    for (const key of ["insecure", "blocked"] as const) {
      if (other[key] !== rule[key])
        throw table.problem(key, "contradicts an earlier [[registry]] with the same location");
    }
  }
}

function readAliases(table: TomlReader | undefined): ReadonlyMap<string, string> {
  const aliases = new Map<string, string>();
  for (const name of table?.keys() ?? []) {
    const target = table?.text(name) ?? "";
    if (table !== undefined && !isShortName(name)) throw table.problem(name, "is not a name without registry and tag");
    if (table !== undefined && target !== "" && !isRepository(target)) {
      throw table.problem(name, "must be a registry and a repository without a tag, as in quay.io/myorg/hello-world");
    }
    aliases.set(name, target);
  }
  return aliases;
}

function isShortName(name: string): boolean {
  const [first = ""] = name.split("/", 1);
  return isRepositoryPath(name) && (!name.includes("/") || (!first.includes(".") && first !== "localhost"));
}

function isRepository(text: string): boolean {
  try {
    const { registry, tag, digest } = parseReference(text);
    return registry !== undefined && tag === undefined && digest === undefined;
  } catch {
    return false;
  }
}
