/**
 * One registry made like another that is in use. A repository is looked at twice, until both looks agree on its tags; what
 * manifests refer to is copied before them, and they before the tags, so that the copy is whole at any moment. What the source
 * has lost or cannot read is no reason to remove anything: the copy may be the only good one.
 */
import { throwIfAborted } from "../../errors.ts";
import type { Digest } from "../../oci/index.ts";
import { inOrder } from "../../store/in-order.ts";
import type { OperationOptions } from "../../store/types.ts";
import { DAMAGED, orDamaged, unlessDamaged } from "../storage/damaged.ts";
import { healRepository, recoverManifest } from "../storage/recover.ts";
import type { IncomingManifest, RegistryStorage, RepositoryMetadata, TagMove } from "../storage/types.ts";
import { BlobCopier, SourceDamage } from "./blob-copier.ts";
import { listedFirst, lookAt, neededBy, recovered, type ListedManifest, type Snapshot } from "./snapshot.ts";

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

/** `lost`: the source cannot give it. `gone`: it changed while it was copied. */
type Outcome = "copied" | "lost" | "gone";

class MirrorRun {
  readonly #source: RegistryStorage;
  readonly #target: RegistryStorage;
  readonly #options: MirrorOptions;
  readonly #copier: BlobCopier;
  readonly #held = { repositories: 0, manifests: 0, tags: 0 };
  readonly #missing: MissingImage[] = [];

