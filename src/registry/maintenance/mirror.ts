/**
 * One registry made like another that is in use. A repository is looked at twice, until both looks agree on its tags; what
 * manifests refer to is copied before them, and they before the tags, so that the copy is whole at any moment. What the source
 * has lost or cannot read is no reason to remove anything: the copy may be the only good one.
 */
import { readAll } from "../../content/index.ts";
import { isSkillError, SkillError, throwIfAborted } from "../../errors.ts";
import type { Digest } from "../../oci/index.ts";
import { inOrder } from "../../store/in-order.ts";
import type { OperationOptions } from "../../store/types.ts";
import type { RegistryStorage, RepositoryMetadata, StoredBlob, StoredManifest, TagMove } from "../storage/types.ts";

/** Up to so many bytes, a blob is copied in memory. */
const SMALL = 1024 ** 2;
const LOOKS = 5;
const DAMAGES: ReadonlySet<string> = new Set(["NOT_FOUND", "DIGEST_MISMATCH", "FILE_UNREADABLE", "STORE_CORRUPT"]);

export interface MirrorOptions extends OperationOptions {
  /** Called after each repository. */
  readonly onRepository?: (name: string) => void;
}

/** An image that the source has no more as it should, with the first thing that is wrong. */
export interface MissingImage {
  readonly repository: string;
  /** Left out of a tag that is damaged, and not in the copy either. */
  readonly manifest?: Digest;
  readonly message: string;
  /** Whether the copy has it whole all the same, from an earlier time. */
  readonly isKept: boolean;
}

export interface MirrorReport {
  /** Those of which the copy has a manifest. */
  readonly repositories: number;
  /** All that the copy has now, like `tags`. */
  readonly manifests: number;
  readonly tags: number;
  /** Blobs that were copied; those that the target had already are not counted. */
  readonly blobs: number;
  readonly bytes: number;
  /** What could not be copied because the source lacks a part or has it damaged; each with all that it concerns. */
  readonly missing: readonly MissingImage[];
}

interface Snapshot {
  readonly tags: ReadonlyMap<string, Digest>;
  readonly manifests: ReadonlyMap<Digest, StoredManifest & { readonly references: readonly Digest[] }>;
  /** Tags and manifests that are there and cannot be read, with what is wrong. */
  readonly damagedTags: ReadonlyMap<string, string>;
  readonly damaged: ReadonlyMap<Digest, string>;
}

/**
 * Copies all repositories, removing from the target what is not of the source any more. Only what is new is copied. A tag whose
 * image cannot be copied stays as it is in the target, with what it names there.
 */
export async function mirror(
  source: RegistryStorage,
  target: RegistryStorage,
  options: MirrorOptions = {},
): Promise<MirrorReport> {
  const run = new MirrorRun(source, target, options);
  const names = new Set<string>();
  for await (const name of source.metadata.repositories(options)) {
    names.add(name);
    await run.copyRepository(name);
    options.onRepository?.(name);
  }
  for await (const name of target.metadata.repositories(options)) if (!names.has(name)) await run.copyRepository(name);
  return run.report;
}

/** Thrown for what the source lacks or has damaged; failures of the target are not of this class. */
class SourceDamage extends SkillError {}

/** `gone`: it was deleted while it was copied. */
type Outcome = "copied" | "lost" | "gone";

class MirrorRun {
  readonly report = { repositories: 0, manifests: 0, tags: 0, blobs: 0, bytes: 0, missing: [] as MissingImage[] };
  readonly #source: RegistryStorage;
  readonly #target: RegistryStorage;
  readonly #options: MirrorOptions;

