/**
 * Uploads as two files each: what is known of it, and the bytes so far. Nothing is flushed before an upload becomes a blob,
 * and no file is open between two requests.
 *
 * The bytes are hashed while they arrive, so that finishing does not read them again; the hash lives in this process only, and
 * only for some thousand uploads. The others are read once more when they are finished.
 */
import { createHash, randomBytes, type Hash } from "node:crypto";
import { dirname, join } from "node:path";

import type { Content } from "../../../content/index.ts";
import { absentAsUndefined, isAbsent } from "../../../errno.ts";
import { isSkillError, throwIfAborted } from "../../../errors.ts";
import { algorithmOf, digestFrom, type Digest, type DigestAlgorithm } from "../../../oci/index.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import type { OpenFile } from "../../../store/layout/file-system.ts";
import { inOrder } from "../../../store/in-order.ts";
import type { OperationOptions } from "../../../store/types.ts";
import { blobDamaged, uploadAbsent, uploadBusy, uploadElsewhere } from "../failures.ts";
import type { StoredBlob, Upload, UploadStorage } from "../types.ts";
import { readBlob } from "./blob-reader.ts";
import type { RegistryPaths } from "./paths.ts";
import { limited } from "../limited.ts";
import { receive } from "./receive.ts";
import { stamp } from "./stamp.ts";
import { encodeSession, parseSession, type Session } from "./upload-session.ts";
import { writing } from "./writing.ts";

const ID = /^[0-9a-f]{32}$/;
const SESSION = ".json";
const DATA = ".data";
const MAX_SESSION = 4096;
const MAX_HASHES = 4096;
/** The algorithm that nearly all clients finish with. */
const USUAL: DigestAlgorithm = "sha256";

/** The hash of the first `size` bytes of an upload. */
interface Progress {
  readonly hash: Hash;
  size: number;
}

export class FsUploads implements UploadStorage {
  readonly #disk: Disk<RegistryPaths>;
  readonly #busy = new Set<string>();
  readonly #progress = new Map<string, Progress>();

  constructor(disk: Disk<RegistryPaths>) {
    this.#disk = disk;
  }

  async begin(repository: string, { signal }: OperationOptions = {}): Promise<Upload> {
    throwIfAborted(signal);
    const id = randomBytes(16).toString("hex");
    const started = this.#disk.now();
    return writing(this.#disk.paths.uploads, async () => {
      await this.#create(this.#path(id, DATA));
      try {
        await stamp(this.#disk, this.#path(id, DATA));
        await this.#writeSession(id, { repository, started });
      } catch (error) {
        await this.#forget(id).catch(ignore);
        throw error;
      }
      this.#remember(id, { hash: createHash(USUAL), size: 0 });
      return { id, repository, offset: 0, started, touched: started };
    });
  }

  async find(id: string): Promise<Upload | undefined> {
    if (!ID.test(id)) return undefined;
    const session = await this.#session(id);
    const status = session === undefined ? undefined : await this.#disk.fs.status(this.#path(id, DATA));
    if (session === undefined || status?.kind !== "file") return undefined;
    return { id, ...session, offset: status.size, touched: Math.round(status.modified) };
  }

