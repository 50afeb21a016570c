/** What the checks report among themselves: an issue that still knows its place as offsets. */
import type { Source, Span } from "./source.ts";
import type { SkillCardIssue } from "./types.ts";

export interface Problem {
  readonly severity: SkillCardIssue["severity"];
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
  readonly span: Span;
}

/** More than anybody reads; a hostile file of 50 KB has thousands of problems, each of which would be shown at length. */
const MAX_ISSUES = 100;

/**
 * Turns problems into issues, in the order of their position. Of more than 100, errors are kept before warnings, and the
 * last issue says how many more there are and where the first of them is.
 */
export function toIssues(source: Source, problems: readonly Problem[]): SkillCardIssue[] {
  const sorted = problems.toSorted(byPosition);
  const toIssue = ({ span, ...problem }: Problem): SkillCardIssue => ({
    ...problem,
    file: source.file,
    ...source.position(span),
  });
  if (sorted.length <= MAX_ISSUES) return sorted.map(toIssue);

  const ranked = sorted.toSorted((a, b) => rank(a) - rank(b));
  const kept = ranked.slice(0, MAX_ISSUES - 1).toSorted(byPosition);
  const left = ranked.slice(MAX_ISSUES - 1);
  return [...kept, summary(left)].map(toIssue);
}

/** One problem that stands for several: the first of them, worst first, lends its place. */
function summary(problems: readonly Problem[]): Problem {
  const { severity = "error", span = { start: 0, end: 0 } } = problems[0] ?? {};
  return { severity, path: "", message: `and ${problems.length} more problems`, span };
}

function byPosition(a: Problem, b: Problem): number {
  return a.span.start - b.span.start;
}

function rank({ severity }: Problem): number {
  return severity === "error" ? 0 : 1;
}
