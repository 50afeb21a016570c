/** A tag or digest that names nothing, or nothing that can be read. */
import { isSkillError } from "../../errors.ts";
import { RegistryRefusal } from "../refusal.ts";
import type { ManifestReference } from "./route.ts";

/** Says that what is read is damaged where it is. Everybody may push it again, so clients must take it for absent. */
export async function readable<T>(
  repository: string,
  reference: ManifestReference,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!isSkillError(cause, "STORE_CORRUPT")) throw cause;
    const message = `what this registry knew of ${nameOf(repository, reference)} is damaged`;
    const hint = "Push it again, or ask whoever runs the registry to restore it from a backup.";
    throw new RegistryRefusal(404, "MANIFEST_UNKNOWN", message, { hint, cause });
  }
}

/** The answer where a tag or digest names nothing. */
export function unknownManifest(repository: string, reference: ManifestReference): RegistryRefusal {
  return new RegistryRefusal(404, "MANIFEST_UNKNOWN", `there is no ${nameOf(repository, reference)}`);
}

function nameOf(repository: string, { tag, digest }: ManifestReference): string {
  return tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`;
}
