/** Questions to a person, on stderr, so that stdout stays for results. Loaded only when there is something to ask. */
import { confirm, isCancel, password, text } from "@clack/prompts";

import { SkillError } from "../errors.ts";
import type { Environment } from "./environment.ts";

export interface Question {
  readonly message: string;
  readonly initial?: string;
  readonly example?: string;
  /** What is wrong with an answer; `undefined` when nothing is. */
  readonly check?: (answer: string) => string | undefined;
}

/** A yes or no; no is the default. Throws `ABORTED` on Ctrl-C, Ctrl-D, and when the call is cancelled. */
export async function askToConfirm(environment: Environment, message: string): Promise<boolean> {
  return answered<boolean>(environment, (streams) => confirm({ message, initialValue: false, ...streams }));
}

/** A line of text. Throws `ABORTED` as {@link askToConfirm}. */
export async function ask(environment: Environment, question: Question): Promise<string> {
  const { message, initial, example, check } = question;
  return answered<string>(environment, (streams) =>
    text({
      message,
      ...streams,
      ...(initial === undefined ? {} : { initialValue: initial }),
      ...(example === undefined ? {} : { placeholder: example }),
      ...(check === undefined ? {} : { validate: (value) => check(value ?? "") }),
    }),
  );
}

/** A line of text that nobody else shall see: the terminal shows a dot for each character. Throws `ABORTED` as {@link askToConfirm}. */
export async function askForSecret(environment: Environment, message: string): Promise<string> {
  return answered<string>(environment, (streams) => password({ message, mask: "•", ...streams }));
}

interface Streams {
  readonly input: Environment["stdin"];
  readonly output: Environment["stderr"];
  readonly signal: AbortSignal;
}

async function answered<T>(
  { stdin, stderr, signal }: Environment,
  put: (streams: Streams) => Promise<unknown>,
): Promise<T> {
  const end = new AbortController();
  const stop = (): void => end.abort();
  // What reads the line takes Ctrl-D for its end, and says so to nobody.
  const onKey = (_: unknown, key?: { readonly ctrl?: boolean; readonly name?: string }): void => {
    if (key?.ctrl === true && key.name === "d") stop();
  };
  stdin.on("keypress", onKey).once("end", stop);
  // A terminal that says that it has no width would be given a letter a line.
  if (stderr.columns === 0) Object.assign(stderr, { columns: 80 });
  try {
    const answer = await put({ input: stdin, output: stderr, signal: AbortSignal.any([signal, end.signal]) });
    if (isCancel(answer)) throw new SkillError("ABORTED", "the question was not answered");
    return answer as T;
  } finally {
    stdin.off("keypress", onKey).off("end", stop);
  }
}
