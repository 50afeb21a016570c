/**
 * A file to which lines are added, and that others move away when it has grown (logrotate).
 *
 * Lines that come in while one write runs go out together with the next, in their order. Before each write it is looked
 * whether the file still is the one at the path; when it was moved away, a new one is begun.
 */
import { open, stat, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";

import { makeDirectories } from "../../../directories.ts";
import { absentAsUndefined } from "../../../errno.ts";

const NEWLINE = 10;

export class AppendLog {
  readonly #path: string;
  #file: FileHandle | undefined;
  #waiting: { readonly lines: string[]; readonly written: Promise<void> } | undefined;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Resolves when the line was given to the system. Rejects when it was not, with the system's error. */
  async append(line: string): Promise<void> {
    if (this.#waiting !== undefined) {
      this.#waiting.lines.push(line);
      return this.#waiting.written;
    }
    const lines = [line];
    const written = this.#running.then(async () => {
      this.#waiting = undefined;
      await this.#write(lines);
    });
    this.#waiting = { lines, written };
    this.#running = written.catch(() => undefined);
    return written;
  }

  /** Rejects when a line could not be written, as far as can be told without writing one. */
  async check(): Promise<void> {
    const checked = this.#running.then(async () => {
      await this.#current();
      if (this.#isClosed) await this.#letGo();
    });
    this.#running = checked.catch(() => undefined);
    await checked;
  }

  /** Lets go of the file, after what is under way. A later line opens it again, for itself. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const closed = this.#running.then(async () => this.#letGo());
    this.#running = closed.catch(() => undefined);
    await closed;
  }

  async #letGo(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #write(lines: readonly string[]): Promise<void> {
    const file = await this.#current();
    try {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
      for (let at = 0; at < bytes.byteLength;) {
        at += (await file.write(bytes, at, bytes.byteLength - at)).bytesWritten;
      }
    } catch (error) {
      // Half a line may be there: opening it again ends that line.
      this.#file = undefined;
      await file.close().catch(() => undefined);
      throw error;
    }
    if (this.#isClosed) await this.#letGo();
  }

  async #current(): Promise<FileHandle> {
    if (this.#file !== undefined) {
      const [mine, there] = await Promise.all([this.#file.stat(), stat(this.#path).catch(absentAsUndefined)]);
      if (there !== undefined && there.ino === mine.ino && there.dev === mine.dev) return this.#file;
      const moved = this.#file;
      this.#file = undefined;
      await moved.close();
    }
    await makeDirectories(dirname(this.#path));
    const file = await open(this.#path, "a+", 0o600);
    try {
      await endLine(file);
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#file = file;
    return file;
  }
}

/** Ends a line that a crash or a full disk cut off. */
async function endLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  if (size === 0) return;
  const last = Buffer.alloc(1);
  const { bytesRead } = await file.read(last, 0, 1, size - 1);
  if (bytesRead === 1 && last[0] !== NEWLINE) await file.write("\n");
}
