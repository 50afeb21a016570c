import type { Digest } from "../../../oci/index.ts";
import type { OperationOptions } from "../../../store/types.ts";
import { checkExpectation, manifestAbsent } from "../failures.ts";
import { pageOf } from "../pages.ts";
import { RepositoryLock } from "../repository-lock.ts";
import type { IncomingManifest, PageOptions, RepositoryMetadata, StoredManifest, TagMove } from "../types.ts";

type KeptManifest = StoredManifest & { readonly references: readonly Digest[] };

/** What a repository holds, whoever looks at it. */
export class RepositoryState {
  readonly blobs = new Map<Digest, number>();
  readonly manifests = new Map<Digest, KeptManifest>();
  readonly tags = new Map<string, Digest>();
  readonly lock = new RepositoryLock();

  get isEmpty(): boolean {
    return this.blobs.size === 0 && this.manifests.size === 0;
  }
}

/** Where the states of all repositories are. One that nobody wrote to has none, however often it is asked for. */
export class RepositoryStates {
  readonly #states = new Map<string, RepositoryState>();

  get(name: string): RepositoryState {
    return this.#states.get(name) ?? new RepositoryState();
  }

  getForWriting(name: string): RepositoryState {
    const state = this.get(name);
    this.#states.set(name, state);
    return state;
  }

  /** Names of those that hold something, sorted. */
  names(): string[] {
    return [...this.#states]
      .filter(([, state]) => !state.isEmpty)
      .map(([name]) => name)
      .toSorted();
  }
}

/** A repository for those who hold its lock, or need none because nothing here waits for anything. */
class HeldRepository implements RepositoryMetadata {
  readonly name: string;
  readonly #states: RepositoryStates;
  readonly #now: () => number;

  constructor(name: string, states: RepositoryStates, now: () => number) {
    this.name = name;
    this.#states = states;
    this.#now = now;
  }

  get #state(): RepositoryState {
    return this.#states.get(this.name);
  }

  async hasBlob(digest: Digest): Promise<boolean> {
    return this.#state.blobs.has(digest);
  }

  async linkBlob(digest: Digest): Promise<void> {
    this.#states.getForWriting(this.name).blobs.set(digest, this.#now());
  }

  async touchBlob(digest: Digest): Promise<boolean> {
    if (!this.#state.blobs.has(digest)) return false;
    this.#state.blobs.set(digest, this.#now());
    return true;
  }

  async unlinkBlob(digest: Digest, { before = Infinity }: { readonly before?: number } = {}): Promise<boolean> {
    const linked = this.#state.blobs.get(digest);
    return linked !== undefined && linked <= before && this.#state.blobs.delete(digest);
  }

  async manifest(digest: Digest): Promise<StoredManifest | undefined> {
    return this.#state.manifests.get(digest);
  }

  async putManifest(manifest: IncomingManifest, move?: TagMove): Promise<void> {
    const { digest } = manifest.descriptor;
    const { manifests } = this.#states.getForWriting(this.name);
    const moves = move === undefined ? [] : [move];
    this.#check(moves, digest);
    manifests.set(digest, { ...manifest, stored: manifests.get(digest)?.stored ?? manifest.stored ?? this.#now() });
    this.#apply(moves);
  }

  async deleteManifest(digest: Digest): Promise<readonly string[] | undefined> {
    const { manifests, tags } = this.#state;
    if (!manifests.delete(digest)) return undefined;
    const removed = [...tags].filter(([, named]) => named === digest).map(([tag]) => tag);
    for (const tag of removed) tags.delete(tag);
    return removed.toSorted();
  }

  async tag(name: string): Promise<Digest | undefined> {
    return this.#state.tags.get(name);
  }

  async moveTags(moves: readonly TagMove[]): Promise<void> {
    this.#check(moves);
    this.#apply(moves);
  }

  async *tags(options: PageOptions = {}): AsyncGenerator<string, void, undefined> {
    yield* pageOf([...this.#state.tags.keys()].toSorted(), options);
  }

  async *referrers(subject: Digest): AsyncGenerator<StoredManifest, void, undefined> {
    const found = [...this.#state.manifests.values()].filter((manifest) => manifest.subject === subject);
    yield* found.toSorted((a, b) => (a.descriptor.digest < b.descriptor.digest ? -1 : 1));
  }

  async *manifests(): AsyncGenerator<KeptManifest, void, undefined> {
    yield* this.#state.manifests.values();
  }

  async *blobs(): AsyncGenerator<{ readonly digest: Digest; readonly linked: number }, void, undefined> {
    for (const [digest, linked] of this.#state.blobs) yield { digest, linked };
  }

  async exclusively<T>(work: (held: RepositoryMetadata) => Promise<T>): Promise<T> {
    return work(this);
  }

  /** Throws unless all moves can be made; `incoming` counts as stored. */
  #check(moves: readonly TagMove[], incoming?: Digest): void {
    for (const move of moves) {
      checkExpectation(this.name, move, this.#state.tags.get(move.tag));
      const isThere = move.to === undefined || move.to === incoming || this.#state.manifests.has(move.to);
      if (!isThere && move.to !== undefined) throw manifestAbsent(this.name, move.tag, move.to);
    }
  }

  #apply(moves: readonly TagMove[]): void {
    for (const { tag, to } of moves) {
      if (to === undefined) this.#state.tags.delete(tag);
      else this.#state.tags.set(tag, to);
    }
  }
}

/** The same, for everybody: writers of manifests and tags wait for whoever decides on several of them. */
export class MemoryRepository extends HeldRepository {
  readonly #states: RepositoryStates;
  readonly #held: HeldRepository;

  constructor(name: string, states: RepositoryStates, now: () => number) {
    super(name, states, now);
    this.#states = states;
    this.#held = new HeldRepository(name, states, now);
  }

  override async putManifest(manifest: IncomingManifest, move?: TagMove, options?: OperationOptions): Promise<void> {
    return this.#lock.shared([], async () => this.#held.putManifest(manifest, move), options);
  }

  override async deleteManifest(digest: Digest, options?: OperationOptions): Promise<readonly string[] | undefined> {
    return this.#lock.shared([], async () => this.#held.deleteManifest(digest), options);
  }

  override async moveTags(moves: readonly TagMove[], options?: OperationOptions): Promise<void> {
    return this.#lock.shared([], async () => this.#held.moveTags(moves), options);
  }

  override async exclusively<T>(
    work: (held: RepositoryMetadata) => Promise<T>,
    options?: OperationOptions,
  ): Promise<T> {
    return this.#lock.exclusive(async () => work(this.#held), options);
  }

  get #lock(): RepositoryLock {
    return this.#states.getForWriting(this.name).lock;
  }
}
