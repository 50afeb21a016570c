import { SkillError } from "../errors.ts";
import { visibleLine } from "../text/index.ts";
import type { SkillCardIssue } from "./types.ts";

/** How many issues the message spells out; all of them are in `issues`. */
const LISTED = 3;

/** How an error tells of issues, where they are not of a file that somebody can open. */
export interface IssueWords {
  /** An issue on one line. Default: {@link formatIssue}. */
  readonly format?: (issue: SkillCardIssue) => string;
  /** Default: the first error's own. */
  readonly hint?: string;
}

/** Thrown for a card that is not valid: code `SKILLCARD_INVALID`, and every problem in `issues`. */
export class SkillCardError extends SkillError {
  /** Errors and warnings, in the order of their position. */
  readonly issues: readonly SkillCardIssue[];

  constructor(file: string, issues: readonly SkillCardIssue[], words: IssueWords = {}) {
    const errors = issues.filter((issue) => issue.severity === "error");
    const { format = formatIssue, hint = errors[0]?.hint } = words;
    super("SKILLCARD_INVALID", describe(file, errors, format), hint === undefined ? {} : { hint });
    this.issues = issues;
  }
}

function describe(file: string, errors: readonly SkillCardIssue[], format: (issue: SkillCardIssue) => string): string {
  const lines = errors.slice(0, LISTED).map((issue) => `\n  ${format(issue)}`);
  const more = errors.length - lines.length;
  const rest = more > 0 ? `\n  and ${more} more` : "";
  return `${visibleLine(file)} is not valid: ${errors.length} ${errors.length === 1 ? "error" : "errors"}${lines.join("")}${rest}`;
}

/** `file:line:column: message`, the form that editors and terminals make a link of. */
export function formatIssue({ file, line, column, message }: SkillCardIssue): string {
  return `${visibleLine(file)}:${line}:${column}: ${message}`;
}
