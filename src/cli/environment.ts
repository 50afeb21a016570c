/** What surrounds a call of the command, passed in so that tests can be the terminal, the clock and the signal. */
import type { Readable, Writable } from "node:stream";

export interface TerminalFacts {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & TerminalFacts;
  readonly stdout: Writable & TerminalFacts;
  readonly stderr: Writable & TerminalFacts;
  /** Fires on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

/** The process as it is. */
export function processEnvironment(signal: AbortSignal): Environment {
  const { env: variables, stdin, stdout, stderr } = process;
  return { variables, stdin, stdout, stderr, signal, now: () => new Date() };
}
