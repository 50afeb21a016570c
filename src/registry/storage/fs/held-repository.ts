/** A repository as a directory, for whoever may change it now. See docs/registry-layout.md for its files, and `journal.ts` for how they change together. */
import { relative, sep } from "node:path";

import { absentAsUndefined, linkAsUndefined } from "../../../errno.ts";
import { isSkillError, throwIfAborted } from "../../../errors.ts";
import type { Digest } from "../../../oci/index.ts";
import { reading } from "../../../store/layout/failure.ts";
import { inOrder } from "../../../store/in-order.ts";
import type { OperationOptions } from "../../../store/types.ts";
import { DAMAGED, orDamaged, unlessDamaged } from "../damaged.ts";
import { checkExpectation, manifestAbsent } from "../failures.ts";
import { pageOf } from "../pages.ts";
import { quotasOf, type QuotaOptions, type Usage } from "../quota.ts";
import type {
  IncomingManifest,
  ManifestListOptions,
  PageOptions,
  RepositoryMetadata,
  StoredManifest,
  TagMove,
} from "../types.ts";
import type { FileChange } from "./changes.ts";
import type { FsContext } from "./context.ts";
import { CountedLinks } from "./counted-links.ts";
import { BlobLinks } from "./links.ts";
import { nameToDigest, type RepositoryPaths } from "./paths.ts";
import {
  decodeRecord,
  decodeTag,
  differs,
  encodeRecord,
  encodeTag,
  MAX_RECORD,
  MAX_TAG,
  recordOf,
  type ManifestRecord,
} from "./records.ts";
import { writing } from "./writing.ts";

/** A repository for whoever holds its lock. */
export class HeldRepository implements RepositoryMetadata {
  readonly name: string;
  readonly #context: FsContext;
  readonly #paths: RepositoryPaths;
  readonly #links: BlobLinks;
  readonly #counted: CountedLinks;

  constructor(name: string, context: FsContext) {
    this.name = name;
    this.#context = context;
    this.#paths = context.disk.paths.repository(name);
    this.#links = new BlobLinks(context.disk, this.#paths);
    this.#counted = new CountedLinks(name, context, this.#links);
  }

  async hasBlob(digest: Digest): Promise<boolean> {
    return this.#links.has(digest);
  }

  async linkBlob(digest: Digest, options: OperationOptions & QuotaOptions = {}): Promise<void> {
    throwIfAborted(options.signal);
    const link = async (): Promise<void> => this.#change([{ write: this.#inside(this.#paths.link(digest)), text: "" }]);
    await this.#counted.link(digest, options, link);
  }

  async touchBlob(digest: Digest): Promise<boolean> {
    return this.#links.touch(digest);
  }

