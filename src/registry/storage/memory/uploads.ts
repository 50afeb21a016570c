import { randomBytes } from "node:crypto";

import type { Content } from "../../../content/index.ts";
import { throwIfAborted } from "../../../errors.ts";
import type { Digest } from "../../../oci/index.ts";
import type { OperationOptions } from "../../../store/types.ts";
import { uploadAbsent, uploadBusy, uploadElsewhere, uploadTooLarge } from "../failures.ts";
import type { StoredBlob, Upload, UploadStorage } from "../types.ts";

interface Session {
  readonly repository: string;
  readonly started: number;
  touched: number;
  chunks: Uint8Array[];
  size: number;
  isBusy: boolean;
}

export class MemoryUploads implements UploadStorage {
  readonly #sessions = new Map<string, Session>();
  readonly #now: () => number;
  readonly #store: (digest: Digest, bytes: Uint8Array) => Promise<StoredBlob>;

  /** `store` takes what an upload has become. */
  constructor(now: () => number, store: (digest: Digest, bytes: Uint8Array) => Promise<StoredBlob>) {
    this.#now = now;
    this.#store = store;
  }

  async begin(repository: string): Promise<Upload> {
    const id = randomBytes(16).toString("hex");
    const now = this.#now();
    const session = { repository, started: now, touched: now, chunks: [], size: 0, isBusy: false };
    this.#sessions.set(id, session);
    return shown(id, session);
  }

  async find(id: string): Promise<Upload | undefined> {
    const session = this.#sessions.get(id);
    return session === undefined ? undefined : shown(id, session);
  }

  async append(
    id: string,
    offset: number,
    content: Content,
    { limit = Infinity, signal }: OperationOptions & { readonly limit?: number } = {},
  ): Promise<Upload> {
    const session = this.#free(id);
    if (offset !== session.size) throw uploadElsewhere(id, session.size, offset);
    session.isBusy = true;
    try {
      for await (const chunk of content) {
        throwIfAborted(signal);
        if (session.size + chunk.byteLength > limit) throw uploadTooLarge(limit);
        session.chunks.push(chunk);
        session.size += chunk.byteLength;
      }
      throwIfAborted(signal);
      return shown(id, session);
    } finally {
      session.isBusy = false;
      session.touched = this.#now();
    }
  }

  async finish(id: string, digest: Digest): Promise<StoredBlob> {
    const session = this.#free(id);
    this.#sessions.delete(id);
    return this.#store(digest, Buffer.concat(session.chunks));
  }

  async cancel(id: string, { before = Infinity }: { readonly before?: number } = {}): Promise<boolean> {
    const session = this.#sessions.get(id);
    if (session === undefined || session.touched > before) return false;
    return this.#sessions.delete(id);
  }

  async *list(): AsyncGenerator<Upload, void, undefined> {
    for (const [id, session] of this.#sessions) yield shown(id, session);
  }

  #free(id: string): Session {
    const session = this.#sessions.get(id);
    if (session === undefined) throw uploadAbsent(id);
    if (session.isBusy) throw uploadBusy(id);
    return session;
  }
}

function shown(id: string, { repository, size, started, touched }: Session): Upload {
  return { id, repository, offset: size, started, touched };
}
