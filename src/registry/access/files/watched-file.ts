/**
 * A small file that people change while the server runs: users, robot tokens.
 *
 * It is looked at when it is needed, not watched: that works on every file system, and for a file that is replaced by a link, as
 * Kubernetes does with secrets. A change that cannot be read does not lock everybody out: what was read before
 * stays, and whoever wants to know is told.
 */
import { open } from "node:fs/promises";

import { isAbsent } from "../../../errno.ts";
import { SkillError } from "../../../errors.ts";

/** Far more users than a file is good for. Bytes. */
const MAX_SIZE = 4 * 1024 * 1024;

export interface WatchedFileOptions<T> {
  /** Makes of the text what it means; throws `CONFIG_INVALID`. */
  readonly parse: (text: string) => T;
  /** What it means that there is no file. Default: that is an error. */
  readonly absent?: () => T;
  /** Told of a change that cannot be read, once. */
  readonly onProblem?: (problem: unknown) => void;
  /** Milliseconds for which what was read is taken as it is. Default: 1,000. */
  readonly interval?: number;
  readonly now?: () => number;
}

export class WatchedFile<T> {
  readonly path: string;
  readonly #options: WatchedFileOptions<T>;
  #read: { readonly value: T } | undefined;
  #version: string | undefined;
  #looked = -Infinity;
  #looking: Promise<T> | undefined;

  constructor(path: string, options: WatchedFileOptions<T>) {
    this.path = path;
    this.#options = options;
  }

  /** What the file says now. The first call throws `CONFIG_INVALID` when it cannot be read; later ones never do. */
  async current(): Promise<T> {
    const { now = Date.now, interval = 1000 } = this.#options;
    const age = now() - this.#looked;
    // A clock that was set back must not keep what was revoked meanwhile in force.
    if (this.#read !== undefined && age >= 0 && age < interval) return this.#read.value;
    this.#looking ??= this.#look(now()).finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Looks again at once, whatever the interval. */
  async reload(): Promise<T> {
    await this.#looking?.catch(() => undefined);
    this.#looked = -Infinity;
    return this.current();
  }

  async #look(now: number): Promise<T> {
    let version = "unreadable";
    try {
      const found = await this.#open(this.#version);
      version = found.version;
      if (found.text !== undefined) this.#read = { value: this.#options.parse(found.text) };
      else if (version === "absent") this.#read = { value: this.#absent() };
    } catch (error) {
      const problem = explain(this.path, error);
      if (this.#read === undefined) throw problem;
      if (version !== "unreadable" || this.#version !== version) this.#options.onProblem?.(problem);
    }
    this.#version = version;
    this.#looked = now;
    if (this.#read === undefined) throw explain(this.path, undefined);
    return this.#read.value;
  }

  /** The text, unless it is that of `known`; it is looked at before it is read, so that no change is missed. */
  async #open(known: string | undefined): Promise<{ readonly version: string; readonly text?: string }> {
    try {
      const file = await open(this.path, "r");
      try {
        const { ino, dev, size, mtimeNs } = await file.stat({ bigint: true });
        const version = [dev, ino, size, mtimeNs].join(":");
        if (version === known) return { version };
        if (size > MAX_SIZE) throw new SkillError("CONFIG_INVALID", `${this.path} is larger than ${MAX_SIZE} bytes`);
        return { version, text: await file.readFile("utf8") };
      } finally {
        await file.close();
      }
    } catch (error) {
      if (isAbsent(error) && this.#options.absent !== undefined) return { version: "absent" };
      throw error;
    }
  }

  #absent(): T {
    if (this.#options.absent === undefined) throw explain(this.path, undefined);
    return this.#options.absent();
  }
}

function explain(path: string, error: unknown): SkillError {
  if (error instanceof SkillError) return error;
  return new SkillError("CONFIG_INVALID", `${path} cannot be read`, {
    hint: "Check that it is there and that the server may read it.",
    cause: error,
  });
}
