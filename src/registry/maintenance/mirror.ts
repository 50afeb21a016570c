/**
 * One registry made like another that is in use. A repository is looked at twice, until both looks agree on its tags; what
 * manifests refer to is copied before them, and they before the tags, so that the copy is whole at any moment.
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

export interface MirrorOptions extends OperationOptions {
  /** Called after each repository. */
  readonly onRepository?: (name: string) => void;
}

export interface MirrorReport {
  readonly repositories: number;
  readonly manifests: number;
  readonly tags: number;
  /** Blobs that were copied; those that the target had already are not counted. */
  readonly blobs: number;
  readonly bytes: number;
  /** What could not be copied because the source lacks it or has it damaged; each with all that it concerns. */
  readonly missing: readonly { readonly repository: string; readonly manifest: Digest; readonly message: string }[];
}

interface Snapshot {
  readonly tags: ReadonlyMap<string, Digest>;
  readonly manifests: ReadonlyMap<Digest, StoredManifest & { readonly references: readonly Digest[] }>;
}

/** Copies all repositories, removing from the target what the source does not have. Only what is new is copied. */
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
  return { ...run.report, repositories: names.size };
}

class MirrorRun {
  readonly report = { manifests: 0, tags: 0, blobs: 0, bytes: 0, missing: [] as MirrorReport["missing"][number][] };
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
    const { tags, manifests } = await lookAt(from, this.#options);
    const copied = new Set<Digest>();
    for (const [digest, manifest] of manifests) {
      throwIfAborted(this.#options.signal);
      if (await this.#copyManifest(from, to, manifest)) copied.add(digest);
    }
    const held = await lookAt(to, this.#options);
    const sets = [...tags].filter(([, digest]) => copied.has(digest)).map(([tag, digest]) => ({ tag, to: digest }));
    const names = new Set(sets.map(({ tag }) => tag));
    const removals = [...held.tags.keys()].filter((tag) => !names.has(tag)).map((tag) => ({ tag, to: undefined }));
    const moves: readonly TagMove[] = [...sets, ...removals];
    if (moves.length > 0) await to.moveTags(moves, this.#options);
    for (const digest of held.manifests.keys()) if (!manifests.has(digest)) await to.deleteManifest(digest);
    this.report.manifests += copied.size;
    this.report.tags += sets.length;
  }

  /** Resolves to whether the target has it now. One that was deleted meanwhile is left out silently. */
  async #copyManifest(
    from: RepositoryMetadata,
    to: RepositoryMetadata,
    manifest: StoredManifest & { readonly references: readonly Digest[] },
  ): Promise<boolean> {
    const { digest } = manifest.descriptor;
    try {
      for await (const held of inOrder(new Set(manifest.references), 4, async (each) =>
        this.#copyPart(from, to, each),
      )) {
        if (held !== undefined) await to.linkBlob(held);
      }
      await this.#copyBlob(digest);
      await to.putManifest(manifest, undefined, this.#options);
      return true;
    } catch (error) {
      const isMissing = isSkillError(error, "NOT_FOUND") || isSkillError(error, "DIGEST_MISMATCH");
      if (!isMissing) throw error;
      if ((await from.manifest(digest)) === undefined) return false;
      this.report.missing.push({ repository: from.name, manifest: digest, message: error.message });
      return false;
    }
  }

  /** Resolves to the digest if the repository is to have it as a blob; manifests of an index are copied on their own. */
  async #copyPart(from: RepositoryMetadata, to: RepositoryMetadata, digest: Digest): Promise<Digest | undefined> {
    if (!(await from.hasBlob(digest)) && (await from.manifest(digest)) !== undefined) return undefined;
    await this.#copyBlob(digest);
    return (await to.hasBlob(digest)) ? undefined : digest;
  }

  async #copyBlob(digest: Digest): Promise<void> {
    const [blob, there] = await Promise.all([this.#source.blobs.stat(digest), this.#target.blobs.stat(digest)]);
    if (blob === undefined) throw new SkillError("NOT_FOUND", `${digest} is missing`);
    if (there?.size === blob.size && (await this.#target.blobs.touch(digest))) return;
    await this.#transfer(blob);
    this.report.blobs += 1;
    this.report.bytes += blob.size;
  }

  async #transfer({ digest, size }: StoredBlob): Promise<void> {
    const { blobs } = this.#target;
    const content = this.#source.blobs.read(digest, this.#options);
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

/** Tags and manifests of one moment, unless the repository never stands still. Tags without their manifest are left out. */
async function lookAt(repository: RepositoryMetadata, options: OperationOptions): Promise<Snapshot> {
  let tags = await tagsOf(repository, options);
  for (let look = 1; ; look += 1) {
    const manifests: Snapshot["manifests"] extends ReadonlyMap<infer K, infer V> ? Map<K, V> : never = new Map();
    for await (const manifest of repository.manifests(options)) manifests.set(manifest.descriptor.digest, manifest);
    const again = await tagsOf(repository, options);
    const isSame = again.size === tags.size && [...again].every(([tag, digest]) => tags.get(tag) === digest);
    if (isSame || look === LOOKS) return { tags: again, manifests };
    tags = again;
  }
}

async function tagsOf(repository: RepositoryMetadata, options: OperationOptions): Promise<Map<string, Digest>> {
  const tags = new Map<string, Digest>();
  for await (const tag of repository.tags(options)) {
    const digest = await repository.tag(tag, options);
    if (digest !== undefined) tags.set(tag, digest);
  }
  return tags;
}
