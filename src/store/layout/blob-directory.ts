/**
 * Content in `blobs/<algorithm>/<hex>`: written whole or not at all, verified on every read.
 *
 * Presence is a promise here. Garbage collection removes what nothing refers to once it has been untouched for a grace
 * period; so whoever is told that a blob is present touches it, and a collection that may have looked before the touch
 * is waited for. After that the blob is safe until the grace period ends, time enough to write what refers to it.
 *
 * Only regular files are content. A link or a pipe that somebody put in the place of a blob is as if it were absent.
 */
import { createHash } from "node:crypto";
import { dirname } from "node:path";

import { asContent, rereadable, type Content } from "../../content/index.ts";
import { isAbsent } from "../../errno.ts";
import { isSkillError, SkillError, throwIfAborted } from "../../errors.ts";
import { digestFrom, type Descriptor } from "../../oci/index.ts";
import type { BlobStore } from "../repository.ts";
import type { OperationOptions } from "../types.ts";
import { verified } from "../verify.ts";
import { inBlocks } from "./blocks.ts";
import type { Disk, TemporaryFile } from "./disk.ts";
import { EarlyFlush } from "./early-flush.ts";
import { isIrregular, isReadOnly, unreadable, writing } from "./failure.ts";
import type { StoreLock } from "./lock.ts";

const CHUNK = 256 * 1024;

export class BlobDirectory implements BlobStore {
  readonly #disk: Disk;
  readonly #lock: StoreLock;
  readonly #prepare: () => Promise<void>;
  #incoming = 0;

  /** `prepare` makes the directory a store before the first write. */
  constructor(disk: Disk, lock: StoreLock, prepare: () => Promise<void>) {
    this.#disk = disk;
    this.#lock = lock;
    this.#prepare = prepare;
  }

  /** How many blobs are being written now. */
  get incoming(): number {
    return this.#incoming;
  }

