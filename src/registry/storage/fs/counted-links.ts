import type { Digest } from "../../../oci/index.ts";
import { reading } from "../../../store/layout/failure.ts";
import { NOTHING, quotasOf, type QuotaOptions } from "../quota.ts";
import type { FsContext } from "./context.ts";
import type { BlobLinks } from "./links.ts";

/** Which blobs a repository has, as changes of what it holds: each blob is counted when it comes and when it goes, once. */
export class CountedLinks {
  readonly #repository: string;
  readonly #context: FsContext;
  readonly #links: BlobLinks;

  constructor(repository: string, context: FsContext, links: BlobLinks) {
    this.#repository = repository;
    this.#context = context;
    this.#links = links;
  }

  /** Touches the link, or has `link` make it if there is room. Throws `QUOTA_EXCEEDED`. */
  async link(digest: Digest, { quotas = [] }: QuotaOptions, link: () => Promise<void>): Promise<void> {
    const { ledger } = this.#context;
    await this.#alone(digest, async () => {
      const isThere = await this.#links.touch(digest);
      // The bytes of one that was there may be new.
      if (isThere && !ledger.isAbsent(this.#repository, digest)) return;
      const added = { bytes: (await this.#sizeOf(digest)) ?? 0, manifests: 0 };
      const bounds = quotasOf(this.#repository, quotas);
      await ledger.adding(this.#repository, { quotas: bounds, added, healed: digest }, async () => {
        if (!isThere) await link();
      });
    });
  }

  /** Has `unlink` take it away, and resolves to what that does: whether it did. */
  async unlink(digest: Digest, unlink: () => Promise<boolean>): Promise<boolean> {
    const { ledger } = this.#context;
    return this.#alone(digest, async () => {
      const bytes = ledger.isAbsent(this.#repository, digest) ? 0 : await this.#sizeOf(digest);
      const usage = bytes === undefined ? undefined : { bytes, manifests: 0 };
      return ledger.removing(this.#repository, unlink, (isRemoved) => (isRemoved ? usage : NOTHING));
    });
  }

  async #alone<T>(digest: Digest, work: () => Promise<T>): Promise<T> {
    const decide = async (): Promise<T> => {
      await this.#context.settle();
      return work();
    };
    return this.#context.linkLocks.with(this.#repository, async (lock) => lock.shared([digest], decide));
  }

  /** Bytes of a blob, whoever has it; `undefined` when it is not there. */
  async #sizeOf(digest: Digest): Promise<number | undefined> {
    const { fs, paths } = this.#context.disk;
    const path = paths.blob(digest);
    return (await reading(path, async () => fs.status(path)))?.size;
  }
}