  constructor(source: RegistryStorage, target: RegistryStorage, options: MirrorOptions) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
    this.#copier = new BlobCopier(source, target, options);
  }

  get report(): MirrorReport {
    const { blobs, bytes } = this.#copier;
    return { ...this.#held, blobs, bytes, missing: this.#missing };
  }

  async copyRepository(name: string): Promise<void> {
    const [from, to] = [this.#source.metadata.repository(name), this.#target.metadata.repository(name)];
    const seen = await recovered(this.#source, from, await lookAt(from, this.#options), this.#options);
    const outcomes = await this.#copyManifests(from, to, seen);
    const held = await this.#lookAtTarget(to);
    const { sets, kept } = await this.#decideTags(from, seen, held, outcomes);
    const names = new Set([...sets.keys(), ...kept.keys()]);
    const removals = [...held.tags.keys(), ...held.damagedTags.keys()].filter((tag) => !names.has(tag));
    const moves: readonly TagMove[] = [
      ...[...sets].map(([tag, digest]) => ({ tag, to: digest })),
      ...removals.map((tag) => ({ tag, to: undefined })),
    ];
    if (moves.length > 0) await to.moveTags(moves, this.#options);
    const needed = neededBy([...sets.values(), ...kept.values(), ...seen.manifests.keys()], held);
    const unwanted = [...held.manifests.keys(), ...held.damaged.keys()].filter(
      (digest) => !seen.manifests.has(digest) && !seen.damaged.has(digest) && !needed.has(digest),
    );
    for (const digest of unwanted) await to.deleteManifest(digest);
    const count = held.manifests.size + held.damaged.size - unwanted.length;
    if (count > 0) this.#held.repositories += 1;
    this.#held.manifests += count;
    this.#held.tags += names.size;
  }

  /** What the target's own disk has damaged is written again first, as far as its bytes are sound. */
  async #lookAtTarget(to: RepositoryMetadata): Promise<Snapshot> {
    const held = await lookAt(to, this.#options);
    if (held.damaged.size === 0 || !(await healRepository(this.#target, to, this.#options))) return held;
    return lookAt(to, this.#options);
  }

  /** What a manifest lists comes before it: the copy is whole at any moment, and what cannot be copied takes along what lists it. */
  async #copyManifests(
    from: RepositoryMetadata,
    to: RepositoryMetadata,
    seen: Snapshot,
  ): Promise<Map<Digest, Outcome>> {
    const outcomes = new Map<Digest, Outcome>();
    for (const [digest, message] of seen.damaged) {
      const isKept = await this.#isWholeInTarget(to, digest);
      outcomes.set(digest, isKept ? "copied" : "lost");
      this.#missing.push({ repository: from.name, manifest: digest, message, isKept });
    }
    for (const manifest of listedFirst(seen)) {
      throwIfAborted(this.#options.signal);
      outcomes.set(manifest.digest, await this.#copyManifest(from, to, manifest, outcomes));
    }
    return outcomes;
  }

  /** Whether the target has a manifest with all that it refers to, and what that refers to. */
  async #isWholeInTarget(to: RepositoryMetadata, root: Digest): Promise<boolean> {
    const manifests = new Set([root]);
    for (const digest of manifests) {
      const isKnown = (await unlessDamaged(async () => to.manifest(digest))) !== undefined;
      const manifest = isKnown ? await recoverManifest(this.#target, to, digest, this.#options) : undefined;
      if (manifest === undefined) return false;
      for (const each of manifest.references) {
        if (!(await to.hasBlob(each))) manifests.add(each);
        else if (!(await this.#copier.isWholeInTarget(each))) return false;
      }
    }
    return true;
  }

  /** Which tags the copy is to have: `sets` by what the source says, `kept` as they are. */
  async #decideTags(
    from: RepositoryMetadata,
    seen: Snapshot,
    held: Snapshot,
    outcomes: ReadonlyMap<Digest, Outcome>,
  ): Promise<{ readonly sets: Map<string, Digest>; readonly kept: Map<string, Digest> }> {
    const sets = new Map<string, Digest>();
    const kept = new Map<string, Digest>();
    for (const [tag, message] of seen.damagedTags) {
      const manifest = held.tags.get(tag);
      if (manifest !== undefined) kept.set(tag, manifest);
      const found = manifest === undefined ? { isKept: false } : { manifest, isKept: true };
      this.#missing.push({ repository: from.name, message, ...found });
    }
    for (const [tag, digest] of seen.tags) {
      const outcome = outcomes.get(digest) ?? (await this.#findLost(from, tag, digest, held));
      const before = held.tags.get(tag);
      if (outcome === "copied") sets.set(tag, digest);
      else if (before !== undefined && (outcome === "lost" || (await isTag(from, tag)))) kept.set(tag, before);
    }
    return { sets, kept };
  }

  /** What became of the manifest that a tag names, when the source does not list it: nobody but a damaged disk takes it from under a tag. */
  async #findLost(from: RepositoryMetadata, tag: string, digest: Digest, held: Snapshot): Promise<Outcome> {
    const isLost = !(await isManifest(from, digest)) && (await from.tag(tag, this.#options)) === digest;
    if (!isLost) return "gone";
    const isKept = held.manifests.has(digest);
    const message = `the tag ${tag} names it, and it is missing`;
    this.#missing.push({ repository: from.name, manifest: digest, message, isKept });
    return isKept ? "copied" : "lost";
  }

  /** `copied`: the target has it whole now, be it that it had before what the source lacks. */
  async #copyManifest(
    from: RepositoryMetadata,
    to: RepositoryMetadata,
    manifest: ListedManifest,
    outcomes: ReadonlyMap<Digest, Outcome>,
  ): Promise<Outcome> {
    const { digest, references } = manifest;
    let damage: SourceDamage | undefined;
    let isKept = true;
    try {
      for await (const part of inOrder(new Set(references), 4, async (each) =>
        this.#copyPart(from, to, each, outcomes.get(each)),
      )) {
        if (part === "gone") return "gone";
        damage ??= part.damage;
        if (part.link !== undefined) await to.linkBlob(part.link);
      }
      const own = await this.#copier.copy(digest);
      damage ??= own;
      const known = await this.#known(from, digest);
      if (known === undefined) return "gone";
      await to.putManifest({ ...known, references }, undefined, this.#options);
    } catch (error) {
      if (!(error instanceof SourceDamage)) throw error;
      damage = error;
      isKept = false;
    }
    if (damage === undefined) return "copied";
    if (!(await isManifest(from, digest))) return "gone";
    this.#missing.push({ repository: from.name, manifest: digest, message: damage.message, isKept });
    return isKept ? "copied" : "lost";
  }

  /** What the source knows of a manifest, or its bytes say where that is damaged, or was deleted since it was listed. */
  async #known(from: RepositoryMetadata, digest: Digest): Promise<Omit<IncomingManifest, "references"> | undefined> {
    const stored = await orDamaged(async () => from.manifest(digest, this.#options));
    if (stored !== DAMAGED && stored !== undefined) return stored;
    return recoverManifest(this.#source, from, digest, this.#options);
  }

  /**
   * `link`: the repository is to have it as a blob. `damage`: see {@link BlobCopier.copy}. `outcome`: of a manifest that is listed.
   * `gone`: such a one came in after the repository was looked at; the next copy has all of it.
   */
  async #copyPart(
    from: RepositoryMetadata,
    to: RepositoryMetadata,
    digest: Digest,
    outcome: Outcome | undefined,
  ): Promise<"gone" | { readonly link?: Digest; readonly damage?: SourceDamage }> {
    if (outcome === "lost" || outcome === "gone")
      throw new SourceDamage("NOT_FOUND", `${digest}, which it lists, cannot be copied`);
    if (!(await from.hasBlob(digest))) {
      if (outcome === "copied") return {};
      if (await isManifest(from, digest)) return "gone";
    }
    const damage = await this.#copier.copy(digest);
    return {
      ...((await to.hasBlob(digest)) ? {} : { link: digest }),
      ...(damage === undefined ? {} : { damage }),
    };
  }
}

/** Whether a tag names something, be it damaged. */
async function isTag(repository: RepositoryMetadata, tag: string): Promise<boolean> {
  return (await orDamaged(async () => repository.tag(tag))) !== undefined;
}

/** Whether something is known of a manifest, be it damaged. */
async function isManifest(repository: RepositoryMetadata, digest: Digest): Promise<boolean> {
  return (await orDamaged(async () => repository.manifest(digest))) !== undefined;
}
