/** Certificates in files that somebody named for one call. They hold for every registry, and every mirror, of that call. */
import { invalid, isDirectory } from "../config/read-file.ts";
import { readCertsDirectory } from "./certs-d.ts";
import { combine, type Certificates } from "./certificates.ts";
import { readCaFile, readClientCertificate } from "./files.ts";

export interface CertificateOptions {
  /** PEM certificates of authorities that are trusted beside the system's. */
  readonly caFile?: string;
  /** A client's PEM certificate. */
  readonly certFile?: string;
  /** The key of `certFile`. Default: it is in the same file. */
  readonly keyFile?: string;
  /** A directory with `*.crt`, `*.cert` and `*.key` files, as those in `certs.d`. */
  readonly certDir?: string;
}

/** Reads what is named. Throws `CONFIG_INVALID`, naming the file that is wrong or cannot be read. */
export async function readNamedCertificates(options: CertificateOptions): Promise<Certificates> {
  const { caFile, certFile, keyFile, certDir } = options;
  if (keyFile !== undefined && certFile === undefined) {
    throw invalid(keyFile, "is named as a client's key, but its certificate is not", "Name both.");
  }
  const files: Certificates = {
    ...(caFile === undefined ? {} : { ca: await readCaFile(caFile) }),
    ...(certFile === undefined ? {} : { certificate: await readClientCertificate(certFile, keyFile) }),
  };
  if (certDir === undefined) return files;
  if (!(await isDirectory(certDir))) throw invalid(certDir, "is no directory that can be read", "Check the path.");
  return combine(files, await readCertsDirectory(certDir));
}
