/** Takes one packed skill to a registry, as far as it shall go and is not yet. */
import { isSkillError, SkillError, type SkillErrorCode } from "../errors.ts";
import { compareStates, nextState, tagFor, type LifecycleState } from "../lifecycle/index.ts";
import { formatReference, parseReference, repositoryName, withTag, type Digest, type Reference } from "../oci/index.ts";
import { findCurrent } from "../skill/find.ts";
import { readImage, type SkillImage } from "../skill/image.ts";
import { isOut } from "../skill/immutable.ts";
import { readStatus } from "../skill/metadata.ts";
import type { PackResult } from "../skill/pack.ts";
import { promote } from "../skill/promote.ts";
import { push } from "../skill/push.ts";
import type { OperationOptions, Repository, Store } from "../store/index.ts";

/** A registry, and how far a skill shall go there. */
export interface Delivery extends OperationOptions {
  readonly registry: Store;
  /** The skill's name there, without a tag. */
  readonly target: Reference;
  readonly version: string;
  /** The state to reach. */
  readonly state: LifecycleState;
  /** Who promotes and why, for the records. */
  readonly actor?: string;
  readonly reason?: string;
  readonly now?: () => Date;
}

/** Where the skill stands in the registry. */
export interface Delivered {
  readonly outcome: "pushed" | "promoted" | "unchanged";
  readonly reference: string;
  readonly digest: Digest;
  readonly status: LifecycleState;
  readonly warnings: readonly string[];
}

/**
 * Pushes a packed skill, unless its files are there already in whatever state, and promotes it step by step. Whoever runs this
 * twice, or twice at once, finds the work done. Throws `PUBLISHED_IMMUTABLE` when the version is out with other files, and
 * what pushing and promoting throw.
 */
export async function deliver(packed: PackResult, local: Store, delivery: Delivery): Promise<Delivered> {
  const { registry, target } = delivery;
  const repository = registry.repository(repositoryName(target));
  for (let attempt = 1; ; attempt++) {
    const found = await findDelivered(repository, packed, delivery);
    try {
      return await goOn(found, packed, local, delivery);
    } catch (error) {
      // Another run was faster: what it did may be all that was wanted.
      if (!isSkillError(error) || !OF_RACES.has(error.code) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

const MAX_ATTEMPTS = 5;
/** What becomes of a step that somebody else takes at the same time. */
const OF_RACES: ReadonlySet<SkillErrorCode> = new Set<SkillErrorCode>(["CONFLICT", "NOT_FOUND", "PUBLISHED_IMMUTABLE"]);

async function goOn(
  found: Delivered | undefined,
  packed: PackResult,
  local: Store,
  delivery: Delivery,
): Promise<Delivered> {
  const { registry, target, version, state } = delivery;
  let delivered = found;
  if (delivered === undefined) {
    const named = withTag(target, tagFor(version, packed.status) ?? "");
    const { reference, digest, warnings } = await push(
      local,
      registry,
      parseReference(packed.reference),
      named,
      delivery,
    );
    delivered = { outcome: "pushed", reference, digest, status: packed.status, warnings };
  }
  for (let next = nextState(delivered.status); next !== undefined; next = nextState(delivered.status)) {
    if (compareStates(next, state) > 0) break;
    delivered = await promoteOnce(delivered, next, delivery);
  }
  return delivered;
}

async function promoteOnce(from: Delivered, to: LifecycleState, delivery: Delivery): Promise<Delivered> {
  // The card was checked when the skill was packed, a moment ago.
  const options = { ...delivery, checkCard: "annotations" } as const;
  const { reference, digest, tags, warnings } = await promote(
    delivery.registry,
    parseReference(from.reference),
    to,
    options,
  );
  const left =
    tags.left.length === 0 ? [] : [`the registry does not remove tags; still there: ${tags.left.join(", ")}`];
  return {
    outcome: "promoted",
    reference,
    digest,
    status: to,
    warnings: [...from.warnings, ...left, ...warnings],
  };
}

/** The image of these files that is there, the furthest of them. */
async function findDelivered(
  repository: Repository,
  packed: PackResult,
  { target, version, ...options }: Delivery,
): Promise<Delivered | undefined> {
  const states = ["published", "testing", "draft"] as const;
  const images = await Promise.all(
    states.map(async (state) => {
      const tag = tagFor(version, state) ?? "";
      const descriptor = await findCurrent(repository, tag, options);
      return descriptor === undefined ? undefined : { tag, image: await readImage(repository, descriptor, options) };
    }),
  );
  for (const found of images) {
    if (found === undefined) continue;
    const { tag, image } = found;
    const status = readStatus(image.annotations);
    const isSame = holdsLayer(image, packed.layerDigest);
    if (!isSame && isOut(image)) throw wasPublished(withTag(target, tag), version, status);
    if (!isSame || status === undefined) continue;
    const reference = formatReference(withTag(target, tag));
    return { outcome: "unchanged", reference, digest: image.descriptor.digest, status, warnings: [] };
  }
  return undefined;
}

/** The layer holds the files and the card, which says all the rest. */
function holdsLayer(image: SkillImage, layer: Digest): boolean {
  return image.members.every(({ manifest }) => manifest.layers.length === 1 && manifest.layers[0]?.digest === layer);
}

function wasPublished(reference: Reference, version: string, status: LifecycleState | undefined): SkillError {
  const message = `${formatReference(reference)} is ${status ?? "out"} with other files than these`;
  return new SkillError("PUBLISHED_IMMUTABLE", message, {
    hint: `A published version never changes. Raise metadata.version above ${version} and commit that.`,
  });
}
