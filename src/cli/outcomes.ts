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
      if (this.#count > 0) await parts.end();
      if (this.#words.isAlone !== true) await remarkInterruption(error, this.#output);
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

/** Says to whoever ended a command on several things with Ctrl-C that nothing has to be done twice. */
export async function remarkInterruption(error: unknown, output: Output): Promise<void> {
  if (exitStatusOf(error) !== ExitStatus.cancelled) return;
  await output.remark("Interrupted. What is done stays; to go on, give the same command again.\n");
}

/** The error, which of several does not always say what it befell. */
function named(source: string, error: SkillError): SkillError {
  // A card's problems are a list, with the files that they are in.
  if (error.message.includes(source) || error instanceof SkillCardError) return error;
  const { code, hint } = error;
  return new SkillError(code, `${source}: ${error.message}`, { cause: error, ...(hint === undefined ? {} : { hint }) });
}
