/** What surrounds a call of the command, passed in so that tests can be the terminal, the clock and the signal. */
import { userInfo } from "node:os";
import type { Readable, Writable } from "node:stream";

import { homeOf } from "./config/home.ts";

export interface TerminalFacts {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The user's home directory; `undefined` for a user who has none, as in a container that runs under an id of its own. */
  readonly home?: string | undefined;
  /** The user's id, where users have one. */
  readonly uid?: number | undefined;
  /** As in `process.platform`; left out, that of a Linux machine. */
  readonly platform?: NodeJS.Platform;
  /** The user's name; `undefined` for a user who has none. */
  readonly user?: string | undefined;
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
  return {
    variables,
    get home() {
      return homeOf(variables);
    },
    uid: process.getuid?.(),
    platform: process.platform,
    get user() {
      return userName(variables);
    },
    stdin,
    stdout,
    stderr,
    signal,
    now: () => new Date(),
  };
}

function userName(variables: Environment["variables"]): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return variables["USER"] || undefined;
  }
}

/** The part of it that decides how registries are reached. */
export function surroundingsOf({ variables, home, uid, platform }: Environment): {
  readonly variables: Environment["variables"];
  readonly home?: string;
  readonly uid?: number;
  readonly platform?: NodeJS.Platform;
} {
  return {
    variables,
    ...(home === undefined ? {} : { home }),
    ...(uid === undefined ? {} : { uid }),
    ...(platform === undefined ? {} : { platform }),
  };
}
