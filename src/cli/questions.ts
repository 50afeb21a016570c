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

/** A yes or no; no is the default. Throws `ABORTED` on Ctrl-C. */
export async function askToConfirm({ stdin, stderr }: Environment, message: string): Promise<boolean> {
  const answer = await confirm({ message, initialValue: false, input: stdin, output: stderr });
  if (isCancel(answer)) throw cancelled();
  return answer;
}

/** A line of text. Throws `ABORTED` on Ctrl-C. */
export async function ask({ stdin, stderr }: Environment, question: Question): Promise<string> {
  const { message, initial, example, check } = question;
  const answer = await text({
    message,
    input: stdin,
    output: stderr,
    ...(initial === undefined ? {} : { initialValue: initial }),
    ...(example === undefined ? {} : { placeholder: example }),
    ...(check === undefined ? {} : { validate: (value) => check(value ?? "") }),
  });
  if (isCancel(answer)) throw cancelled();
  return answer;
}

/** A line of text that nobody else shall see: the terminal shows a dot for each character. Throws `ABORTED` on Ctrl-C. */
export async function askForSecret({ stdin, stderr }: Environment, message: string): Promise<string> {
  const answer = await password({ message, mask: "•", input: stdin, output: stderr });
  if (isCancel(answer)) throw cancelled();
  return answer;
}

function cancelled(): SkillError {
  return new SkillError("ABORTED", "the question was not answered");
}