  fetch(descriptor: Descriptor, options: OperationOptions = {}): Content {
    return verified(
      descriptor,
      rereadable(() => this.#read(descriptor, options)),
    );
  }

  async has(descriptor: Descriptor, options: OperationOptions = {}): Promise<boolean> {
    const { fs, paths, now } = this.#disk;
    const path = paths.blob(descriptor.digest);
    try {
      // To see that there is nothing costs much less than to fail at touching it.
      if ((await fs.status(path)) === undefined) return false;
      await fs.touch(path, now());
    } catch (error) {
      if (isAbsent(error)) return false;
      if (!isReadOnly(error)) throw unreadable(path, error);
    }
    const look = async (): Promise<boolean> => this.#isWhole(descriptor);
    return (await this.#lock.isSweeping()) ? this.#lock.whileHeld("write", look, options) : look();
  }

  async put(descriptor: Descriptor, content: Content | Uint8Array, options: OperationOptions = {}): Promise<void> {
    const path = this.#disk.paths.blob(descriptor.digest);
    await writing(path, async () => {
      await this.#prepare();
      if (await this.#keepIntact(descriptor, options)) return;
      const { temporary } = await this.#receive(verified(descriptor, asContent(content)), options);
      await this.#orDiscard(temporary, async () => this.#settle(temporary, path, options));
    });
  }

  async ingest(mediaType: string, content: Content, options: OperationOptions = {}): Promise<Descriptor> {
    return writing(this.#disk.paths.blobs, async () => {
      await this.#prepare();
      const hash = createHash("sha256");
      const { temporary, size } = await this.#receive(content, options, (chunk) => hash.update(chunk));
      const digest = digestFrom("sha256", hash);
      const descriptor = { mediaType, digest, size };
      await this.#orDiscard(temporary, async () => {
        if (await this.#keepIntact(descriptor, options)) await this.#disk.discard(temporary);
        else await this.#settle(temporary, this.#disk.paths.blob(digest), options);
      });
      return descriptor;
    });
  }

  async *#read({ digest, size }: Descriptor, options: OperationOptions): AsyncGenerator<Uint8Array, void, undefined> {
    throwIfAborted(options.signal);
    const path = this.#disk.paths.blob(digest);
    const file = await this.#disk.fs.open(path).catch((error: unknown) => {
      const isThere = !isAbsent(error) && !isIrregular(error);
      if (!isThere) throw new SkillError("NOT_FOUND", `${digest} is not in the store`, { cause: error });
      throw unreadable(path, error);
    });
    try {
      for (let at = 0; ;) {
        throwIfAborted(options.signal);
        // One byte more than is due, so that a file which is too long is seen to be.
        const buffer = new Uint8Array(Math.min(CHUNK, Math.max(0, size - at) + 1));
        const length = await file.read(buffer);
        if (length === 0) return;
        at += length;
        yield buffer.subarray(0, length);
        // Less than was asked for: this was the end, which need not be asked for again.
        if (at >= size && length < buffer.byteLength) return;
      }
    } catch (error) {
      throw unreadable(path, error);
    } finally {
      await file.close();
    }
  }

  /**
   * Whether the content is there, whole and durable; if so it is kept. Reads it: a disk that flipped a bit does not
   * change the size, and this is the moment at which somebody has the right bytes at hand.
   */
  async #keepIntact(descriptor: Descriptor, options: OperationOptions): Promise<boolean> {
    if (!(await this.#isWhole(descriptor))) return false;
    try {
      for await (const _ of this.fetch(descriptor));
    } catch (error) {
      if (isSkillError(error)) return false;
      throw error;
    }
    const path = this.#disk.paths.blob(descriptor.digest);
    await this.#disk.syncDirectory(dirname(path));
    await this.#syncAlgorithm(path);
    return this.has(descriptor, options);
  }

  /** Whether there is a file of the right size. */
  async #isWhole({ digest, size }: Descriptor): Promise<boolean> {
    const status = await this.#disk.fs.status(this.#disk.paths.blob(digest));
    return status?.kind === "file" && status.size === size;
  }

  /** Streams content into a temporary file. Nothing is left when it fails. */
  async #receive(
    content: Content,
    options: OperationOptions,
    look: (block: Uint8Array) => void = () => undefined,
  ): Promise<{ readonly temporary: TemporaryFile; readonly size: number }> {
    this.#incoming += 1;
    try {
      return await this.#write(content, options, look);
    } finally {
      this.#incoming -= 1;
    }
  }

  async #write(
    content: Content,
    options: OperationOptions,
    look: (block: Uint8Array) => void,
  ): Promise<{ readonly temporary: TemporaryFile; readonly size: number }> {
    const temporary = await this.#disk.createTemporary();
    const { file } = temporary;
    const flush = new EarlyFlush(() => file.sync());
    let written = Promise.resolve();
    try {
      let size = 0;
      for await (const block of inBlocks(content)) {
        throwIfAborted(options.signal);
        look(block);
        size += block.byteLength;
        // The next block comes, and is checked, while this one is written.
        await written;
        await flush.wrote(block.byteLength);
        written = file.write(block);
        written.catch(() => undefined);
      }
      await written;
      await flush.end();
      throwIfAborted(options.signal);
      return { temporary, size };
    } catch (error) {
      await written.catch(() => undefined);
      await flush.stop();
      await this.#disk.discard(temporary, error);
      throw error;
    }
  }

  /** A blob that is replaced may be known to a running collection, so it is replaced when there is none. */
  async #settle(temporary: TemporaryFile, path: string, options: OperationOptions): Promise<void> {
    const settle = async (): Promise<void> => {
      await this.#disk.settle(temporary, path);
      await this.#syncAlgorithm(path);
    };
    const replaces = (await this.#disk.fs.status(path)) !== undefined;
    return replaces ? this.#lock.whileHeld("write", settle, options) : settle();
  }

  /** Every other directory than `sha256`, which comes with the store, may be one that somebody made who was killed then. */
  async #syncAlgorithm(path: string): Promise<void> {
    const { paths } = this.#disk;
    if (dirname(path) !== paths.algorithm("sha256")) await this.#disk.syncDirectory(paths.blobs);
  }

  /** Whatever keeps a written file from its place, it does not stay open, nor in the way. */
  async #orDiscard(temporary: TemporaryFile, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.#disk.discard(temporary, error);
      throw error;
    }
  }
}
