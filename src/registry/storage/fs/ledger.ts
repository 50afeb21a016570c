/**
 * What repositories hold, counted in the one process that adds to them. It is read from the disk when somebody first asks, and kept
 * from then on. Another process may take away, never add: so a count is too high at worst, and before anybody is refused
 * for it, the disk is read again.
 */
import { SkillError } from "../../../errors.ts";
import type { Digest } from "../../../oci/index.ts";
import { checkRoom, namespacesOf, NOTHING, type Quota, type Usage } from "../quota.ts";

/** A repository as the disk has it. */
export interface Count extends Usage {
  /** Blobs that it has, but whose bytes are gone: a push that heals one adds to it. */
  readonly absent: ReadonlySet<Digest>;
}

/** Where counts come from. */
export interface LedgerSource {
  count(repository: string): Promise<Count>;
  names(): AsyncIterable<string>;
}

interface Account {
  /** `undefined`: not counted yet. */
  count: Count | undefined;
  /** Whether the count may be too high, because nobody knows what a change came to. */
  isStale: boolean;
  /** Changes under way, and all that began or ended. */
  running: number;
  turns: number;
}

/** How often a repository is read that changes meanwhile. */
const LOOKS = 5;
/** Milliseconds for which what was read from the disk is good enough to refuse somebody. */
const FRESH = 2000;
const EMPTY: Count = { ...NOTHING, absent: new Set() };

export class Ledger {
  readonly #source: LedgerSource;
  readonly #now: () => number;
  readonly #accounts = new Map<string, Account>();
  /** Of every namespace, with what is about to be added to it. */
  readonly #totals = new Map<string, Usage>();
  #isLoaded = false;
  /** Counts changes of which nobody said here what they come to. */
  #late = 0;
  #loading: Promise<void> | undefined;
  #lastRead = -Infinity;

  /** `now`: a clock that is never set back, in milliseconds. */
  constructor(source: LedgerSource, now: () => number = () => performance.now()) {
    this.#source = source;
    this.#now = now;
  }

  /** `fresh`: reads the disk again, unless that was done a moment ago. */
  async usage(namespace: string, { fresh = false }: { readonly fresh?: boolean } = {}): Promise<Usage> {
    await this.#load({ again: fresh && !this.#isFresh });
    return this.#totals.get(namespace) ?? NOTHING;
  }

  /** Says that something was changed of which whoever did it was told that it was not: all is counted again. */
  changedLate(): void {
    this.#isLoaded = false;
    this.#late += 1;
    for (const account of this.#accounts.values()) account.turns += 1;
  }

  /** Whether the bytes of a blob were gone when its repository was counted. */
  isAbsent(repository: string, digest: Digest): boolean {
    return this.#accounts.get(repository)?.count?.absent.has(digest) ?? false;
  }

  /**
   * Has `write` add to a repository, if there is room; `quotas` are those that bound it. The room is taken before, so that nobody
   * else gets it meanwhile. Throws `QUOTA_EXCEEDED`, and what reading the disk throws.
   */
  async adding<T>(
    repository: string,
    { quotas, added, healed }: { readonly quotas: readonly Quota[]; readonly added: Usage; readonly healed?: Digest },
    write: () => Promise<T>,
  ): Promise<T> {
    if (quotas.length > 0) await this.#prepare(quotas, added);
    else if (!this.#isLoaded) await this.#loading?.catch(ignore);
    // From the check until it is added nothing waits, so that nobody comes between.
    this.#checkRoom(quotas, added);
    const account = this.#begin(repository);
    this.#add(repository, account, added, healed);
    try {
      return await write();
    } catch (error) {
      // A disk that failed may have kept it after all.
      account.isStale = true;
      throw error;
    } finally {
      this.#end(repository, account);
    }
  }

  /** Has `remove` take something away; `removed` says what that was, `undefined` when nobody knows. */
  async removing<T>(
    repository: string,
    remove: () => Promise<T>,
    removed: (result: T) => Usage | undefined,
  ): Promise<T> {
    const account = this.#begin(repository);
    let usage: Usage | undefined;
    try {
      const result = await remove();
      usage = removed(result);
      return result;
    } finally {
      if (usage === undefined) account.isStale = true;
      else this.#add(repository, account, { bytes: -usage.bytes, manifests: -usage.manifests });
      this.#end(repository, account);
    }
  }

  /** Reads what must be known to decide; again, when it may be too high. */
  async #prepare(quotas: readonly Quota[], added: Usage): Promise<void> {
    await this.#load();
    try {
      this.#checkRoom(quotas, added);
    } catch {
      if (!this.#isFresh) await this.#load({ again: true });
    }
  }

  #checkRoom(quotas: readonly Quota[], added: Usage): void {
    for (const quota of quotas) checkRoom(quota, this.#totals.get(quota.namespace) ?? NOTHING, added);
  }

  get #isFresh(): boolean {
    return this.#now() - this.#lastRead < FRESH && ![...this.#accounts.values()].some(({ isStale }) => isStale);
  }

  #begin(repository: string): Account {
    const account = this.#account(repository);
    account.running += 1;
    account.turns += 1;
    return account;
  }

