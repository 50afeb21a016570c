/** What a rule may look at, out of a repository that nobody else changes meanwhile. */
import { readAll, rereadable, type Content } from "../../content/index.ts";
import { SkillError } from "../../errors.ts";
import type { Descriptor } from "../../oci/index.ts";
import { verified } from "../../store/verify.ts";
import type { AdmissionContext } from "../hooks.ts";
import { RegistryRefusal } from "../refusal.ts";
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
    manifest: async (digest) => heldManifest(desk, held, digest),
    tag: async (name) => held.tag(name),
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

async function* readBlob(
  desk: Desk,
  held: RepositoryMetadata,
  { digest }: Descriptor,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (!(await held.hasBlob(digest))) throw new SkillError("NOT_FOUND", `${held.name} has no blob ${digest}`);
  yield* desk.storage.blobs.read(digest, { signal });
}
