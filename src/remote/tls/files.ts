/** Certificates in files that somebody named for this call. */
import { readConfigFile } from "../config/read-file.ts";
import type { TlsOptions } from "../http/types.ts";
import { certificatesIn, clientCertificate, noCertificate, type PemFile } from "./pem.ts";

/** System bundles of certificate authorities have 200 KiB; somebody may have added a few. In bytes. */
const MAX_BUNDLE = 8 * 1024 * 1024;

/** A file as PEM. Throws `CONFIG_INVALID` when it cannot be read. */
export async function readPem(path: string): Promise<PemFile> {
  return { path, text: (await readConfigFile(path, { required: true, limit: MAX_BUNDLE })) ?? "" };
}

/** The certificate authorities in a file. Throws `CONFIG_INVALID` when it cannot be read or holds none. */
export async function readCaFile(path: string): Promise<readonly string[]> {
  const found = certificatesIn(await readPem(path));
  if (found.length === 0) throw noCertificate(path);
  return found;
}

/** A client's certificate and its key; one file may hold both. Throws `CONFIG_INVALID`, naming the file that is wrong. */
export async function readClientCertificate(
  certFile: string,
  keyFile: string = certFile,
): Promise<NonNullable<TlsOptions["certificate"]>> {
  const [cert, key] = await Promise.all([readPem(certFile), readPem(keyFile)]);
  return clientCertificate(cert, key);
}
