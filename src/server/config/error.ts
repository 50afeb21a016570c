import { SkillError } from "../../errors.ts";
import { formatIssue } from "../../skillcard/error.ts";
import type { SkillCardIssue } from "../../skillcard/types.ts";
import { visibleLine } from "../../text/index.ts";

/** How many problems the message spells out. */
const LISTED = 5;

/**
 * Thrown for a configuration that is not valid: code `CONFIG_INVALID`; each of the first problems has a line of the message,
 * with its own hint behind it where there are several.
 */
export class ServerConfigError extends SkillError {
  constructor(file: string, issues: readonly SkillCardIssue[]) {
    const hint = issues.length === 1 ? issues[0]?.hint : undefined;
    super("CONFIG_INVALID", describe(file, issues), hint === undefined ? {} : { hint });
  }
}

function describe(file: string, issues: readonly SkillCardIssue[]): string {
  const isOne = issues.length === 1;
  const lines = issues.slice(0, LISTED).map((issue) => {
    const hint = isOne || issue.hint === undefined ? "" : `. ${issue.hint}`;
    return `\n  ${formatIssue(issue)}${hint}`;
  });
  const more = issues.length > LISTED ? `\n  and ${issues.length - LISTED} more` : "";
  return `${visibleLine(file)} is not valid:${lines.join("")}${more}`;
}
