/** The key that signs the registry's own tokens: made at the first start, kept in the registry's root, never shown. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";

import { SkillError } from "../../errors.ts";
import { createFile } from "./files/replace-file.ts";

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A key for as long as the process lives; with it, tokens end when it ends. */
export function newTokenKey(): KeyPair {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

/**
 * Reads the key (PEM, PKCS #8, P-256) from `path`, or makes one there, which only the owner may read. To end all tokens at once, remove
 * the file and start anew. Throws `CONFIG_INVALID`.
 */
export async function loadTokenKey(path: string): Promise<KeyPair> {
  const fresh = newTokenKey().privateKey.export({ type: "pkcs8", format: "pem" });
  const text = await createFile(path, fresh.toString());
  try {
    const privateKey = createPrivateKey(text);
    if (privateKey.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw new TypeError("not a key on P-256");
    return { privateKey, publicKey: createPublicKey(privateKey) };
  } catch {
    // The cause may cite what it could not read.
    throw new SkillError("CONFIG_INVALID", `${path} does not hold a key for tokens`, {
      hint: "Remove it; the registry makes a new one, and everybody logs in again.",
    });
  }
}
