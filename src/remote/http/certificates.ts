/** What is wrong with a certificate, theirs or ours, by what Node and OpenSSL say of it. */
import { errnoOf } from "../../errno.ts";
import { quote } from "../../text/index.ts";

const UNKNOWN_AUTHORITY = "its certificate is signed by an authority that is not known here";

/** OpenSSL's results of verification, and Node's of the name. */
const PROBLEMS: Readonly<Record<string, string>> = {
  CERT_CHAIN_TOO_LONG: "its certificate chain is too long",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet; compare the clocks",
  CERT_REJECTED: "its certificate is marked as rejected",
  CERT_REVOKED: "its certificate was revoked",
  CERT_SIGNATURE_FAILURE: "its certificate's signature is wrong",
  CERT_UNTRUSTED: "its certificate is not trusted for this purpose",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by itself",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for other hosts",
  ERR_TLS_CERT_ALTNAME_FORMAT: "its certificate names its hosts in a wrong way",
  HOSTNAME_MISMATCH: "its certificate is for other hosts",
  INVALID_CA: "its certificate is signed by one that may not sign",
  INVALID_PURPOSE: "its certificate is not one of a server",
  PATH_LENGTH_EXCEEDED: "its certificate chain is too long",
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
};

/** Characters: whoever made the certificate chose how many names it has. */
const MOST_OF_NAMES = 200;

const UNCHECKED = "--tls-verify=false connects without any check.";
const TRUST_IT = `Give its authority's certificate by --ca-file or in certs.d; ${UNCHECKED}`;
const RENEW_IT = `Have whoever runs it renew that, unless the clock here is wrong; ${UNCHECKED}`;

/** How the other side refuses us. A server on TLS 1.2 that misses our certificate calls it a handshake failure. */
const REFUSED = /alert[ _](?:.*certificate|unknown[ _]ca|access[ _]denied|handshake[ _]failure|decrypt[ _]error)/i;

const SHOW_OURS = "Put the client certificate and its key, which its administrator gives out, into certs.d.";

/** Why there is no trust, and what to do about it; `undefined` for errors that are about something else. */
export function certificateProblem(error: unknown): { readonly reason: string; readonly hint: string } | undefined {
  const code = errnoOf(error);
  if (code === undefined || !(error instanceof Error)) return undefined;
  const reason = PROBLEMS[code];
  if (reason !== undefined) return { reason, hint: hintFor(code, error) };
  if (!REFUSED.test(`${code} ${error.message}`)) return undefined;
  return { reason: "it wants a client certificate, or does not accept ours", hint: SHOW_OURS };
}

function hintFor(code: string, error: Error): string {
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") return RENEW_IT;
  return isAboutTheName(code) ? `${hostsOf(error)}Call it by a name that is in it; ${UNCHECKED}` : TRUST_IT;
}

function isAboutTheName(code: string): boolean {
  return code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "HOSTNAME_MISMATCH";
}

/** A sentence with the names in the certificate, as Node has them in its error: "DNS:a.example, IP Address:127.0.0.1". */
function hostsOf(error: Error): string {
  const certificate: unknown = "cert" in error ? error.cert : undefined;
  if (typeof certificate !== "object" || certificate === null || !("subjectaltname" in certificate)) return "";
  const { subjectaltname: names } = certificate;
  if (typeof names !== "string") return "";
  return `It is for ${quote(names.replaceAll(/(?:DNS|IP Address):/g, ""), MOST_OF_NAMES)}. `;
}
