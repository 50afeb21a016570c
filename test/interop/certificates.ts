/** Certificates for a registry on this machine: an authority that nobody trusts yet, and what it vouches for. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { openssl } from "../tools.ts";

/** A certificate and its private key, as paths of PEM files. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** What {@link makeCertificates} made. */
export interface Certificates {
  /** Trust this file's certificate to trust the others. */
  readonly authority: string;
  /** For a server at 127.0.0.1, ::1 and localhost. */
  readonly server: KeyPair;
  /** For a client that must show who it is. */
  readonly client: KeyPair;
}

/** The extensions of each kind, in a configuration of our own: the machine's may add others. */
const configurationFor = (names: readonly string[]): string => `[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[server]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1, IP:::1, ${["localhost", ...names].map((name) => `DNS:${name}`).join(", ")}
[client]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = clientAuth
`;

/**
 * Makes an authority of its own, a server's certificate and a client's in `directory`. Valid for two days. The server's is
 * also for the hosts `names`.
 */
export function makeCertificates(directory: string, names: readonly string[] = []): Certificates {
  mkdirSync(directory, { recursive: true });
  const configuration = join(directory, "openssl.cnf");
  writeFileSync(configuration, configurationFor(names));

  const issue = (kind: string, issuer?: KeyPair): KeyPair => {
    const pair = { certificate: join(directory, `${kind}.crt`), key: join(directory, `${kind}.key`) };
    const signer = issuer === undefined ? [] : ["-CA", issuer.certificate, "-CAkey", issuer.key];
    const request = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -extensions ${kind}`;
    const files = ["-config", configuration, "-subj", `/CN=${kind}`, "-keyout", pair.key, "-out", pair.certificate];
    execFileSync(openssl.path ?? openssl.name, [...request.split(" "), ...files, ...signer], { stdio: "pipe" });
    return pair;
  };

  const authority = issue("authority");
  return { authority: authority.certificate, server: issue("server", authority), client: issue("client", authority) };
}
