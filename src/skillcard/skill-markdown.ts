/**
 * The card of a directory that has only a SKILL.md.
 *
 * The Agent Skills format (https://agentskills.io/specification) keeps what a card says in the frontmatter of SKILL.md.
 * It knows no namespace and asks for no version, so those two have defaults; all else goes through the same rules as a
 * `skill.yaml`, with every problem shown where it stands in SKILL.md.
 */
import { quote, suggest } from "../text/index.ts";
import { parseAuthor } from "./author.ts";
import { isMapping, splitFrontmatter } from "./frontmatter.ts";
import { toIssues, type Problem } from "./problem.ts";
import { Source, type Span } from "./source.ts";
import { SKILLCARD_API_VERSION, SKILLCARD_KIND, type SkillCardResult } from "./types.ts";
import { judge } from "./validate.ts";
import {
  joinPointer,
  locate,
  readYaml,
  valueAt,
  type Location,
  type YamlDocument,
  type YamlValue,
} from "./yaml-document.ts";

export interface SkillMarkdownOptions {
  /** The name that issues report; `SKILL.md` by default. */
  readonly file?: string;
  /** `local` by default. */
  readonly namespace?: string;
  /**
   * The directory's name. The frontmatter's `name` should equal it (a warning when not), and it stands in for a `name`
   * that is missing (a warning too).
   */
  readonly name?: string;
}

/** The namespace of a skill whose SKILL.md is all there is. */
export const DEFAULT_NAMESPACE = "local";
/** The version of a skill whose SKILL.md has no `metadata.version`. */
export const DEFAULT_VERSION = "0.1.0";

/** Agent Skills limits that the card does not have, in characters. Going over is a warning. */
const LIMITS: Readonly<Record<string, number>> = { "/description": 1024, "/compatibility": 500 };

const FRONTMATTER_KEYS = ["name", "description", "license", "compatibility", "metadata", "allowed-tools"];

/**
 * Makes the card of a skill from its SKILL.md: name, description, license, compatibility, allowed-tools,
 * metadata.version (`0.1.0` when absent; `1` and `1.0` are completed to `1.0.0`, with a warning) and metadata.author.
 * Keys that the format does not know are left to the agents that do. Never throws.
 */
export function cardFromSkillMarkdown(markdown: string, options: SkillMarkdownOptions = {}): SkillCardResult {
  const source = new Source(markdown, options.file ?? "SKILL.md");
  const { yaml } = splitFrontmatter(source.text);
  if (yaml === undefined) return { issues: toIssues(source, [noFrontmatter(source)]) };
  const frontmatter = readYaml(source, yaml);
  if (frontmatter.value === undefined) return { issues: toIssues(source, frontmatter.problems) };
  if (frontmatter.value !== null && !isMapping(frontmatter.value)) {
    const problem = { severity: "error", path: "", message: "the frontmatter must be a mapping", span: yaml } as const;
    return { issues: toIssues(source, [...frontmatter.problems, problem]) };
  }
  return judge(source, new CardBuilder(source, frontmatter, options).build(), {});
}

function noFrontmatter(source: Source): Problem {
  const isOpen = source.text.startsWith("---");
  return {
    severity: "error",
    path: "",
    message: isOpen ? "the frontmatter is not closed" : "there is no frontmatter",
    hint: isOpen
      ? "End it with a line of three hyphens: ---"
      : "Start the file with a line ---, then name and description, then another line ---.",
    span: { start: 0, end: isOpen ? 3 : 0 },
  };
}

/** The line `---` that opens a frontmatter: the place of what is missing in it. */
const FENCE: Span = { start: 0, end: 3 };

/** Moves values from the frontmatter to where a card has them, and their places along with them. */
class CardBuilder {
  readonly #source: Source;
  readonly #frontmatter: YamlDocument;
  readonly #options: SkillMarkdownOptions;
  readonly #metadata: Record<string, YamlValue> = {};
  readonly #locations = new Map<string, Location>();
  readonly #problems: Problem[];

  constructor(source: Source, frontmatter: YamlDocument, options: SkillMarkdownOptions) {
    this.#source = source;
    this.#frontmatter = frontmatter;
    this.#options = options;
    this.#problems = [...frontmatter.problems];
  }