  async unlinkBlob(digest: Digest, { before }: OperationOptions & { readonly before?: number } = {}): Promise<boolean> {
    return this.#counted.unlink(digest, async () => {
      if (before !== undefined) return this.#links.remove(digest, before);
      if (!(await this.hasBlob(digest))) return false;
      await this.#links.forgetRemoved(digest);
      await this.#change([{ remove: this.#inside(this.#paths.link(digest)) }]);
      return true;
    });
  }

  async manifest(digest: Digest): Promise<ManifestRecord | undefined> {
    return this.#context.manifests.get(this.#keyOf(digest), async () => this.#readManifest(digest));
  }

  async putManifest(
    incoming: IncomingManifest,
    move?: TagMove,
    { quotas = [], signal }: OperationOptions & QuotaOptions = {},
  ): Promise<void> {
    throwIfAborted(signal);
    await this.#context.settle();
    const { digest, size } = incoming.descriptor;
    const known = await unlessDamaged(async () => this.manifest(digest));
    const record = recordOf(incoming, known?.stored ?? incoming.stored ?? this.#context.disk.now());
    const changes: FileChange[] = [];
    if (known === undefined || differs(known, incoming)) {
      changes.push({ write: this.#inside(this.#paths.manifest(digest)), text: encodeRecord(record, record.stored) });
      if (known?.subject !== undefined && known.subject !== record.subject) {
        changes.push({ remove: this.#inside(this.#paths.referrer(known.subject, digest)) });
      }
      if (record.subject !== undefined) {
        changes.push({ write: this.#inside(this.#paths.referrer(record.subject, digest)), text: "" });
      }
    }
    const moves = await this.#effective(move === undefined ? [] : [move], digest);
    const write = async (): Promise<void> => this.#changeTags(moves, changes);
    try {
      if (known !== undefined) await write();
      else {
        const bounds = quotasOf(this.name, quotas);
        await this.#context.ledger.adding(this.name, { quotas: bounds, added: { bytes: size, manifests: 1 } }, write);
      }
    } catch (error) {
      this.#forget(digest);
      throw error;
    }
    this.#context.manifests.set(this.#keyOf(digest), record);
    this.#context.manifestDigests.add(this.name, digest);
  }

  async deleteManifest(digest: Digest, options: OperationOptions = {}): Promise<readonly string[] | undefined> {
    throwIfAborted(options.signal);
    await this.#context.settle();
    const known = await orDamaged(async () => this.manifest(digest));
    if (known === undefined) return undefined;
    const removed: string[] = [];
    for await (const [tag, named] of this.#allTags()) if (named === digest) removed.push(tag);
    const changes: FileChange[] = [{ remove: this.#inside(this.#paths.manifest(digest)) }];
    if (known !== DAMAGED && known.subject !== undefined) {
      changes.push({ remove: this.#inside(this.#paths.referrer(known.subject, digest)) });
    }
    const moves = removed.map((tag) => ({ tag, to: undefined }));
    const remove = async (): Promise<void> => this.#changeTags(moves, changes, "tags first");
    const usage: Usage =
      known === DAMAGED ? { bytes: 0, manifests: 0 } : { bytes: known.descriptor.size, manifests: 1 };
    await this.#context.ledger
      .removing(this.name, remove, () => usage)
      .finally(() => {
        this.#forget(digest);
      });
    return removed;
  }

  async tag(name: string): Promise<Digest | undefined> {
    return this.#context.tags.get(this.#keyOf(name), async () => {
      const path = this.#paths.tag(name);
      // A link that somebody put there is no tag of ours: it names nothing, and the next push takes its place.
      const bytes = await reading(path, async () =>
        this.#context.disk.fs.readFile(path, MAX_TAG).catch(absentAsUndefined).catch(linkAsUndefined),
      );
      return bytes === undefined ? undefined : decodeTag(path, bytes);
    });
  }

  async moveTags(moves: readonly TagMove[], options: OperationOptions = {}): Promise<void> {
    throwIfAborted(options.signal);
    await this.#context.settle();
    await this.#changeTags(await this.#effective(moves), []);
  }

  async *tags(options: PageOptions = {}): AsyncGenerator<string, void, undefined> {
    throwIfAborted(options.signal);
    const names = await reading(this.#paths.tags, async () => this.#context.tagNames.of(this.name));
    // A copy: the list changes with the tags, while whoever asked takes one after another.
    const page = Array.from(pageOf(names, options));
    yield* page;
  }

  async *tagged({ signal }: OperationOptions = {}): AsyncGenerator<Digest, void, undefined> {
    for await (const [, digest] of this.#allTags()) {
      throwIfAborted(signal);
      if (digest !== undefined && digest !== DAMAGED) yield digest;
    }
  }

  async *referrers(subject: Digest, options: OperationOptions = {}): AsyncGenerator<StoredManifest, void, undefined> {
    const names = await this.#list(this.#paths.referrers(subject));
    const digests = names.toSorted().flatMap((name) => nameToDigest(name) ?? []);
    for await (const record of inOrder(digests, 8, async (digest) => this.manifest(digest))) {
      throwIfAborted(options.signal);
      // Half of a change is never on the disk, but may be seen while it is made.
      if (record?.subject === subject) yield record;
    }
  }

  async *manifests(options: ManifestListOptions = {}): AsyncGenerator<ManifestRecord, void, undefined> {
    const { remembered = false, unless } = options;
    const { manifestDigests } = this.#context;
    const all = remembered ? await manifestDigests.of(this.name) : await manifestDigests.read(this.name);
    const digests = Array.from(all).filter((digest) => unless?.(digest) !== true);
    for await (const record of inOrder(digests, 16, async (digest) =>
      (remembered ? this.manifest(digest) : this.#readManifest(digest)).catch((error: unknown) => {
        if (!isSkillError(error, "STORE_CORRUPT")) throw error;
        // What was read before it was damaged must not pass for what is on the disk.
        this.#context.manifests.set(this.#keyOf(digest), undefined);
        if (options.onDamaged === undefined) throw error;
        options.onDamaged(digest, error);
        return undefined;
      }),
    )) {
      throwIfAborted(options.signal);
      if (record !== undefined) yield record;
    }
  }

  blobs(options: OperationOptions = {}): AsyncIterable<{ readonly digest: Digest; readonly linked: number }> {
    return this.#links.list(options);
  }

  async exclusively<T>(work: (held: RepositoryMetadata) => Promise<T>): Promise<T> {
    return work(this);
  }

  /** The moves that change something. Throws unless all can be made; `incoming` counts as stored. */
  async #effective(moves: readonly TagMove[], incoming?: Digest): Promise<TagMove[]> {
    const effective: TagMove[] = [];
    for (const move of moves) {
      const current = await this.#named(move.tag);
      checkExpectation(this.name, move, current === DAMAGED ? undefined : current);
      const isThere = move.to === undefined || move.to === incoming || (await this.manifest(move.to)) !== undefined;
      if (!isThere && move.to !== undefined) throw manifestAbsent(this.name, move.tag, move.to);
      if (move.to !== current) effective.push(move);
    }
    return effective;
  }

  /** Changes tags and other files, in such an order that whoever looks meanwhile finds no tag that names nothing. */
  async #changeTags(
    moves: readonly TagMove[],
    others: readonly FileChange[],
    order: "tags first" | "tags last" = "tags last",
  ): Promise<void> {
    const sets = moves.flatMap(({ tag, to }) =>
      to === undefined ? [] : [{ write: this.#inside(this.#paths.tag(tag)), text: encodeTag(to) }],
    );
    const removals = moves.flatMap(({ tag, to }) =>
      to === undefined ? [{ remove: this.#inside(this.#paths.tag(tag)) }] : [],
    );
    const tags: FileChange[] = [...sets, ...removals];
    const { tagNames, tags: remembered } = this.#context;
    try {
      await this.#change(order === "tags first" ? [...tags, ...others] : [...others, ...tags]);
    } catch (error) {
      // What the disk has now is for the disk to say.
      for (const { tag } of moves) remembered.set(this.#keyOf(tag), undefined);
      tagNames.forget(this.name);
      throw error;
    }
    for (const { tag, to } of moves) {
      remembered.set(this.#keyOf(tag), to);
      tagNames.set(this.name, tag, to !== undefined);
    }
  }

  async #change(changes: readonly FileChange[]): Promise<void> {
    await writing(this.#context.disk.paths.repositories, async () => this.#context.change(this.name, changes));
  }

  async *#allTags(): AsyncGenerator<readonly [string, Digest | typeof DAMAGED | undefined], void, undefined> {
    const tags = [...(await this.#context.tagNames.of(this.name))];
    yield* inOrder(tags, 16, async (tag) => [tag, await this.#named(tag)] as const);
  }

  async #named(tag: string): Promise<Digest | typeof DAMAGED | undefined> {
    return orDamaged(async () => this.tag(tag));
  }

  /** What is known of a manifest may be wrong, and whether it is there. */
  #forget(digest: Digest): void {
    this.#context.manifests.set(this.#keyOf(digest), undefined);
    this.#context.manifestDigests.forget(this.name);
  }

  async #readManifest(digest: Digest): Promise<ManifestRecord | undefined> {
    const path = this.#paths.manifest(digest);
    const bytes = await this.#read(path, MAX_RECORD);
    return bytes === undefined ? undefined : decodeRecord(path, digest, bytes);
  }

  async #read(path: string, limit: number): Promise<Uint8Array | undefined> {
    return reading(path, async () => this.#context.disk.fs.readFile(path, limit).catch(absentAsUndefined));
  }

  async #list(directory: string): Promise<string[]> {
    return reading(directory, async () => (await this.#context.disk.fs.list(directory).catch(absentAsUndefined)) ?? []);
  }

  /** A path as the journal has it. */
  #inside(path: string): string {
    return relative(this.#context.disk.paths.repositories, path).split(sep).join("/");
  }

  #keyOf(what: string): string {
    return `${this.name}:${what}`;
  }
}
