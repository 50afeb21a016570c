/** Certificates as they are read, before it is decided what they are good for. */
import type { TlsOptions } from "../http/types.ts";

/** Authorities that are trusted beside the system's, and a client's own certificate. */
export type Certificates = Pick<TlsOptions, "ca" | "certificate">;

/** The authorities of both; of clients, the first's. */
export function combine(first: Certificates, second: Certificates): Certificates {
  const ca = [...(first.ca ?? []), ...(second.ca ?? [])];
  const certificate = first.certificate ?? second.certificate;
  return { ...(ca.length === 0 ? {} : { ca }), ...(certificate === undefined ? {} : { certificate }) };
}
