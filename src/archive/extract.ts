import { chmodSync, closeSync, constants, fchmodSync, mkdirSync, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";

import { errnoOf } from "../errno.ts";
import { SkillError, throwIfAborted } from "../errors.ts";
import { quote } from "../text/index.ts";
import { Background } from "./background.ts";
import { readMetered } from "./layer-read.ts";
import { type ArchiveLimits, LimitMeter } from "./limits.ts";
import { PathTable } from "./path-table.ts";
import { Staging, syncDirectory, syncFile } from "./staging.ts";
import type { LayerEntry, LayerSource } from "./types.ts";

const SYNCS_AT_ONCE = 16;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

export interface ExtractOptions {
  /** Replaces single defaults of `DEFAULT_LIMITS`; counted over all layers together. */
  readonly limits?: Partial<ArchiveLimits>;
  /** Puts the new content in the place of a directory that is not empty. Default false. */
  readonly replace?: boolean;
  readonly signal?: AbortSignal;
  /** Told of each entry once it has been staged. */
  readonly onEntry?: (entry: Omit<LayerEntry, "content">) => void;
}

/** What lies at the target now. */
export interface ExtractSummary {
  readonly files: number;
  /** The sizes of those files, in bytes. */
  readonly size: number;
}

/**
 * Unpacks `layers`, in order, into the directory `target`: all of it or nothing. A later layer may replace a file of an
 * earlier one. Everything is read, checked and made durable in a private directory beside the target, which is then
 * renamed into place; on any failure, and when `signal` fires, that directory is gone and the target as it was.
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
    // The content is in place; a directory of ours that cannot be removed now does not make that a failure.
    await staging.remove().catch(() => undefined);
    return summary;
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
  readonly #meter: LimitMeter;
  readonly #names = new PathTable();
  readonly #directories = new Set<string>();
  readonly #files = new Map<string, number>();

  constructor(root: string, options: ExtractOptions) {
    this.#root = root;
    this.#options = options;
    this.#meter = new LimitMeter(options.limits);
  }

  async unpack(layers: readonly LayerSource[]): Promise<ExtractSummary> {
    const { signal, onEntry } = this.#options;
    for (const { content, compression, diffId } of layers) {
      const options = { compression, ...(diffId && { diffId }), ...(signal && { signal }) };
      for await (const entry of readMetered(content, options, this.#meter, this.#names)) {
        if (entry.type === "directory") this.#directory(entry.path);
        else await this.#file(entry);
        onEntry?.({ path: entry.path, type: entry.type, mode: entry.mode, size: entry.size });
      }
      this.#names.nextLayer();
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
