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

/** Turns problems into issues, in the order of their position. */
export function toIssues(source: Source, problems: readonly Problem[]): SkillCardIssue[] {
  return problems
    .toSorted((a, b) => a.span.start - b.span.start)
    .map(({ span, ...problem }) => ({ ...problem, file: source.file, ...source.position(span) }));
}
