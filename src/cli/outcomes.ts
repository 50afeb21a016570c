/** How a command reports on several things of which each went well or failed by itself. */
import { SkillError } from "../errors.ts";
import { SkillCardError } from "../skillcard/error.ts";
import { adviceFor, type Advice } from "./advice.ts";
import { exitStatusOf, ExitStatus, worstStatus } from "./exit.ts";
import { describeError } from "./failure.ts";
import type { Output } from "./output.ts";
import { visibleDeep } from "./visible.ts";

/** What became of one of them; `source` is what was asked for. */
export type Outcome<Result> =
  | { readonly source: string; readonly result: Result }
  | { readonly source: string; readonly error: SkillError };

/** How a result is printed; an outcome in JSON is its source, and its result or `error`. */
export interface OutcomeWords<Result> {
  readonly text: (result: Result) => string;
  readonly quiet: (result: Result) => string;
  /** That of the command. */
  readonly advice?: Advice;
}

/** Prints the results, then the failures; the status is the gravest of all. */
export async function reportOutcomes<Result>(
  output: Output,
  outcomes: readonly Outcome<Result>[],
  { text, quiet, advice }: OutcomeWords<Result>,
): Promise<ExitStatus> {
  const results = outcomes.flatMap((outcome) => ("result" in outcome ? [visibleDeep(outcome.result)] : []));
  await output.result(
    outcomes.map((outcome) => toJson(outcome, advice)),
    () => results.map(text).join(""),
    () => results.map(quiet).join(""),
  );
  for (const outcome of outcomes) {
    if ("error" in outcome) await output.failure(named(outcome, outcomes.length), adviceFor(outcome.error, advice));
  }
  return worstStatus(outcomes.map((outcome) => ("error" in outcome ? exitStatusOf(outcome.error) : ExitStatus.ok)));
}

/** The error, which of several does not always say what it befell. */
function named({ source, error }: { readonly source: string; readonly error: SkillError }, count: number): SkillError {
  // A card's problems are a list, with the files that they are in.
  if (count === 1 || error.message.includes(source) || error instanceof SkillCardError) return error;
  const { code, hint } = error;
  return new SkillError(code, `${source}: ${error.message}`, { cause: error, ...(hint === undefined ? {} : { hint }) });
}

function toJson<Result>(outcome: Outcome<Result>, advice: Advice | undefined): object {
  const { source } = outcome;
  if ("result" in outcome) return { source, ...outcome.result };
  return { source, error: describeError(outcome.error, adviceFor(outcome.error, advice)) };
}
