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

export function admissionContext(desk: Desk, held: RepositoryMetadata, signal: AbortSignal): AdmissionContext {
  const blob = (descriptor: Descriptor): Content =>
    verified(
      descriptor,
      rereadable(() => readBlob(desk, held, descriptor, signal)),
    );
  return {
    manifest: manifestReader(desk, held),
    tag: async (name) => unlessDamaged(async () => held.tag(name)),
    tags: () => held.tags({ signal }),
    manifests: () => held.manifests({ signal }),
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
