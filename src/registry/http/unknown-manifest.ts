import { RegistryRefusal } from "../refusal.ts";
import type { ManifestReference } from "./route.ts";

/** The answer where a tag or digest names nothing. */
export function unknownManifest(repository: string, { tag, digest }: ManifestReference): RegistryRefusal {
  const named = tag === undefined ? `@${digest}` : `:${tag}`;
  return new RegistryRefusal(404, "MANIFEST_UNKNOWN", `there is no ${repository}${named}`);
}
