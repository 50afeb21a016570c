/** Certificates by registry, in the directories of containers-certs.d(5) and of docker. */
import { join } from "node:path";

import { invalid, isDirectory, listConfigDirectory, readConfigFile } from "../config/read-file.ts";
import { systemPath, userPath, type Places } from "../config/places.ts";
import type { Certificates } from "./certificates.ts";
import { readClientCertificate } from "./files.ts";
import { certificatesIn, noCertificate } from "./pem.ts";

/** More files than one registry needs. */
const MAX_FILES = 100;

/** The `certs.d` directories, the first that has the registry's counts. */
export function certsDirectories(places: Places, host: string): readonly string[] {
  const user = userPath(places, "containers", "certs.d", host);
  const system = ["containers", "docker"].map((tool) => systemPath(places, tool, "certs.d", host));
  return user === undefined ? system : [user, ...system];
}

/** What `certs.d` holds for `host[:port]`; nothing when it has no such directory. Throws as {@link readCertsDirectory} does. */
export async function readCertsD(places: Places, host: string): Promise<Certificates> {
  for (const directory of certsDirectories(places, host)) {
    if (await isDirectory(directory)) return readCertsDirectory(directory);
  }
  return {};
}

/**
 * What one directory holds: `*.crt` are certificate authorities, `NAME.cert` and `NAME.key` are a client's certificate and
 * its key. Of several clients the first by name is taken. A `*.crt` that is empty, as mounted ones are before they are filled,
 * is none. Throws `CONFIG_INVALID`, naming the file, for what is no certificate, and for half a pair.
 */
export async function readCertsDirectory(directory: string): Promise<Certificates> {
  const names = (await listConfigDirectory(directory)).slice(0, MAX_FILES);
  refuseHalves(directory, names);
  const authorities = names
    .filter((name) => name.endsWith(".crt"))
    .map((name) => readAuthorities(join(directory, name)));
  const ca = (await Promise.all(authorities)).flat();
  const client = names.find((name) => name.endsWith(".cert"));
  return {
    ...(ca.length === 0 ? {} : { ca }),
    ...(client === undefined
      ? {}
      : { certificate: await readClientCertificate(join(directory, client), join(directory, keyOf(client))) }),
  };
}

async function readAuthorities(path: string): Promise<readonly string[]> {
  const text = await readConfigFile(path);
  if (text === undefined || text.trim() === "") return [];
  const found = certificatesIn({ path, text });
  if (found.length === 0) throw noCertificate(path);
  return found;
}

function refuseHalves(directory: string, names: readonly string[]): void {
  const present = new Set(names);
  for (const name of names) {
    if (name.endsWith(".cert") && !present.has(keyOf(name))) {
      const hint = "A certificate authority's certificate is kept in a file that ends in .crt.";
      throw invalid(join(directory, name), `is a client's certificate without its key, ${keyOf(name)}`, hint);
    }
    const cert = name.replace(/\.key$/, ".cert");
    if (cert !== name && !present.has(cert)) {
      throw invalid(join(directory, name), `is a client's key without its certificate, ${cert}`);
    }
  }
}

function keyOf(cert: string): string {
  return cert.replace(/\.cert$/, ".key");
}
