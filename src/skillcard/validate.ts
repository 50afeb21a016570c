/** From a file's text to a card, or to everything that is wrong with it. */
import { SkillCardError } from "./error.ts";
import { toCard } from "./keys.ts";
import { toIssues, type Problem } from "./problem.ts";
import { checkRules, type RuleOptions } from "./rules.ts";
import { checkSchema } from "./schema.ts";
import { Source } from "./source.ts";
import type { SkillCard, SkillCardResult } from "./types.ts";
import { isBefore, readYaml, type YamlDocument } from "./yaml-document.ts";

export interface ParseOptions {
  /** The name that issues report; `skill.yaml` by default. The file is not opened. */
  readonly file?: string;
}

export interface ValidateOptions extends ParseOptions, RuleOptions {}

/**
 * Reads a card from the text of a `skill.yaml`. Throws {@link SkillCardError} (`SKILLCARD_INVALID`), whose message
 * lists the first problems as `file:line:column`. Warnings do not throw.
 */
export function parseSkillCard(text: string, options: ParseOptions = {}): SkillCard {
  const { card, issues } = validateSkillCard(text, options);
  if (card === undefined) throw new SkillCardError(options.file ?? DEFAULT_FILE, issues);
  return card;
}

/**
 * Finds every problem of a `skill.yaml` at once: YAML syntax, unknown, missing and ill-formed fields, versions and
 * ranges (semver 2.0.0), the licence (SPDX, a warning), and, given `hasFile`, the prompt file. Where the YAML itself is
 * broken, fields are only judged above that place. Never throws.
 */
export function validateSkillCard(text: string, options: ValidateOptions = {}): SkillCardResult {
  const source = new Source(text, options.file ?? DEFAULT_FILE);
  return judge(source, readYaml(source), options);
}

const DEFAULT_FILE = "skill.yaml";

/** Holds a document against schema and rules; `document.problems` are reported along with what they find. */
export function judge(source: Source, document: YamlDocument, options: RuleOptions): SkillCardResult {
  const problems = [...document.problems];
  if (document.value !== undefined) {
    const errors = problems.filter((problem) => problem.severity === "error");
    const known = new Set(errors.map((problem) => problem.span.start));
    const found = checkDocument(source, document, options);
    problems.push(...found.filter(({ span }) => !known.has(span.start) && isBefore(source, span, document.brokenFrom)));
  }
  const issues = toIssues(source, problems);
  const isValid = document.value !== undefined && issues.every((issue) => issue.severity !== "error");
  return isValid && document.value !== undefined ? { card: toCard(document.value), issues } : { issues };
}

function checkDocument(source: Source, document: YamlDocument, options: RuleOptions): Problem[] {
  const schema = checkSchema(source, document);
  const rules = checkRules(document, new Set(schema.map((problem) => problem.path)), options);
  if (document.brokenFrom === Infinity) return [...schema, ...rules];
  // What seems to be missing may merely stand below the place where the YAML breaks.
  const present = new Set(Array.from(document.locations.values(), (location) => location.path));
  return [...schema, ...rules].filter((problem) => present.has(problem.path));
}