  async append(
    id: string,
    offset: number,
    content: Content,
    { limit = Infinity, signal }: OperationOptions & { readonly limit?: number } = {},
  ): Promise<Upload> {
    return this.#alone(id, async (upload) => {
      if (offset !== upload.offset) throw uploadElsewhere(id, upload.offset, offset);
      const path = this.#path(id, DATA);
      const { fs, now } = this.#disk;
      const file = await writing(path, async () => fs.append(path));
      const progress = this.#progressAt(id, offset);
      let size = offset;
      let isLost = false;
      const hash = progress?.hash;
      try {
        const bounded = limited(content, limit - offset, limit, signal);
        size = await receive(bounded, { path, file, offset, hash, onLoss: () => (isLost = true) });
        if (progress !== undefined) progress.size = size;
      } catch (error) {
        // How much of the last piece arrived is known to the disk only, so the hash may be ahead of it.
        this.#progress.delete(id);
        throw error;
      } finally {
        await file.close();
        if (isLost) await this.#forget(id).catch(ignore);
        else await stamp(this.#disk, path).catch(absentAsUndefined);
      }
      return { ...upload, offset: size, touched: now() };
    });
  }

  async finish(id: string, digest: Digest, options: OperationOptions = {}): Promise<StoredBlob> {
    return this.#alone(id, async ({ offset: size }) => {
      const { fs, paths, now } = this.#disk;
      const data = this.#path(id, DATA);
      const path = paths.blob(digest);
      return writing(path, async () => {
        const file = await fs.open(data);
        try {
          await this.#verify(id, size, digest, file, options);
          await file.sync();
        } finally {
          await file.close();
        }
        const touched = now();
        await fs.touch(data, touched);
        await this.#settle(data, path);
        await this.#forget(id);
        return { digest, size, touched };
      });
    });
  }

  async cancel(
    id: string,
    { before = Infinity }: OperationOptions & { readonly before?: number } = {},
  ): Promise<boolean> {
    if (this.#busy.has(id)) return false;
    this.#busy.add(id);
    try {
      const upload = await this.find(id);
      if (upload === undefined || upload.touched > before) return false;
      await writing(this.#disk.paths.uploads, async () => this.#forget(id));
      return true;
    } finally {
      this.#busy.delete(id);
    }
  }

  async *list({ signal }: OperationOptions = {}): AsyncGenerator<Upload, void, undefined> {
    const { fs, paths } = this.#disk;
    const names = (await fs.list(paths.uploads).catch(absentAsUndefined)) ?? [];
    const ids = names.filter((name) => name.endsWith(SESSION)).map((name) => name.slice(0, -SESSION.length));
    for await (const upload of inOrder(ids, 16, async (id) => this.find(id))) {
      throwIfAborted(signal);
      if (upload !== undefined) yield upload;
    }
  }

  /** Removes halves of uploads, which a crash may leave. Nobody may use the storage meanwhile. */
  async sweep(): Promise<void> {
    const { fs, paths } = this.#disk;
    const names = (await fs.list(paths.uploads).catch(absentAsUndefined)) ?? [];
    const ids = new Set(names.map((name) => name.slice(0, name.lastIndexOf("."))).filter((id) => ID.test(id)));
    for (const id of ids) if ((await this.find(id)) === undefined) await this.#forget(id);
  }

  /** Runs work on an upload that nobody else works on. */
  async #alone<T>(id: string, work: (upload: Upload) => Promise<T>): Promise<T> {
    if (this.#busy.has(id)) throw uploadBusy(id);
    this.#busy.add(id);
    try {
      const upload = await this.find(id);
      if (upload === undefined) throw uploadAbsent(id);
      return await work(upload);
    } finally {
      this.#busy.delete(id);
    }
  }

  async #verify(id: string, size: number, digest: Digest, file: OpenFile, options: OperationOptions): Promise<void> {
    const progress = this.#progressAt(id, size);
    if (progress !== undefined && algorithmOf(digest) === USUAL) {
      const actual = digestFrom(USUAL, progress.hash.copy());
      if (actual === digest) return;
      await this.#forget(id);
      throw blobDamaged(digest, actual);
    }
    try {
      for await (const _ of readBlob(file, digest, { ...options, transient: true }));
    } catch (error) {
      if (isSkillError(error, "DIGEST_MISMATCH")) await this.#forget(id);
      throw error;
    }
  }

  async #settle(data: string, path: string): Promise<void> {
    const { fs } = this.#disk;
    try {
      await fs.rename(data, path);
    } catch (error) {
      if (!isAbsent(error)) throw error;
      await this.#disk.makeDirectory(dirname(path));
      await fs.rename(data, path);
    }
    await this.#disk.syncDirectory(dirname(path));
  }

  async #session(id: string): Promise<Session | undefined> {
    const bytes = await this.#disk.fs.readFile(this.#path(id, SESSION), MAX_SESSION).catch(absentAsUndefined);
    return bytes === undefined ? undefined : parseSession(bytes);
  }

  /** Whole or not at all, but not flushed. */
  async #writeSession(id: string, session: Session): Promise<void> {
    const temporary = await this.#disk.writeTemporary(encodeSession(session));
    try {
      await temporary.file.close();
      await this.#disk.fs.rename(temporary.path, this.#path(id, SESSION));
    } catch (error) {
      await this.#disk.discard(temporary, error);
      throw error;
    }
  }

  async #create(path: string): Promise<void> {
    const { fs } = this.#disk;
    const create = async (): Promise<void> => (await fs.create(path)).close();
    try {
      await create();
    } catch (error) {
      if (!isAbsent(error)) throw error;
      await this.#disk.makeDirectory(dirname(path));
      await create();
    }
  }

  /** The session goes first: without it the bytes are nobody's. */
  async #forget(id: string): Promise<void> {
    this.#progress.delete(id);
    await this.#disk.remove(this.#path(id, SESSION));
    await this.#disk.remove(this.#path(id, DATA));
  }

  #path(id: string, suffix: typeof SESSION | typeof DATA): string {
    return join(this.#disk.paths.uploads, id + suffix);
  }

  #progressAt(id: string, size: number): Progress | undefined {
    const progress = this.#progress.get(id);
    return progress?.size === size ? progress : undefined;
  }

  #remember(id: string, progress: Progress): void {
    this.#progress.set(id, progress);
    if (this.#progress.size <= MAX_HASHES) return;
    for (const oldest of this.#progress.keys()) {
      this.#progress.delete(oldest);
      return;
    }
  }
}

function ignore(): void {
  // What stays is swept at the next start, and the failure that led here is told.
}