  constructor(source: RegistryStorage, target: RegistryStorage, options: MirrorOptions) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
  }

  async copyRepository(name: string): Promise<void> {
    const [from, to] = [this.#source.metadata.repository(name), this.#target.metadata.repository(name)];
    const { tags, manifests, damaged, damagedTags } = await lookAt(from, this.#options);
    const outcomes = new Map<Digest, Outcome>();
    for (const [digest, manifest] of manifests) {
      throwIfAborted(this.#options.signal);
      outcomes.set(digest, await this.#copyManifest(from, to, manifest));
    }
    const held = await lookAt(to, this.#options);
    for (const [digest, message] of damaged) {
      const isKept = held.manifests.has(digest);
      outcomes.set(digest, isKept ? "copied" : "lost");
      this.report.missing.push({ repository: name, manifest: digest, message, isKept });
    }
    const sets: TagMove[] = [];
    const kept = new Set<string>();
    for (const [tag, message] of damagedTags) {
      const manifest = held.tags.get(tag);
      if (manifest !== undefined) kept.add(tag);
      const found = manifest === undefined ? { isKept: false } : { manifest, isKept: true };
      this.report.missing.push({ repository: name, message, ...found });
    }
    for (const [tag, digest] of tags) {
      const outcome = outcomes.get(digest) ?? (await this.#findLost(from, tag, digest, held));
      if (outcome === "copied") sets.push({ tag, to: digest });
      else if (outcome === "lost" && held.tags.has(tag)) kept.add(tag);
    }
    const names = new Set([...sets.map(({ tag }) => tag), ...kept]);
    const removals = [...held.tags.keys(), ...held.damagedTags.keys()]
      .filter((tag) => !names.has(tag))
      .map((tag) => ({ tag, to: undefined }));
    const moves: readonly TagMove[] = [...sets, ...removals];
    if (moves.length > 0) await to.moveTags(moves, this.#options);
    const named = [...[...kept].map((tag) => held.tags.get(tag)), ...sets.map(({ to: digest }) => digest)];
    const needed = neededBy(
      named.filter((digest) => digest !== undefined),
      held,
    );
    const unwanted = [...held.manifests.keys()].filter(
      (digest) => !manifests.has(digest) && !damaged.has(digest) && !needed.has(digest),
    );
    for (const digest of unwanted) await to.deleteManifest(digest);
    const count = held.manifests.size - unwanted.length;
    if (count > 0) this.report.repositories += 1;
    this.report.manifests += count;
    this.report.tags += names.size;
  }

  /** What became of the manifest that a tag names, when the source does not list it: nobody but a damaged disk takes it from under a tag. */
  async #findLost(from: RepositoryMetadata, tag: string, digest: Digest, held: Snapshot): Promise<Outcome> {
    if ((await from.manifest(digest)) !== undefined || (await from.tag(tag, this.#options)) !== digest) return "gone";
    const isKept = held.manifests.has(digest);
    const message = `the tag ${tag} names it, and it is missing`;
    this.report.missing.push({ repository: from.name, manifest: digest, message, isKept });
    return isKept ? "copied" : "lost";
  }

  /** `copied`: the target has it whole now, be it that it had before what the source lacks. */
  async #copyManifest(
    from: RepositoryMetadata,
    to: RepositoryMetadata,
    manifest: StoredManifest & { readonly references: readonly Digest[] },
  ): Promise<Outcome> {
    const { digest } = manifest.descriptor;
    let damage: SourceDamage | undefined;
    let isKept = true;
    try {
      for await (const part of inOrder(new Set(manifest.references), 4, async (each) =>
        this.#copyPart(from, to, each),
      )) {
        damage ??= part.damage;
        if (part.link !== undefined) await to.linkBlob(part.link);
      }
      const own = await this.#copyBlob(digest);
      damage ??= own;
      await to.putManifest(manifest, undefined, this.#options);
    } catch (error) {
      if (!(error instanceof SourceDamage)) throw error;
      damage = error;
      isKept = false;
    }
    if (damage === undefined) return "copied";
    if ((await from.manifest(digest)) === undefined) return "gone";
    this.report.missing.push({ repository: from.name, manifest: digest, message: damage.message, isKept });
    return isKept ? "copied" : "lost";
  }

  /** `link`: the repository is to have it as a blob; manifests of an index are copied on their own. `damage` as of {@link #copyBlob}. */
  async #copyPart(
    from: RepositoryMetadata,
    to: RepositoryMetadata,
    digest: Digest,
  ): Promise<{ readonly link?: Digest; readonly damage?: SourceDamage }> {
    if (!(await from.hasBlob(digest)) && (await from.manifest(digest).catch(throwDamage)) !== undefined) return {};
    const damage = await this.#copyBlob(digest);
    return {
      ...((await to.hasBlob(digest)) ? {} : { link: digest }),
      ...(damage === undefined ? {} : { damage }),
    };
  }

  /** Resolves to what is wrong in the source when the target has it whole all the same; throws it when the target has not. */
  async #copyBlob(digest: Digest): Promise<SourceDamage | undefined> {
    try {
      const blob = await this.#source.blobs.stat(digest).catch(throwDamage);
      if (blob === undefined) throw new SourceDamage("NOT_FOUND", `${digest} is missing`);
      const there = await this.#target.blobs.stat(digest);
      if (there?.size === blob.size && (await this.#target.blobs.touch(digest))) return undefined;
      await this.#transfer(blob);
      this.report.blobs += 1;
      this.report.bytes += blob.size;
      return undefined;
    } catch (error) {
      if (error instanceof SourceDamage && (await this.#isWholeInTarget(digest))) return error;
      throw error;
    }
  }

  async #isWholeInTarget(digest: Digest): Promise<boolean> {
    const { blobs } = this.#target;
    try {
      for await (const _ of blobs.read(digest, { ...this.#options, fresh: true, transient: true }));
      return await blobs.touch(digest);
    } catch (error) {
      if (isDamage(error)) return false;
      throw error;
    }
  }

  async #transfer({ digest, size }: StoredBlob): Promise<void> {
    const { blobs } = this.#target;
    const content = readSource(this.#source, digest, this.#options);
    if (size <= SMALL) return blobs.put(digest, await readAll(content, this.#options), this.#options);
    const { id } = await blobs.uploads.begin("backup", this.#options);
    try {
      await blobs.uploads.append(id, 0, content, this.#options);
      await blobs.uploads.finish(id, digest, this.#options);
    } catch (error) {
      await blobs.uploads.cancel(id);
      throw error;
    }
  }
}

async function* readSource(
  { blobs }: RegistryStorage,
  digest: Digest,
  options: OperationOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* blobs.read(digest, options);
  } catch (error) {
    throwDamage(error);
  }
}

function isDamage(error: unknown): error is SkillError {
  return isSkillError(error) && DAMAGES.has(error.code);
}

function throwDamage(error: unknown): never {
  throw isDamage(error) ? new SourceDamage(error.code, error.message, { cause: error }) : error;
}

/** The manifests of a repository that some of them need, themselves included. */
function neededBy(roots: readonly Digest[], { manifests }: Snapshot): Set<Digest> {
  const needed = new Set(roots);
  for (const digest of needed) {
    for (const each of manifests.get(digest)?.references ?? []) if (manifests.has(each)) needed.add(each);
  }
  return needed;
}

/** Tags and manifests of one moment, unless the repository never stands still. */
async function lookAt(repository: RepositoryMetadata, options: OperationOptions): Promise<Snapshot> {
  let before = await tagsOf(repository, options);
  for (let look = 1; ; look += 1) {
    const manifests: Snapshot["manifests"] extends ReadonlyMap<infer K, infer V> ? Map<K, V> : never = new Map();
    const damaged = new Map<Digest, string>();
    const onDamaged = (digest: Digest, { message }: SkillError): unknown => damaged.set(digest, message);
    for await (const manifest of repository.manifests({ ...options, onDamaged })) {
      manifests.set(manifest.descriptor.digest, manifest);
    }
    const now = await tagsOf(repository, options);
    const isSame =
      now.tags.size === before.tags.size && [...now.tags].every(([tag, digest]) => before.tags.get(tag) === digest);
    if (isSame || look === LOOKS) return { ...now, manifests, damaged };
    before = now;
  }
}

async function tagsOf(
  repository: RepositoryMetadata,
  options: OperationOptions,
): Promise<Pick<Snapshot, "tags" | "damagedTags">> {
  const tags = new Map<string, Digest>();
  const damagedTags = new Map<string, string>();
  for await (const tag of repository.tags(options)) {
    try {
      const digest = await repository.tag(tag, options);
      if (digest !== undefined) tags.set(tag, digest);
    } catch (error) {
      if (!isSkillError(error, "STORE_CORRUPT")) throw error;
      damagedTags.set(tag, error.message);
    }
  }
  return { tags, damagedTags };
}
