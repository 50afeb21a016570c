/**
 * The authorities that this machine trusts. Node knows only the list that it was built with; what users call "the
 * system's certificates" is the distribution's bundle, to which administrators add their own authorities. Both count, and
 * what the environment names for OpenSSL, Go and Node.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";

/** Where distributions keep the bundle: Debian and Alpine, Fedora and RHEL, openSUSE, others; the first that is there counts. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/**
 * PEM certificates, each once: Node's own, those of `SSL_CERT_FILE` or else of the distribution's bundle, those of `SSL_CERT_DIR` and
 * of `NODE_EXTRA_CA_CERTS`. Files that cannot be read count as empty, as they do for other programs.
 */
export async function systemRoots(variables: Readonly<Record<string, string | undefined>>): Promise<readonly string[]> {
  const { SSL_CERT_FILE, SSL_CERT_DIR, NODE_EXTRA_CA_CERTS } = variables;
  const texts = await Promise.all([
    SSL_CERT_FILE ? readOrEmpty(SSL_CERT_FILE) : firstOf(BUNDLES),
    NODE_EXTRA_CA_CERTS ? readOrEmpty(NODE_EXTRA_CA_CERTS) : "",
    ...(SSL_CERT_DIR ?? "").split(":").filter(Boolean).map(readDirectory),
  ]);
  const certificates = [...rootCertificates, ...texts.flatMap((text) => text.match(CERTIFICATE) ?? [])];
  return [...new Map(certificates.map((each) => [each.replaceAll(/\s/g, ""), each])).values()];
}

async function firstOf(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    const text = await readOrEmpty(path);
    if (text !== "") return text;
  }
  return "";
}

async function readDirectory(path: string): Promise<string> {
  const names = await readdir(path).catch(() => []);
  const texts = await Promise.all(names.map(async (name) => readOrEmpty(join(path, name))));
  return texts.join("\n");
}

async function readOrEmpty(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
