/** The server's log: lines of JSON. */
import { pino, stdSerializers } from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** What parts of the server log with. Nothing secret goes in. */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface LogOptions {
  /** Default: `info`. */
  readonly level?: LogLevel;
  /** Takes each line as it is written. */
  readonly write: (line: string) => void;
}

export function createLog({ level = "info", write }: LogOptions): Log {
  return pino(
    {
      level,
      base: null,
      serializers: { err: describeError },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
    },
    { write },
  );
}

/** By its name: that of its class is another one in a bundle. */
function describeError(error: unknown): unknown {
  return error instanceof Error ? { ...stdSerializers.err(error), type: error.name } : error;
}

/** For a server whose caller does not want a log. */
export const NO_LOG: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
