/**
 * What a descriptor may say beside a digest: where else its content is (`urls`), and the content itself (`data`). Clients follow
 * the one and believe the other, so a skill has neither an address elsewhere nor content that is not its digest's.
 * OCI image-spec "descriptor.md".
 */
import { algorithmOf, digestOf, isDigest, type JsonObject } from "../../oci/index.ts";

/** Says what is wrong with the descriptors of an image or index; `undefined` when nothing is. */
export function wrongDescriptor({ config, layers, manifests, subject }: JsonObject): string | undefined {
  for (const descriptor of [config, layers, manifests, subject].flat()) {
    if (typeof descriptor !== "object" || descriptor === null) continue;
    const { digest, urls, data } = descriptor as JsonObject;
    if (typeof digest !== "string" || !isDigest(digest)) continue;
    if (Array.isArray(urls) ? urls.length > 0 : urls !== undefined && urls !== null)
      return `${digest} is to be fetched from elsewhere`;
    if (data === undefined || data === null) continue;
    const bytes = typeof data === "string" ? Buffer.from(data, "base64") : undefined;
    if (bytes === undefined || digestOf(bytes, algorithmOf(digest)) !== digest)
      return `${digest} comes with data that is something else`;
  }
  return undefined;
}
