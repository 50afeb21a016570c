/** A repository as a directory, for everybody: it waits for its turn. */
import type { Digest } from "../../../oci/index.ts";
import type { OperationOptions } from "../../../store/types.ts";
import type { QuotaOptions } from "../quota.ts";
import type { IncomingManifest, RepositoryMetadata, TagMove } from "../types.ts";
import type { FsContext } from "./context.ts";
import { HeldRepository } from "./held-repository.ts";

/** A repository for everybody: whoever changes it waits for whoever decides on it. */
export class FsRepository extends HeldRepository {
  readonly #context: FsContext;
  readonly #held: HeldRepository;

  constructor(name: string, context: FsContext) {
    super(name, context);
    this.#context = context;
    this.#held = new HeldRepository(name, context);
  }

  override async putManifest(
    incoming: IncomingManifest,
    move?: TagMove,
    options?: OperationOptions & QuotaOptions,
  ): Promise<void> {
    const keys = [incoming.descriptor.digest, ...(move === undefined ? [] : [move.tag])];
    return this.#context.locks.with(this.name, async (lock) =>
      lock.shared(keys, async () => this.#held.putManifest(incoming, move, options), options),
    );
  }

  override async deleteManifest(digest: Digest, options?: OperationOptions): Promise<readonly string[] | undefined> {
    return this.exclusively(async (held) => held.deleteManifest(digest), options);
  }

  override async moveTags(moves: readonly TagMove[], options?: OperationOptions): Promise<void> {
    const [only] = moves;
    if (moves.length !== 1 || only === undefined)
      return this.exclusively(async (held) => held.moveTags(moves), options);
    return this.#context.locks.with(this.name, async (lock) =>
      lock.shared([only.tag], async () => this.#held.moveTags(moves), options),
    );
  }

  override async exclusively<T>(
    work: (held: RepositoryMetadata) => Promise<T>,
    options?: OperationOptions,
  ): Promise<T> {
    const decide = async (): Promise<T> => {
      await this.#context.settle();
      return work(this.#held);
    };
    return this.#context.locks.with(this.name, async (lock) => lock.exclusive(decide, options));
  }
}
