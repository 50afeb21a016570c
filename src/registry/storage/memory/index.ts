/** A registry's storage in memory: for tests, and for a registry that shall forget everything when it ends. */
import { pageOf } from "../pages.ts";
import type { MetadataStorage, PageOptions, RegistryStorage, RepositoryMetadata } from "../types.ts";
import { MemoryBlobs } from "./blobs.ts";
import { MemoryRepository, RepositoryStates } from "./repository.ts";

export interface MemoryStorageOptions {
  /** The clock, in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
}

export function createMemoryStorage({ now = Date.now }: MemoryStorageOptions = {}): RegistryStorage {
  return { blobs: new MemoryBlobs(now), metadata: new MemoryMetadata(now), close: async () => undefined };
}

class MemoryMetadata implements MetadataStorage {
  readonly #states = new RepositoryStates();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  repository(name: string): RepositoryMetadata {
    return new MemoryRepository(name, this.#states, this.#now);
  }

  async *repositories(options: PageOptions = {}): AsyncGenerator<string, void, undefined> {
    yield* pageOf(this.#states.names(), options);
  }
}
