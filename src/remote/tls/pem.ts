/** PEM texts, checked while it is still known which file they came from. */
import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";

import { invalid } from "../config/read-file.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const LOCKED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/** A text, and the file that it came from. */
export interface PemFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The certificates in a file, one text each; what stands between them is left out. Throws `CONFIG_INVALID` for one that is
 * damaged.
 */
export function certificatesIn({ path, text }: PemFile): readonly string[] {
  const blocks = text.match(CERTIFICATE) ?? [];
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch (cause) {
      throw invalid(path, `holds a damaged certificate, number ${index + 1} of ${blocks.length}`, undefined, cause);
    }
  }
  return blocks;
}

/** `CONFIG_INVALID` for a file that should hold a certificate. */
export function noCertificate(path: string): Error {
  const hint = "Such a file has lines like -----BEGIN CERTIFICATE-----; openssl x509 converts other forms.";
  return invalid(path, "holds no PEM certificate", hint);
}

/**
 * A client's certificate, with the chain that may follow it, and its key, as TLS takes them. Throws `CONFIG_INVALID` when
 * either is none or they do not belong together. The key is not quoted, in causes neither.
 */
export function clientCertificate(cert: PemFile, key: PemFile): { readonly cert: string; readonly key: string } {
  const [own] = certificatesIn(cert);
  if (own === undefined) throw noCertificate(cert.path);
  if (!new X509Certificate(own).checkPrivateKey(readKey(key))) {
    throw invalid(key.path, `holds a key that does not belong to the certificate in ${cert.path}`);
  }
  return { cert: cert.text, key: key.text };
}

function readKey({ path, text }: PemFile): KeyObject {
  if (LOCKED.test(text)) {
    const hint = "Unlock it into a file that only you may read: openssl pkey -in KEY -out UNLOCKED.";
    throw invalid(path, "holds a key that is locked with a passphrase", hint);
  }
  try {
    return createPrivateKey(text);
  } catch {
    throw invalid(path, "holds no PEM private key");
  }
}