  #end(repository: string, account: Account): void {
    account.running -= 1;
    account.turns += 1;
    // As long as nobody asks for counts, none are kept.
    if (account.running === 0 && account.count === undefined && this.#loading === undefined) {
      this.#accounts.delete(repository);
    }
  }

  /** A repository that was not there when all were counted held nothing then. */
  #account(repository: string): Account {
    let account = this.#accounts.get(repository);
    if (account === undefined) {
      account = { count: this.#isLoaded ? EMPTY : undefined, isStale: false, running: 0, turns: 0 };
      this.#accounts.set(repository, account);
    }
    return account;
  }

  #add(repository: string, account: Account, { bytes, manifests }: Usage, healed?: Digest): void {
    const { count } = account;
    if (count === undefined) return;
    const absent = healed === undefined ? count.absent : new Set([...count.absent].filter((each) => each !== healed));
    this.#set(repository, account, { bytes: count.bytes + bytes, manifests: count.manifests + manifests, absent });
  }

  #set(repository: string, account: Account, count: Count): void {
    const before = account.count ?? NOTHING;
    account.count = count;
    for (const namespace of namespacesOf(repository)) {
      const total = this.#totals.get(namespace) ?? NOTHING;
      this.#totals.set(namespace, {
        bytes: total.bytes + count.bytes - before.bytes,
        manifests: total.manifests + count.manifests - before.manifests,
      });
    }
  }

  /** One reading at a time, whoever asks for it. */
  async #load({ again = false } = {}): Promise<void> {
    if (this.#isLoaded && !again) return;
    this.#loading ??= this.#readAll().finally(() => (this.#loading = undefined));
    await this.#loading;
  }

  async #readAll(): Promise<void> {
    for (let look = 0; look < LOOKS; look += 1) {
      const late = this.#late;
      // Those, too, that are gone.
      const names = new Set(this.#accounts.keys());
      for await (const name of this.#source.names()) names.add(name);
      for (const name of names) await this.#readOne(name);
      // And those that came meanwhile.
      for (const [name, { count }] of this.#accounts) if (count === undefined) await this.#readOne(name);
      this.#isLoaded = late === this.#late;
      if (this.#isLoaded) break;
    }
    this.#lastRead = this.#now();
  }

  /** One that never stands still keeps the count that it has; without any, nobody can tell what it holds. */
  async #readOne(repository: string): Promise<void> {
    const account = this.#account(repository);
    for (let look = 0; look < LOOKS; look += 1) {
      const { turns } = account;
      const count = await this.#source.count(repository);
      if (account.turns !== turns || account.running > 0) continue;
      account.isStale = false;
      this.#set(repository, account, count);
      return;
    }
    if (account.count === undefined) {
      throw new SkillError(
        "STORE_LOCKED",
        `what ${repository} holds could not be counted, because it never stands still`,
      );
    }
  }
}

function ignore(): void {
  // Whoever needs the count reads again, and meets the same failure.
}
