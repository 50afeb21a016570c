import type { Digest } from "../../../oci/index.ts";
import type { OperationOptions } from "../../../store/types.ts";
import { checkExpectation, manifestAbsent } from "../failures.ts";
import { pageOf } from "../pages.ts";
import { checkRoom, isWithin, quotasOf, type QuotaOptions, type Usage } from "../quota.ts";
import { RepositoryLock } from "../repository-lock.ts";
import type {
  IncomingManifest,
  ManifestListOptions,
  PageOptions,
  RepositoryMetadata,
  StoredManifest,
  TagMove,
} from "../types.ts";

type KeptManifest = StoredManifest & { readonly references: readonly Digest[] };

/** What a repository holds, whoever looks at it. */
export class RepositoryState {
  readonly blobs = new Map<Digest, number>();
  /** Bytes of the blobs. */
  readonly sizes = new Map<Digest, number>();
  readonly manifests = new Map<Digest, KeptManifest>();
  readonly tags = new Map<string, Digest>();
  readonly lock = new RepositoryLock();

  get isEmpty(): boolean {
    return this.blobs.size === 0 && this.manifests.size === 0;
  }

  get usage(): Usage {
    let bytes = 0;
    for (const digest of this.blobs.keys()) bytes += this.sizes.get(digest) ?? 0;
    for (const { descriptor } of this.manifests.values()) bytes += descriptor.size;
    return { bytes, manifests: this.manifests.size };
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

  /** What those of a namespace hold. */
  usage(namespace: string): Usage {
    const usages = [...this.#states].flatMap(([name, state]) => (isWithin(name, namespace) ? [state.usage] : []));
    const sum = (key: keyof Usage): number => usages.reduce((total, usage) => total + usage[key], 0);
    return { bytes: sum("bytes"), manifests: sum("manifests") };
  }

  /** Throws `QUOTA_EXCEEDED`. */
  checkRoom(repository: string, { quotas = [] }: QuotaOptions, added: Usage): void {
    for (const quota of quotasOf(repository, quotas)) checkRoom(quota, this.usage(quota.namespace), added);
  }

  /** Names of those that hold something, sorted. */
  names(): string[] {
    return [...this.#states]
      .filter(([, state]) => !state.isEmpty)
      .map(([name]) => name)
      .toSorted();
  }
}

/** What repositories need to know of blobs, and of time. */
export interface MemoryParts {
  /** Bytes; `undefined` for a blob that is not there. */
  readonly sizeOf: (digest: Digest) => Promise<number | undefined>;
  readonly now: () => number;
}

/** A repository for those who hold its lock, or need none because nothing here waits for anything. */
class HeldRepository implements RepositoryMetadata {
  readonly name: string;
  readonly #states: RepositoryStates;
  readonly #parts: MemoryParts;

  constructor(name: string, states: RepositoryStates, parts: MemoryParts) {
    this.name = name;
    this.#states = states;
    this.#parts = parts;
  }

  get #state(): RepositoryState {
    return this.#states.get(this.name);
  }

  async hasBlob(digest: Digest): Promise<boolean> {
    return this.#state.blobs.has(digest);
  }

  async linkBlob(digest: Digest, options: QuotaOptions = {}): Promise<void> {
    const size = (await this.#parts.sizeOf(digest)) ?? 0;
    const { blobs, sizes } = this.#states.getForWriting(this.name);
    if (!blobs.has(digest)) this.#states.checkRoom(this.name, options, { bytes: size, manifests: 0 });
    blobs.set(digest, this.#parts.now());
    sizes.set(digest, size);
  }

  async touchBlob(digest: Digest): Promise<boolean> {
    if (!this.#state.blobs.has(digest)) return false;
    this.#state.blobs.set(digest, this.#parts.now());
    return true;
  }

  async unlinkBlob(digest: Digest, { before = Infinity }: { readonly before?: number } = {}): Promise<boolean> {
    const linked = this.#state.blobs.get(digest);
    return linked !== undefined && linked <= before && this.#state.blobs.delete(digest);
  }

  async manifest(digest: Digest): Promise<StoredManifest | undefined> {
    return this.#state.manifests.get(digest);
  }

  async putManifest(manifest: IncomingManifest, move?: TagMove, options: QuotaOptions = {}): Promise<void> {
    const { digest, size } = manifest.descriptor;
    const { manifests } = this.#states.getForWriting(this.name);
    const moves = move === undefined ? [] : [move];
    this.#check(moves, digest);
    const known = manifests.get(digest);
    if (known === undefined) this.#states.checkRoom(this.name, options, { bytes: size, manifests: 1 });
    manifests.set(digest, { ...manifest, stored: known?.stored ?? manifest.stored ?? this.#parts.now() });
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

  async *manifests({ unless }: ManifestListOptions = {}): AsyncGenerator<KeptManifest, void, undefined> {
    for (const [digest, manifest] of this.#state.manifests) if (unless?.(digest) !== true) yield manifest;
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

  constructor(name: string, states: RepositoryStates, parts: MemoryParts) {
    super(name, states, parts);
    this.#states = states;
    this.#held = new HeldRepository(name, states, parts);
  }

  override async putManifest(
    manifest: IncomingManifest,
    move?: TagMove,
    options?: OperationOptions & QuotaOptions,
  ): Promise<void> {
    return this.#lock.shared([], async () => this.#held.putManifest(manifest, move, options), options);
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
