import { SkillError } from "../errors.ts";
import { visibleLine } from "../text/index.ts";
import type { SkillCardIssue } from "./types.ts";

/** How many issues the message spells out; all of them are in `issues`. */
const LISTED = 3;

/** Thrown for a card that is not valid: code `SKILLCARD_INVALID`, and every problem in `issues`. */
export class SkillCardError extends SkillError {
  /** Errors and warnings, in the order of their position. */
  readonly issues: readonly SkillCardIssue[];

  constructor(file: string, issues: readonly SkillCardIssue[]) {
    const errors = issues.filter((issue) => issue.severity === "error");
    const hint = errors[0]?.hint;
    super("SKILLCARD_INVALID", describe(file, errors), hint === undefined ? {} : { hint });
    this.issues = issues;
  }
}

function describe(file: string, errors: readonly SkillCardIssue[]): string {
  const lines = errors.slice(0, LISTED).map((issue) => `\n  ${formatIssue(issue)}`);
  const more = errors.length - lines.length;
  const rest = more > 0 ? `\n  and ${more} more` : "";
  return `${visibleLine(file)} is not valid: ${errors.length} ${errors.length === 1 ? "error" : "errors"}${lines.join("")}${rest}`;
}

/** `file:line:column: message`, the form that editors and terminals make a link of. */
export function formatIssue({ file, line, column, message }: SkillCardIssue): string {
  return `${visibleLine(file)}:${line}:${column}: ${message}`;
}
