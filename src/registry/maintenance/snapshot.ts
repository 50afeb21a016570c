/** What a repository has at one moment, while others change it. */
import { isSkillError, type SkillError } from "../../errors.ts";
import type { Digest } from "../../oci/index.ts";
import type { OperationOptions } from "../../store/types.ts";
import { recoverManifest } from "../storage/recover.ts";
import type { RegistryStorage, RepositoryMetadata } from "../storage/types.ts";

const LOOKS = 5;

/** A manifest with what it refers to. What else is known of it is asked for when its turn comes: a referrer says up to 4 MiB. */
export interface ListedManifest {
  readonly digest: Digest;
  readonly references: readonly Digest[];
}

export interface Snapshot {
  readonly tags: ReadonlyMap<string, Digest>;
  readonly manifests: ReadonlyMap<Digest, ListedManifest>;
  /** Tags and manifests that are there and cannot be read, with what is wrong. */
  readonly damagedTags: ReadonlyMap<string, string>;
  readonly damaged: ReadonlyMap<Digest, string>;
}

/**
 * Looks at tags before and after manifests, until both looks agree. Where a repository never stands still, the tags are those
 * before the manifests, so that what they name is among them.
 */
export async function lookAt(repository: RepositoryMetadata, options: OperationOptions): Promise<Snapshot> {
  let before = await tagsOf(repository, options);
  for (let look = 1; ; look += 1) {
    const manifests = new Map<Digest, ListedManifest>();
    const damaged = new Map<Digest, string>();
    const onDamaged = (digest: Digest, { message }: SkillError): unknown => damaged.set(digest, message);
    for await (const { descriptor, references } of repository.manifests({ ...options, onDamaged })) {
      manifests.set(descriptor.digest, { digest: descriptor.digest, references });
    }
    const { tags } = before;
    const now = await tagsOf(repository, options);
    const isSame = now.tags.size === tags.size && [...now.tags].every(([tag, digest]) => tags.get(tag) === digest);
    if (isSame || look === LOOKS) return { ...before, manifests, damaged };
    before = now;
  }
}

/** With what the bytes of damaged manifests say of them, where those are sound. */
export async function recovered(
  storage: RegistryStorage,
  repository: RepositoryMetadata,
  seen: Snapshot,
  options: OperationOptions,
): Promise<Snapshot> {
  if (seen.damaged.size === 0) return seen;
  const [manifests, damaged] = [new Map(seen.manifests), new Map(seen.damaged)];
  for (const digest of seen.damaged.keys()) {
    const manifest = await recoverManifest(storage, repository, digest, options);
    if (manifest === undefined) continue;
    manifests.set(digest, { digest, references: manifest.references });
    damaged.delete(digest);
  }
  return { ...seen, manifests, damaged };
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

/** The manifests, each after those that it lists. */
export function* listedFirst({ manifests }: Snapshot): Generator<ListedManifest, void, undefined> {
  const entered = new Set<Digest>();
  for (const root of manifests.values()) {
    const open = [frameOf(root)];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const { done, value } = top.rest.next();
      if (done === true) {
        open.pop();
        if (!entered.has(top.manifest.digest)) yield top.manifest;
        entered.add(top.manifest.digest);
        continue;
      }
      const listed = manifests.get(value);
      if (listed !== undefined && !entered.has(value)) open.push(frameOf(listed));
    }
  }
}

function frameOf(manifest: ListedManifest): { manifest: ListedManifest; rest: Iterator<Digest, undefined> } {
  return { manifest, rest: manifest.references.values() };
}

/** The manifests of a repository that some of them need, themselves included. */
export function neededBy(roots: readonly Digest[], { manifests, damaged }: Snapshot): Set<Digest> {
  const needed = new Set(roots);
  for (const digest of needed) {
    for (const each of manifests.get(digest)?.references ?? [])
      if (manifests.has(each) || damaged.has(each)) needed.add(each);
  }
  return needed;
}
