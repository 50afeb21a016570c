/** What a rule may look at, out of a repository that nobody else changes meanwhile. */
import { readAll, rereadable, type Content } from "../../content/index.ts";
import { SkillError } from "../../errors.ts";
import type { Descriptor, Digest } from "../../oci/index.ts";
import { verified } from "../../store/verify.ts";
import type { AdmissionContext, HeldManifest } from "../hooks.ts";
import { RegistryRefusal } from "../refusal.ts";
import { unlessDamaged } from "../storage/damaged.ts";
import type { RepositoryMetadata } from "../storage/types.ts";
import type { Desk } from "./desk.ts";
import { heldManifest } from "./held.ts";

/** What a rule may look at; and `made`, to be called when the change has been made. */
export interface Review {
  readonly context: AdmissionContext;
  readonly made: () => void;
}

export function beginReview(desk: Desk, held: RepositoryMetadata, signal: AbortSignal): Review {
  const notes: (() => void)[] = [];
  return {
    context: admissionContext(desk, held, signal, (note) => notes.push(note)),
    made: () => {
      for (const note of notes) note();
    },
  };
}

function admissionContext(
  desk: Desk,
  held: RepositoryMetadata,
  signal: AbortSignal,
  whenMade: AdmissionContext["whenMade"],
): AdmissionContext {
  const blob = (descriptor: Descriptor): Content =>
    verified(
      descriptor,
      rereadable(() => readBlob(desk, held, descriptor, signal)),
    );
  return {
    repository: held.name,
    manifest: manifestReader(desk, held),
    tag: async (name) => unlessDamaged(async () => held.tag(name)),
    tags: () => held.tags({ signal }),
    manifests: (unless) => held.manifests({ remembered: true, signal, ...(unless && { unless }) }),
    referrers: (digest) => held.referrers(digest, { signal }),
    blob,
    readBlob: async (descriptor, limit) => {
      if (descriptor.size <= limit) return readAll(blob(descriptor), { signal });
      throw new RegistryRefusal(
        400,
        "MANIFEST_INVALID",
        `${descriptor.digest} has ${descriptor.size} bytes, of which at most ${limit} are read`,
      );
    },
    whenMade,
    signal,
  };
}

/** How many manifests a review remembers, which is asked for the same few by one rule after the other. */
const REMEMBERED = 8;

function manifestReader(desk: Desk, held: RepositoryMetadata): AdmissionContext["manifest"] {
  const read = new Map<Digest, Promise<HeldManifest | undefined>>();
  return async (digest) => {
    const found = read.get(digest) ?? heldManifest(desk, held, digest);
    read.delete(digest);
    read.set(digest, found);
    const [oldest] = read.keys();
    if (read.size > REMEMBERED && oldest !== undefined) read.delete(oldest);
    return found;
  };
}

async function* readBlob(
  desk: Desk,
  held: RepositoryMetadata,
  { digest }: Descriptor,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (!(await held.hasBlob(digest))) throw new SkillError("NOT_FOUND", `${held.name} has no blob ${digest}`);
  yield* desk.storage.blobs.read(digest, { signal });
}
