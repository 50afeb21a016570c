/** What the parts of a registry's directory share. */
import { SkillError } from "../../../errors.ts";
import type { Digest } from "../../../oci/index.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import { RepositoryLocks } from "../repository-lock.ts";
import type { FileChange } from "./changes.ts";
import { Journal } from "./journal.ts";
import { countRepository } from "./count.ts";
import { Ledger } from "./ledger.ts";
import { ManifestDigests } from "./manifest-lists.ts";
import type { RegistryPaths } from "./paths.ts";
import type { Ownership } from "./ownership.ts";
import { RecentValues } from "./recent.ts";
import { weightOf, type ManifestRecord } from "./records.ts";
import { RepositoryNames } from "./repository-names.ts";
import { TagNames } from "./tag-lists.ts";
import { writing } from "./writing.ts";

/** So many tags are remembered, and manifests that are no larger than most: some ten megabytes. */
const REMEMBERED = 20_000;

export class FsContext {
  readonly disk: Disk<RegistryPaths>;
  readonly locks = new RepositoryLocks();
  /** Of blobs that are given to a repository and taken from it, where it is counted what repositories hold. */
  readonly linkLocks = new RepositoryLocks();
  readonly ledger: Ledger;
  /** What was read lately; nothing is kept where another process may change it. */
  readonly tags: RecentValues<Digest>;
  readonly manifests: RecentValues<ManifestRecord>;
  readonly tagNames: TagNames;
  readonly manifestDigests: ManifestDigests;
  readonly repositoryNames: RepositoryNames;
  readonly journal: Journal;
  /** Whether this is the process that changes repositories. */
  readonly isOwner: boolean;
  readonly #ownership: Ownership | undefined;

  /** `ownership`: that of the process that changes repositories. */
  constructor(disk: Disk<RegistryPaths>, ownership: Ownership | undefined) {
    const isOwner = ownership !== undefined;
    this.disk = disk;
    this.isOwner = isOwner;
    this.#ownership = ownership;
    this.journal = new Journal(disk, {
      changedLate: () => this.#forget(),
      mayStill: async () => {
        if ((await ownership?.isKept()) !== true) throw this.#inUse();
      },
    });
    this.tags = new RecentValues(isOwner ? REMEMBERED : 0);
    this.manifests = new RecentValues(isOwner ? REMEMBERED : 0, weightOf);
    this.tagNames = new TagNames(disk, isOwner);
    this.manifestDigests = new ManifestDigests(disk, isOwner);
    this.repositoryNames = new RepositoryNames(disk, isOwner);
    this.ledger = new Ledger({
      count: async (repository) => countRepository(disk, repository),
      names: () => this.repositoryNames.page({}),
    });
  }

  #forget(): void {
    this.tags.clear();
    this.manifests.clear();
    this.tagNames.clear();
    this.manifestDigests.clear();
    this.ledger.changedLate();
  }

  /** To be waited for by whoever is about to decide on a change, with the lock for it. See {@link Journal.settle}. */
  async settle(): Promise<void> {
    if (!this.journal.isSettled) await writing(this.disk.paths.repositories, async () => this.journal.settle());
  }

  /** Changes files of a repository, all or none. Throws `STORE_LOCKED` when that is another process's work. */
  async change(repository: string, changes: readonly FileChange[]): Promise<void> {
    if (this.#ownership?.isLost() !== false) throw this.#inUse();
    try {
      await this.journal.commit(changes);
    } finally {
      // Also after a failure: the disk may have kept it.
      if (changes.length > 0) this.repositoryNames.changed(repository);
    }
  }

  #inUse(): SkillError {
    const { root } = this.disk.paths;
    return new SkillError("STORE_LOCKED", `${root} is in use: only the server that uses it changes repositories`, {
      hint: "Ask that server, or stop it first.",
    });
  }
}
