/**
 * Where results and remarks go: results to stdout, as text or JSON; everything else to stderr.
 *
 * A command hands over the library's result and a function that words it. Unless what that function makes of it is plain, all
 * strings of the result are made visible and worded again; JSON holds the same values, escaped.
 */
import type { Writable } from "node:stream";

import { readAll, type Content } from "../content/index.ts";
import { isPlain, visible, visibleLine } from "../text/index.ts";
import type { Environment } from "./environment.ts";
import { formatError } from "./failure.ts";
import type { GlobalFlags } from "./flags.ts";
import { createProgress, type Progress } from "./progress.ts";
import { styleFor, type Style } from "./style.ts";
import { isBrokenPipe, unwritable } from "./system-error.ts";
import { visibleDeep, visibleJson } from "./visible.ts";

export interface Output {
  /** Colours for stdout; `remarkStyle` is for stderr. */
  readonly style: Style;
  readonly remarkStyle: Style;
  readonly progress: Progress;
  /** Prints a result: JSON with `--json`; else what `quiet` gives with `--quiet`; else what `text` gives. */
  result<T>(value: T, text: (value: T) => string, quiet?: (value: T) => string): Promise<void>;
  /** {@link result} for a command that goes on: its JSON is one line, so that a reader knows when it has it all. */
  line<T>(value: T, text: (value: T) => string, quiet?: (value: T) => string): Promise<void>;
  /** A result that comes in parts. */
  parts(): ResultParts;
  /**
   * Copies bytes to stdout as they are; on a terminal, and only there, invisible characters are made visible. With
   * `--json`, prints what `json` makes of the bytes in base64, if it is given.
   */
  content(bytes: Bytes, json?: (base64: string) => unknown): Promise<void>;
  /** Says something on stderr, if it can, that helps a person and that a script does not miss; nothing with `--quiet` or `--json`. */
  remark(text: string): Promise<void>;
  /** Says on stderr, with `--verbose`, how the work is being done; never with `--json`. Nothing waits for it; otherwise, `text` is not asked. */
  trace(text: () => string): void;
  /**
   * Reports, on stderr, if it can, the failure of one part while others go on, `advice` before its own hint; nothing with
   * `--json`, whose result holds it.
   */
  failure(error: unknown, advice?: string): Promise<void>;
}

/**
 * A result in parts, each printed as it comes: whoever waits sees how it goes on, and whoever interrupts it what was done. With
 * `--json` the parts are one array, printed when it is ended.
 */
export interface ResultParts {
  /** Adds a part, worded as {@link Output.result} words a result. Never rejects: that it cannot be printed does not stop the work. */
  add<T>(value: T, text: (value: T) => string, quiet?: (value: T) => string): Promise<void>;
  /** Throws `TARGET_UNWRITABLE` when something could not be printed, unless nobody reads any more. */
  end(): Promise<void>;
}

type Bytes = Iterable<Uint8Array> | Content;

/** The output of one call. */
export function createOutput(environment: Environment, flags: GlobalFlags): Output {
  const { stdout, stderr } = environment;
  const progress = createProgress(environment, flags.quiet !== true && flags.json !== true);
  const remarkStyle = styleFor(stderr, environment, flags);
  const style = styleFor(stdout, environment, flags);
  const shown = <T>(value: T, words: (value: T) => string): string => {
    // Long listings are plain, as a rule, and to look at what is printed takes a tenth of looking at every value.
    const text = style.isColorSupported ? undefined : words(value);
    return text !== undefined && isPlain(text) ? text : words(visibleDeep(value));
  };
  // That nobody hears it must not end what it is about.
  const say = async (text: string): Promise<void> => write(stderr, text).catch(() => undefined);
  const output: Output = {
    style,
    remarkStyle,
    progress,
    async result(value, text, quiet = text) {
      progress.clear();
      if (flags.json === true) return write(stdout, `${visibleJson(value)}\n`);
      return write(stdout, shown(value, flags.quiet === true ? quiet : text));
    },
    async line(value, text, quiet = text) {
      progress.clear();
      // A line break in a string is escaped; all others are layout.
      if (flags.json === true) return write(stdout, `${visibleJson(value).replaceAll(/\n */g, "")}\n`);
      return write(stdout, shown(value, flags.quiet === true ? quiet : text));
    },
    parts() {
      const values: unknown[] = [];
      let failure: { readonly error: unknown } | undefined;
      const print = async (printing: () => Promise<void>): Promise<void> => {
        if (failure === undefined) await printing().catch((error: unknown) => void (failure = { error }));
      };
      return {
        add: async (value, text, quiet) => {
          if (flags.json === true) values.push(value);
          else await print(async () => output.result(value, text, quiet));
        },
        end: async () => {
          if (flags.json === true) await print(async () => output.result(values, () => ""));
          if (failure !== undefined && !isBrokenPipe(failure.error)) throw failure.error;
        },
      };
    },
    async content(bytes, json) {
      progress.clear();
      if (flags.json === true && json !== undefined) {
        return write(stdout, `${visibleJson(json(Buffer.from(await readAll(bytes)).toString("base64")))}\n`);
      }
      return stdout.isTTY === true ? writeVisible(stdout, bytes) : writeAll(stdout, bytes);
    },
    async remark(text) {
      if (flags.quiet === true || flags.json === true) return;
      progress.clear();
      await say(text);
    },
    trace(text) {
      if (flags.verbose !== true || flags.json === true) return;
      progress.clear();
      stderr.write(`${remarkStyle.dim(visibleLine(text()))}\n`);
    },
    async failure(error, advice) {
      if (flags.json === true) return;
      progress.clear();
      await say(formatError(error, remarkStyle, flags.verbose, advice));
    },
  };
  return output;
}

/**
 * Writes and waits until the stream has taken it: the pace of the reader is the pace of the writer. Throws
 * `TARGET_UNWRITABLE`; and EPIPE as it is, because a reader who has seen enough is no failure.
 */
export function write(stream: Writable, chunk: string | Uint8Array): Promise<void> {
  if (chunk.length === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    stream.write(chunk, (error) => {
      if (error) reject(isBrokenPipe(error) ? error : unwritable("the output", error));
      else resolve();
    });
  });
}

async function writeAll(stream: Writable, chunks: Bytes): Promise<void> {
  for await (const chunk of chunks) await write(stream, chunk);
}

async function writeVisible(stream: Writable, chunks: Bytes): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of chunks) await write(stream, visible(decoder.decode(chunk, { stream: true })));
  await write(stream, visible(decoder.decode()));
}
