import { chmodSync, closeSync, constants, fchmodSync, mkdirSync, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";

import { errnoOf } from "../errno.ts";
import { SkillError, throwIfAborted } from "../errors.ts";
import { quote } from "../text/index.ts";
import { Background } from "./background.ts";
import { readLayers, type ReadLayersOptions } from "./layer-read.ts";
import { Staging } from "./staging.ts";
import { syncDirectory, syncFile } from "./sync.ts";
import type { LayerEntry, LayerSource } from "./types.ts";

const SYNCS_AT_ONCE = 16;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

export interface ExtractOptions extends ReadLayersOptions {
  /** Puts the new content in the place of a directory that is not empty. Default false. */
  readonly replace?: boolean;
  /** Told of each entry once it has been staged. */
  readonly onEntry?: (entry: Omit<LayerEntry, "content">) => void;
}

/** What lies at the target now. */
export interface ExtractSummary {
  readonly files: number;
  /** The sizes of those files, in bytes. */
  readonly size: number;
  /** Where what was replaced still lies, because it could not be removed. */
  readonly leftover?: string;
}

/**
 * Unpacks `layers`, in order, into the directory `target`: all of it or nothing. A later layer may replace a file of an
 * earlier one. Everything is read, checked and made durable in a private directory beside the target, which is then
 * renamed into place; on any failure, and when `signal` fires, that directory is gone and the target as it was. A target
 * that a killed process had moved away and not yet replaced is put back first, by the next call for one beside it.
 *
 * Files end as 0644 or 0755 whatever the umask, owned by the caller. Nothing is executed, no link is followed.
 *
 * Throws what `readLayer` throws; `TARGET_EXISTS` when the target is a link, a file, or a directory with content and
 * `replace` is not set; `TARGET_UNWRITABLE` when the disk is full, read-only or failing; `ABORTED`.
 */
export async function extractLayers(
  layers: readonly LayerSource[],
  target: string,
  options: ExtractOptions = {},
): Promise<ExtractSummary> {
  const replace = options.replace ?? false;
  throwIfAborted(options.signal);
  const staging = await Staging.open(target, replace).catch(fail(target, undefined));
  try {
    const summary = await new Unpacker(staging.content, options).unpack(layers);
    throwIfAborted(options.signal);
    await staging.publish(replace);
    // The content is in place: an old one that cannot be removed does not make that a failure, but must be told.
    return await staging.remove().then(
      () => summary,
      () => ({ ...summary, leftover: staging.directory }),
    );
  } catch (error) {
    await staging.undo().catch(() => undefined);
    return fail(target, options.signal)(error);
  }
}

/**
 * Fills the staging directory. Files are written synchronously, which for what goes into the page cache takes a tenth
 * of the time that thread hops would; only the syncs, which wait for the disk, run in the background, and not before
 * every layer has been judged: a refused archive costs none.
 */
class Unpacker {
  readonly #root: string;
  readonly #options: ExtractOptions;
  readonly #directories = new Set<string>();
  readonly #files = new Map<string, number>();

  constructor(root: string, options: ExtractOptions) {
    this.#root = root;
    this.#options = options;
  }

  async unpack(layers: readonly LayerSource[]): Promise<ExtractSummary> {
    for await (const entry of readLayers(layers, this.#options)) {
      if (entry.type === "directory") this.#directory(entry.path);
      else await this.#file(entry);
      this.#options.onEntry?.({ path: entry.path, type: entry.type, mode: entry.mode, size: entry.size });
    }
    await this.#sync();
    return { files: this.#files.size, size: [...this.#files.values()].reduce((sum, size) => sum + size, 0) };
  }

  async #file({ path, mode, size, content }: LayerEntry): Promise<void> {
    this.#directory(parentOf(path));
    const location = join(this.#root, path);
    if (this.#files.has(path)) unlinkSync(location);
    const descriptor = openSync(location, NEW_FILE, 0o600);
    try {
      for await (const chunk of content) {
        throwIfAborted(this.#options.signal);
        for (let offset = 0; offset < chunk.length;) offset += writeSync(descriptor, chunk, offset);
      }
      fchmodSync(descriptor, mode);
    } finally {
      closeSync(descriptor);
    }
    this.#files.set(path, size);
  }

  #directory(path: string): void {
    if (path === "" || this.#directories.has(path)) return;
    this.#directory(parentOf(path));
    mkdirSync(join(this.#root, path), { mode: 0o700 });
    this.#directories.add(path);
  }

  /** Gives every directory its mode, and makes files and directories durable. */
  async #sync(): Promise<void> {
    const background = new Background(SYNCS_AT_ONCE);
    try {
      for (const path of [...this.#files.keys(), ...this.#directories, ""]) {
        throwIfAborted(this.#options.signal);
        const location = join(this.#root, path);
        if (!this.#files.has(path)) chmodSync(location, 0o755);
        await background.add(() => (this.#files.has(path) ? syncFile(location) : syncDirectory(location)));
      }
      await background.drain();
    } finally {
      await background.settle();
    }
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** Turns what the system threw into an error that names the target, and anything after an abort into `ABORTED`. */
function fail(target: string, signal: AbortSignal | undefined): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof SkillError)) throwIfAborted(signal);
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    throw new SkillError("TARGET_UNWRITABLE", `${quote(target)} cannot be written (${errno})`, {
      hint: "Check the free space and the permissions of the directory it is to be in.",
      cause: error,
    });
  };
}
