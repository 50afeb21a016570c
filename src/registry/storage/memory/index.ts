/** A registry's storage in memory: for tests, and for a registry that shall forget everything when it ends. */
import { pageOf } from "../pages.ts";
import type {
  MetadataStorage,
  PageOptions,
  RegistryMark,
  RegistryMarks,
  RegistryStorage,
  RepositoryMetadata,
} from "../types.ts";
import { MemoryBlobs } from "./blobs.ts";
import type { Usage } from "../quota.ts";
import { MemoryRepository, RepositoryStates, type MemoryParts } from "./repository.ts";

export interface MemoryStorageOptions {
  /** The clock, in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
}

export function createMemoryStorage({ now = Date.now }: MemoryStorageOptions = {}): RegistryStorage {
  const blobs = new MemoryBlobs(now);
  const metadata = new MemoryMetadata({ now, sizeOf: async (digest) => (await blobs.stat(digest))?.size });
  return { blobs, metadata, marks: new MemoryMarks(), close: async () => undefined };
}

class MemoryMarks implements RegistryMarks {
  readonly #texts = new Map<RegistryMark, string>();

  async read(mark: RegistryMark): Promise<string | undefined> {
    return this.#texts.get(mark);
  }

  async set(mark: RegistryMark, text: string): Promise<void> {
    this.#texts.set(mark, text);
  }

  async clear(mark: RegistryMark): Promise<void> {
    this.#texts.delete(mark);
  }
}

class MemoryMetadata implements MetadataStorage {
  readonly #states = new RepositoryStates();
  readonly #parts: MemoryParts;

  constructor(parts: MemoryParts) {
    this.#parts = parts;
  }

  repository(name: string): RepositoryMetadata {
    return new MemoryRepository(name, this.#states, this.#parts);
  }

  async usage(namespace: string): Promise<Usage> {
    return this.#states.usage(namespace);
  }

  async *repositories(options: PageOptions = {}): AsyncGenerator<string, void, undefined> {
    yield* pageOf(this.#states.names(), options);
  }
}
