/** Seeing that a push promotes a skill: the same version and layers as the state before it, under another status. */
import { isLifecycleState, LIFECYCLE_STATES, tagFor, type LifecycleState } from "../../lifecycle/index.ts";
import { Annotation, type Index, type Manifest } from "../../oci/index.ts";
import type { PromoteEvent } from "../events.ts";
import type { HeldManifest } from "../hooks.ts";
import { unlessDamaged } from "../storage/damaged.ts";
import type { RepositoryMetadata } from "../storage/types.ts";
import type { Desk, Told } from "./desk.ts";
import { heldManifest } from "./held.ts";

/** What `manifest`, which is about to be stored, promotes; `undefined` when nothing, and when it is there already: then that has been told. */
export async function findPromotion(
  desk: Desk,
  repository: RepositoryMetadata,
  manifest: HeldManifest,
): Promise<Omit<Told<PromoteEvent>, "tag"> | undefined> {
  const version = manifest.parsed.annotations[Annotation.version];
  const to = statusOf(manifest.parsed);
  const from = to === undefined ? undefined : LIFECYCLE_STATES[LIFECYCLE_STATES.indexOf(to) - 1];
  if (version === undefined || to === undefined || from === undefined) return undefined;
  const tag = tagFor(version, from);
  if (tag === undefined) return undefined;
  const before = await heldManifest(desk, repository, await unlessDamaged(async () => repository.tag(tag)));
  const { digest } = manifest.descriptor;
  if (before === undefined || statusOf(before.parsed) !== from) return undefined;
  if ((await repository.manifest(digest)) !== undefined) return undefined;
  const [one, other] = await Promise.all([before, manifest].map(async (each) => layersOf(desk, repository, each)));
  if (before.parsed.kind !== manifest.parsed.kind || one !== other) return undefined;
  const fromDigest = before.descriptor.digest;
  return { kind: "promote", repository: repository.name, version, from, to, fromDigest, digest };
}

function statusOf({ annotations }: Manifest | Index): LifecycleState | undefined {
  const status = annotations[Annotation.status] ?? "";
  return isLifecycleState(status) ? status : undefined;
}

/** The layers of an image, or of all that an index lists. Configs need not be the same: they may bear the status, too. */
async function layersOf(desk: Desk, repository: RepositoryMetadata, { parsed }: HeldManifest): Promise<string> {
  if (parsed.kind === "manifest") return parsed.layers.map(({ digest }) => digest).join();
  const images: string[] = [];
  for (const { digest } of parsed.manifests) {
    const image = await heldManifest(desk, repository, digest);
    images.push(image?.parsed.kind === "manifest" ? await layersOf(desk, repository, image) : digest);
  }
  return images.join(";");
}
