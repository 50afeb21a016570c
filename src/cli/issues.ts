/** Problems of a SkillCard as a compiler prints them: place, message, the line with carets, and a hint. */
import { createExcerpts } from "../skillcard/excerpt.ts";
import type { SkillCardIssue } from "../skillcard/types.ts";
import { plural, visibleLine } from "../text/index.ts";
import type { Style } from "./style.ts";

/** Every issue with its excerpt of `source`, the text that was checked; without `source`, only the messages. */
export function formatIssues(issues: readonly SkillCardIssue[], source: string | undefined, style: Style): string {
  const excerpt = source === undefined ? undefined : createExcerpts(source);
  return issues.map((issue) => formatIssue(issue, excerpt?.(issue) ?? "", style)).join("");
}

function formatIssue(issue: SkillCardIssue, excerpt: string, style: Style): string {
  const { file, line, column, severity, message, hint } = issue;
  const paint = severity === "error" ? style.red : style.yellow;
  const place = style.bold(`${visibleLine(file)}:${line}:${column}:`);
  return [
    `${place} ${paint(style.bold(`${severity}:`))} ${message}\n`,
    ...(excerpt === "" ? [] : [`${excerpt.replace(/\^+$/, (carets) => paint(carets))}\n`]),
    ...(hint === undefined ? [] : [`  ${style.cyan("hint:")} ${hint}\n`]),
  ].join("");
}

/** `2 errors, 1 warning`; `no problems`. */
export function countIssues(issues: readonly SkillCardIssue[]): string {
  const errors = issues.filter((issue) => issue.severity === "error").length;
  const counts = [
    [errors, "error"],
    [issues.length - errors, "warning"],
  ] as const;
  const shown = counts.filter(([count]) => count > 0).map(([count, noun]) => plural(count, noun));
  return shown.length === 0 ? "no problems" : shown.join(", ");
}
