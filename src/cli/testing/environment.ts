/** An environment for tests: streams that remember, a clock that stands still. */
import { Readable, Writable } from "node:stream";

import type { Environment, TerminalFacts } from "../environment.ts";

export interface Recorded extends Environment {
  /** What was written so far. */
  readonly written: { stdout: string; stderr: string };
}

export interface Surroundings {
  readonly variables?: Readonly<Record<string, string>>;
  readonly terminal?: boolean;
  readonly now?: () => Date;
  readonly signal?: AbortSignal;
}

export function recordingEnvironment(surroundings: Surroundings = {}): Recorded {
  const { variables = {}, terminal = false, now, signal = new AbortController().signal } = surroundings;
  const written = { stdout: "", stderr: "" };
  const facts: TerminalFacts = terminal ? { isTTY: true, columns: 80 } : {};
  const stream = (name: keyof typeof written): Writable & TerminalFacts =>
    Object.assign(
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          written[name] += chunk.toString();
          done();
        },
      }),
      facts,
    );
  return {
    variables,
    stdin: Object.assign(Readable.from([]), facts),
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    signal,
    now: now ?? (() => new Date("2026-01-01T00:00:00Z")),
    written,
  };
}
