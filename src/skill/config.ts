/** Image configs, read as far as a skill needs them. OCI image-spec "config.md". */
import { isDigest, parseStrictJson } from "../oci/index.ts";
import type { Annotations, Descriptor, Digest, Platform } from "../oci/index.ts";
import { readDocument } from "../store/index.ts";
import type { OperationOptions, Reader } from "../store/index.ts";

export interface ImageConfig {
  readonly platform: Platform;
  readonly labels: Annotations;
  /** Digests of the uncompressed layers; `undefined` where the config has none for that layer. */
  readonly diffIds: readonly (Digest | undefined)[];
}

/** Reads a config; fields that are missing or of another shape count as absent. Throws `JSON_INVALID`. */
export async function readConfig(
  reader: Reader,
  descriptor: Descriptor,
  options?: OperationOptions,
): Promise<ImageConfig> {
  const document = objectOf(parseStrictJson(await readDocument(reader, descriptor, options)));
  const { architecture, os, variant } = document;
  return {
    platform: {
      architecture: typeof architecture === "string" ? architecture : "unknown",
      os: typeof os === "string" ? os : "unknown",
      ...(typeof variant === "string" && variant !== "" ? { variant } : {}),
    },
    labels: stringsOf(objectOf(document["config"])["Labels"]),
    diffIds: listOf(objectOf(document["rootfs"])["diff_ids"]).map((id) =>
      typeof id === "string" && isDigest(id) ? id : undefined,
    ),
  };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function stringsOf(value: unknown): Annotations {
  const entries = Object.entries(objectOf(value)).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return Object.fromEntries(entries);
}
