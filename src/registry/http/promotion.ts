/** Seeing that a push promotes a skill: the same version and layers as the state before it, under another status. */
import { isLifecycleState, LIFECYCLE_STATES, tagFor, type LifecycleState } from "../../lifecycle/index.ts";
import { Annotation, type Index, type Manifest } from "../../oci/index.ts";
import type { PromoteEvent } from "../events.ts";
import type { HeldManifest } from "../hooks.ts";
import type { RepositoryMetadata } from "../storage/types.ts";
import type { Desk, Told } from "./desk.ts";
import { heldManifest } from "./held.ts";

/** What `manifest`, which is about to be stored, promotes; `undefined` when nothing. */
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
  const before = tag === undefined ? undefined : await heldManifest(desk, repository, await repository.tag(tag));
  if (before === undefined || statusOf(before.parsed) !== from || !hasSameContent(before.parsed, manifest.parsed)) {
    return undefined;
  }
  const { digest } = manifest.descriptor;
  const fromDigest = before.descriptor.digest;
  return { kind: "promote", repository: repository.name, version, from, to, fromDigest, digest };
}

function statusOf({ annotations }: Manifest | Index): LifecycleState | undefined {
  const status = annotations[Annotation.status] ?? "";
  return isLifecycleState(status) ? status : undefined;
}

/** The config need not be the same: it may bear the status, too. */
function hasSameContent(a: Manifest | Index, b: Manifest | Index): boolean {
  if (a.kind === "index" || b.kind === "index") return a.kind === b.kind;
  return a.layers.length === b.layers.length && a.layers.every(({ digest }, at) => digest === b.layers[at]?.digest);
}
