/**
 * Where the referrers of a manifest are kept in a registry that does not list them: in an index under a tag that is made of
 * the manifest's digest. OCI distribution-spec "Referrers Tag Schema".
 */
import { algorithmOf, encodedOf, type Digest } from "../oci/index.ts";

const REFERRERS_TAG = /^sha(?:256|512)-[0-9a-f]{64}$/;

/** The tag: the algorithm and the hexadecimal part, the latter cut to 64 characters. */
export function referrersTag(subject: Digest): string {
  return `${algorithmOf(subject)}-${encodedOf(subject).slice(0, 64)}`;
}

/** Whether a tag is one of these. Tags that other tools make of digests (`sha256-….sig`) are tags like any other. */
export function isReferrersTag(tag: string): boolean {
  return REFERRERS_TAG.test(tag);
}
