/** A manifest as a storage keeps it. */
import type { Descriptor, Digest, Index, Manifest } from "../../oci/index.ts";
import type { IncomingManifest } from "./types.ts";

/** With what a list of referrers shows. */
export function incomingManifest(
  parsed: Manifest | Index,
  descriptor: Descriptor,
  references: readonly Digest[],
): IncomingManifest {
  if (parsed.subject === undefined) return { descriptor, references };
  const artifactType = artifactTypeOf(parsed);
  return {
    descriptor: {
      ...descriptor,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(Object.keys(parsed.annotations).length === 0 ? {} : { annotations: parsed.annotations }),
    },
    subject: parsed.subject.digest,
    references,
  };
}

/** OCI distribution-spec "Listing Referrers": the manifest's own, else the type of its config; an index has no other. */
export function artifactTypeOf(manifest: Manifest | Index): string | undefined {
  return manifest.artifactType ?? (manifest.kind === "manifest" ? manifest.config.mediaType : undefined);
}
