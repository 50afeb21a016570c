/** Conditional requests. RFC 9110 section 13; entity tags are digests. */
import type { IncomingHttpHeaders } from "node:http";

import type { Digest } from "../../oci/index.ts";
import { RegistryRefusal } from "../refusal.ts";

/** The entity tag of what has this digest: the same digest, the same bytes. */
export function etagOf(digest: Digest): string {
  return `"${digest}"`;
}

/** Whether the client holds what it asks for already. */
export function isHeld(headers: IncomingHttpHeaders, digest: Digest): boolean {
  const header = headers["if-none-match"];
  return header !== undefined && names(header, digest);
}

/**
 * Holds a change against what it may only replace: `If-Match: "<digest>"` (or `*`: anything), `If-None-Match: *` (nothing).
 * `current` is what the name stands for. Throws a 412 refusal.
 */
export function checkConditions(headers: IncomingHttpHeaders, name: string, current: Digest | undefined): void {
  const { "if-match": match, "if-none-match": noneMatch } = headers;
  const isExpected = match === undefined || (current !== undefined && names(match, current));
  const isAbsent = noneMatch === undefined || current === undefined || !names(noneMatch, current);
  if (isExpected && isAbsent) return;
  throw new RegistryRefusal(412, "DENIED", `${name} is ${current ?? "absent"}, which is not what the request expects`, {
    hint: "Somebody else changed it meanwhile; look at it again.",
  });
}

function names(header: string, digest: Digest): boolean {
  return header.trim() === "*" || header.split(",").some((each) => each.trim().replace(/^W\//, "") === etagOf(digest));
}
