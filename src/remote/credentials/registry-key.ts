import { isSkillError, SkillError } from "../../errors.ts";
import { parseReference } from "../../oci/index.ts";
import { quote } from "../../text/index.ts";
import { canonicalKey } from "./auth-keys.ts";

/**
 * The key of a registry, or of a part of one, as a person types it: `quay.io`, `quay.io/myorg`, `https://quay.io/`. Throws
 * `REFERENCE_INVALID` for anything else.
 */
export function registryKey(text: string): string {
  const key = canonicalKey(text);
  try {
    const { registry, tag, digest } = parseReference(`${key}/repository`);
    if (registry !== undefined && tag === undefined && digest === undefined) return key;
  } catch (error) {
    if (!isSkillError(error, "REFERENCE_INVALID")) throw error;
  }
  throw new SkillError("REFERENCE_INVALID", `${quote(text)} is not a registry`, {
    hint: "Write its host, with its port if it has one, as in quay.io or localhost:5000.",
  });
}
