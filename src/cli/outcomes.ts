/** How a command reports on several things of which each went well or failed by itself. */
import { SkillError } from "../errors.ts";
import { SkillCardError } from "../skillcard/error.ts";
import { adviceFor, type Advice } from "./advice.ts";
import { exitStatusOf, ExitStatus, worstStatus } from "./exit.ts";
import { describeError } from "./failure.ts";
import type { Output, ResultParts } from "./output.ts";

/** What became of one of them; `source` is what was asked for. */
export type Outcome<Result> =
  | { readonly source: string; readonly result: Result }
  | { readonly source: string; readonly error: SkillError };

/** How a result is printed; an outcome in JSON is its source, and its result or `error`. */
export interface OutcomeWords<Result> {
  readonly text: (result: Result) => string;
  readonly quiet: (result: Result) => string;
  /** What else there is to say of it, once it is printed. */
  readonly remark?: (result: Result) => Promise<void>;
  /** That of the command. */
  readonly advice?: Advice;
  /** Whether one thing was asked for, so that nobody wonders what an error befell. Default: false. */
  readonly isAlone?: boolean;
}

/** Prints outcomes as they come, failures as well. */
export class OutcomeReport<Result> {
  readonly #output: Output;
  readonly #words: OutcomeWords<Result>;
  readonly #statuses = new Set<ExitStatus>();
  #count = 0;

  constructor(output: Output, words: OutcomeWords<Result>) {
    this.#output = output;
    this.#words = words;
  }

  /** How many there were so far. */
  get count(): number {
    return this.#count;
  }

  /** Reports all of them; the status is the gravest. When they end with an error, what came before it is reported. */
  async all(outcomes: AsyncIterable<Outcome<Result>>): Promise<ExitStatus> {
    const parts = this.#output.parts();
    try {
      for await (const outcome of outcomes) {
        this.#count += 1;
        await this.#report(outcome, parts);
      }
    } catch (error) {
      await endEarly(parts, error, { output: this.#output, count: this.#count, isAlone: this.#words.isAlone ?? false });
      throw error;
    }
    await parts.end();
    return worstStatus([...this.#statuses]);
  }

  async #report(outcome: Outcome<Result>, parts: ResultParts): Promise<void> {
    const { text, quiet, remark, advice, isAlone = false } = this.#words;
    const { source } = outcome;
    if ("error" in outcome) {
      const { error } = outcome;
      const hint = adviceFor(error, advice);
      this.#statuses.add(exitStatusOf(error));
      await parts.add({ source, error: describeError(error, hint) }, () => "");
      await this.#output.failure(isAlone ? error : named(source, error), hint);
      return;
    }
    const { result } = outcome;
    await parts.add(
      { source, ...result },
      (shown) => text(shown),
      (shown) => quiet(shown),
    );
    await remark?.(result);
  }
}

/** Ends a result whose work an error ended: of `count` parts, or of one thing alone, to whom there is nothing more to say. */
export async function endEarly(
  parts: ResultParts,
  error: unknown,
  { output, count, isAlone }: { readonly output: Output; readonly count: number; readonly isAlone: boolean },
): Promise<void> {
  const isInterrupted = exitStatusOf(error) === ExitStatus.cancelled;
  // What could not begin has no result.
  if (count > 0 || isInterrupted) await parts.end().catch(() => undefined);
  if (isInterrupted && !isAlone) {
    await output.remark("Interrupted. What is done stays; to go on, give the same command again.\n");
  }
}

/** The outcomes; throws what `none` gives when there is none. */
export async function* someOf<T>(
  outcomes: AsyncIterable<T>,
  none: () => SkillError,
): AsyncGenerator<T, void, undefined> {
  let isNone = true;
  for await (const outcome of outcomes) {
    isNone = false;
    yield outcome;
  }
  if (isNone) throw none();
}

/** The error, which of several does not always say what it befell. */
function named(source: string, error: SkillError): SkillError {
  // A card's problems are a list, with the files that they are in.
  if (error.message.includes(source) || error instanceof SkillCardError) return error;
  const { code, hint } = error;
  return new SkillError(code, `${source}: ${error.message}`, { cause: error, ...(hint === undefined ? {} : { hint }) });
}