  build(): YamlDocument {
    this.#locations.set("", { path: "", value: FENCE }).set("/metadata", { path: "", key: FENCE, value: FENCE });
    this.#put("name", "/name", this.#name());
    this.#metadata["namespace"] = this.#options.namespace ?? DEFAULT_NAMESPACE;
    this.#put("version", "/metadata/version", this.#version());
    this.#put("description", "/description", this.#value("/description"));
    this.#put("license", "/license", this.#value("/license"));
    this.#put("compatibility", "/compatibility", this.#value("/compatibility"));
    this.#put("authors", "/metadata/author", this.#authors());
    this.#put("allowed-tools", "/allowed-tools", this.#allowedTools());
    this.#checkLimits();
    this.#checkKeys();
    return {
      value: { apiVersion: SKILLCARD_API_VERSION, kind: SKILLCARD_KIND, metadata: this.#metadata },
      locations: this.#locations,
      problems: this.#problems,
      brokenFrom: this.#frontmatter.brokenFrom,
    };
  }

  #put(key: string, from: string, value: YamlValue | undefined): void {
    if (value === undefined) return;
    this.#metadata[key] = value;
    const location = this.#frontmatter.locations.get(from);
    if (location !== undefined) this.#locations.set(joinPointer("/metadata", key), location);
  }

  #name(): YamlValue | undefined {
    const directory = this.#options.name;
    const name = this.#value("/name");
    if (name === undefined && directory !== undefined) {
      this.#warn("/name", `name is missing; the directory's name, ${quote(directory)}, is used`);
      return directory;
    }
    if (typeof name === "string" && directory !== undefined && name !== directory) {
      const message = `name ${quote(name)} is not the name of the directory, ${quote(directory)}`;
      this.#warn("/name", message, "Agents look for a skill under its directory's name: make the two equal.");
    }
    return name;
  }

  #version(): YamlValue {
    const version = this.#value("/metadata/version");
    if (version === undefined) return DEFAULT_VERSION;
    const { path, value: span } = locate(this.#frontmatter, "/metadata/version");
    const written = typeof version === "number" ? this.#source.text.slice(span.start, span.end) : version;
    const numbers = typeof written === "string" ? /^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?$/.exec(written) : null;
    if (numbers === null || typeof written !== "string") return version;
    const completed = [1, 2, 3].map((index) => Number(numbers[index] ?? 0)).join(".");
    if (completed !== written) {
      const message = `${path} ${quote(written)} is not a semantic version; ${completed} is used`;
      this.#warn("/metadata/version", message, `Write "${completed}".`);
    }
    return completed;
  }

  #authors(): YamlValue | undefined {
    const author = this.#value("/metadata/author");
    if (author === undefined) return undefined;
    const names = typeof author === "string" ? [author] : author;
    if (isTexts(names)) return names.map((name) => ({ ...(parseAuthor(name) ?? { name }) }));
    this.#warn("/metadata/author", "metadata.author must be text; it is left out");
    return undefined;
  }

  /** Some agents write the tools as a list. */
  #allowedTools(): YamlValue | undefined {
    const tools = this.#value("/allowed-tools");
    return tools !== undefined && isTexts(tools) ? tools.join(" ") : tools;
  }

  #checkLimits(): void {
    for (const [pointer, limit] of Object.entries(LIMITS)) {
      const text = this.#value(pointer);
      if (typeof text !== "string" || text.length <= limit) continue;
      const length = Array.from(text).length;
      if (length <= limit) continue;
      this.#warn(pointer, `${pointer.slice(1)} is ${length} characters long; some agents read at most ${limit}`);
    }
  }

  #checkKeys(): void {
    const root = this.#value("");
    for (const key of isMapping(root) ? Object.keys(root) : []) {
      const meant = FRONTMATTER_KEYS.includes(key) ? undefined : suggest(key, FRONTMATTER_KEYS);
      if (meant === undefined || this.#value(joinPointer("", meant)) !== undefined) continue;
      const { path, key: span = FENCE } = locate(this.#frontmatter, joinPointer("", key));
      const message = `unknown key ${quote(key)}`;
      this.#problems.push({ severity: "warning", path, message, hint: `Did you mean "${meant}"?`, span });
    }
  }

  #value(pointer: string): YamlValue | undefined {
    return valueAt(this.#frontmatter, pointer);
  }

  #warn(pointer: string, message: string, hint?: string): void {
    const location = this.#frontmatter.locations.get(pointer);
    const path = pointer.slice(1).replaceAll("/", ".");
    const problem = { severity: "warning", path, message, span: location?.value ?? FENCE } as const;
    this.#problems.push(hint === undefined ? problem : { ...problem, hint });
  }
}

function isTexts(value: YamlValue): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
