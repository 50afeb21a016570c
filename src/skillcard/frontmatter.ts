/** SKILL.md: YAML between two lines of `---`, then Markdown for the agent. */
import { SkillCardError } from "./error.ts";
import { toIssues } from "./problem.ts";
import { Source, type Span } from "./source.ts";
import { readYaml, type YamlMapping } from "./yaml-document.ts";
import { writeYaml } from "./yaml-write.ts";

export interface Frontmatter {
  /** The YAML as plain data; objects have no prototype. Empty when the file has no frontmatter. */
  readonly attributes: YamlMapping;
  /** The Markdown after the frontmatter. */
  readonly body: string;
  /** The line, from 1, on which the body begins. */
  readonly bodyLine: number;
}

/** Writes frontmatter, its lines of `---` included; {@link parseFrontmatter} reads it back. */
export function formatFrontmatter(attributes: Readonly<Record<string, string>>): string {
  return `---\n${writeYaml(attributes)}---\n`;
}

/**
 * Splits a SKILL.md. Text without a closed frontmatter at its very start is all body. Throws {@link SkillCardError}
 * (`SKILLCARD_INVALID`, lines counted in the Markdown file) for a frontmatter that is not a YAML mapping within
 * `YAML_LIMITS`.
 */
export function parseFrontmatter(markdown: string, options: { readonly file?: string } = {}): Frontmatter {
  const source = new Source(markdown, options.file ?? "SKILL.md");
  const { yaml, bodyStart } = splitFrontmatter(source.text);
  const body = source.text.slice(bodyStart);
  const bodyLine = source.lineAt(bodyStart);
  if (yaml === undefined) return { attributes: {}, body, bodyLine };

  const { value, problems } = readYaml(source, yaml);
  const issues = toIssues(source, problems);
  if (issues.length > 0) throw new SkillCardError(source.file, issues);
  if (value === null) return { attributes: {}, body, bodyLine };
  if (!isMapping(value)) {
    const problem = { severity: "error", path: "", message: "the frontmatter must be a mapping", span: yaml } as const;
    throw new SkillCardError(source.file, toIssues(source, [problem]));
  }
  return { attributes: value, body, bodyLine };
}

/** The number of words in a SKILL.md without its frontmatter: runs of anything but Unicode white space. */
export function countWords(markdown: string): number {
  const { text } = new Source(markdown, "");
  let words = 0;
  for (const _ of text.slice(splitFrontmatter(text).bodyStart).matchAll(/\P{White_Space}+/gu)) words++;
  return words;
}

/** Finds the YAML of a frontmatter; `undefined` when the text does not start with one or it is not closed. */
export function splitFrontmatter(text: string): { readonly yaml: Span | undefined; readonly bodyStart: number } {
  const open = /^---[ \t]*\r?\n/.exec(text)?.[0].length;
  if (open === undefined) return { yaml: undefined, bodyStart: 0 };
  const close = /(?:^|\n)---[ \t]*(?:\r?\n|$)/.exec(text.slice(open));
  if (close === null) return { yaml: undefined, bodyStart: 0 };
  const fence = open + close.index + (close[0].startsWith("\n") ? 1 : 0);
  return { yaml: { start: open, end: fence }, bodyStart: open + close.index + close[0].length };
}

/** Tells a mapping from the other YAML values. */
export function isMapping(value: unknown): value is YamlMapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
