/**
 * What went wrong on the way to a registry, in plain words. Node's own error is kept as the cause, and is what the
 * predicates here look at: whether a host speaks TLS at all is learnt from how it fails.
 */
import { errnoOf } from "../../errno.ts";
import { isSkillError, SkillError, type SkillErrorCode } from "../../errors.ts";
import { certificateProblem } from "./certificates.ts";
import { readBounded } from "./body.ts";
import { TimeoutError } from "./timeouts.ts";
import { ProxyRefusal } from "./tunnel.ts";
import type { HttpResponse } from "./types.ts";

/** Whom we were speaking to; without any secret. */
export interface Place {
  /** `host:port`. */
  readonly host: string;
  /** `host:port` of the proxy between. */
  readonly proxy?: string;
}

interface Explanation {
  readonly reason: string;
  readonly hint: string;
}

const NETWORK = "Check the network, and whether a proxy is needed (HTTPS_PROXY, NO_PROXY).";
const PROXY = "Ask whoever runs the proxy whether it may connect there, or except the host by NO_PROXY.";
const NO_PROXY_THERE =
  "It is the proxy that cannot be reached. Correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, or except the host by NO_PROXY.";
const PROXY_LOGIN =
  "Put the user and password that the proxy wants into HTTPS_PROXY, as http://user:password@host:port.";
const AGAIN = "Try again; if it goes on, look at the registry, and at proxies on the way.";

const REASONS: Readonly<Record<string, Explanation>> = {
  EAI_AGAIN: { reason: "its name cannot be looked up now", hint: NETWORK },
  ECONNREFUSED: { reason: "nothing listens there", hint: "Check the host and the port, and that the registry runs." },
  ECONNRESET: { reason: "the connection was closed before there was an answer", hint: AGAIN },
  EHOSTUNREACH: { reason: "there is no way to it", hint: NETWORK },
  ENETUNREACH: { reason: "there is no way to it", hint: NETWORK },
  ENOTFOUND: { reason: "its name is unknown", hint: `Check its spelling. ${NETWORK}` },
  EPIPE: { reason: "the connection was closed while we were sending", hint: AGAIN },
  ETIMEDOUT: { reason: "it does not answer", hint: NETWORK },
};

/** Failures to connect: where there is a proxy, to that; what lies behind it is the proxy's to tell. */
const NOT_CONNECTED = new Set(["EAI_AGAIN", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND"]);

/** Failures that may be gone a moment later. */
const TRANSIENT = new Set(["EAI_AGAIN", "ECONNRESET", "EPIPE", "ETIMEDOUT"]);

/**
 * Node's error as ours: `TLS_UNTRUSTED`, `RESPONSE_INVALID` or `REGISTRY_UNREACHABLE`; errors that are ours already as they are.
 * `answering`: whether the answer had begun.
 */
export function failureOf(error: unknown, place: Place, answering = false): SkillError {
  if (isSkillError(error)) return error;
  const certificate = certificateProblem(error);
  if (certificate !== undefined) {
    return failure("TLS_UNTRUSTED", place, `no trusted connection to ${place.host}`, certificate, error);
  }
  const code = errnoOf(error) ?? "";
  if (code.startsWith("HPE_")) return brokenProtocol(error, code, place);
  if (speaksNoTls(error)) return failure("REGISTRY_UNREACHABLE", place, `cannot reach ${place.host}`, NO_TLS, error);
  const what = answering ? `the answer of ${place.host} was cut off` : `cannot reach ${place.host}`;
  const why = explain(error, code, answering);
  const hint = place.proxy !== undefined && NOT_CONNECTED.has(code) ? NO_PROXY_THERE : why.hint;
  return failure("REGISTRY_UNREACHABLE", place, what, { ...why, hint }, error);
}

function explain(error: unknown, code: string, answering: boolean): Explanation {
  if (error instanceof TimeoutError) return { reason: error.message, hint: NETWORK };
  if (error instanceof ProxyRefusal) return { reason: error.message, hint: error.status === 407 ? PROXY_LOGIN : PROXY };
  if (answering && code === "ECONNRESET") return { reason: "the connection broke", hint: AGAIN };
  const text = error instanceof Error && error.message !== "" ? error.message : code;
  return REASONS[code] ?? { reason: text, hint: NETWORK };
}

function brokenProtocol(error: unknown, code: string, place: Place): SkillError {
  const long = code === "HPE_HEADER_OVERFLOW";
  const reason = long ? "its headers are longer than 16 KiB" : `it is not HTTP (${code})`;
  const hint =
    "Check the host and the port: something else than a registry may answer there, or speak TLS where http is asked.";
  return failure("RESPONSE_INVALID", place, `the answer of ${place.host} cannot be read`, { reason, hint }, error);
}

function failure(code: SkillErrorCode, place: Place, what: string, why: Explanation, cause: unknown): SkillError {
  const proxy = place.proxy === undefined ? "" : ` through the proxy ${place.proxy}`;
  return new SkillError(code, `${what}${proxy}: ${why.reason}`, { hint: why.hint, cause });
}

/**
 * Whether a failure may be gone a moment later: a reset, a transfer that stopped; not an unknown name, nothing about trust, and
 * not a host that was waited for to the end without a byte: our patience is once for each request.
 */
export function isTransient(error: unknown): boolean {
  if (!isSkillError(error, "REGISTRY_UNREACHABLE")) return false;
  const { cause } = error;
  const isSpent = cause instanceof TimeoutError && (cause.phase === "connect" || cause.phase === "answer");
  return !isSpent && TRANSIENT.has(errnoOf(cause) ?? "");
}

const NO_TLS: Explanation = {
  reason: "it does not speak TLS on this port",
  hint: "If it is meant to be reached by plain http, declare it insecure, or use --tls-verify=false.",
};

/** What OpenSSL says of an answer that is no TLS record: most often `HTTP/1.1 400`. */
const NOT_TLS =
  /wrong[ _]version[ _]number|packet[ _]length[ _]too[ _]long|http[ _]request|record[ _]layer[ _]failure/i;

function speaksNoTls(error: unknown): boolean {
  return error instanceof Error && NOT_TLS.test(`${errnoOf(error) ?? ""} ${error.message}`);
}

/**
 * Whether, after an https request that failed so, plain http is worth trying: the host answered the handshake with
 * something else, broke it off, or does not listen on that port. Never true for a certificate, or for a time-out.
 */
export function speaksPlainHttp(error: unknown): boolean {
  if (!isSkillError(error, "REGISTRY_UNREACHABLE")) return false;
  const code = errnoOf(error.cause);
  return code === "ECONNREFUSED" || code === "ECONNRESET" || speaksNoTls(error.cause);
}

/**
 * Whether, after a plain http request that failed so, https is worth trying: the host answered with a TLS alert, broke
 * the connection off, or does not listen on that port.
 */
export function speaksTls(error: unknown): boolean {
  if (isSkillError(error, "REGISTRY_UNREACHABLE"))
    return ["ECONNREFUSED", "ECONNRESET"].includes(errnoOf(error.cause) ?? "");
  if (!isSkillError(error, "RESPONSE_INVALID")) return false;
  const { cause } = error;
  return cause instanceof Error && "rawPacket" in cause && isTlsAlert(cause.rawPacket);
}

/** A TLS record of type alert. */
function isTlsAlert(packet: unknown): boolean {
  return packet instanceof Uint8Array && packet[0] === 0x15 && packet[1] === 0x03;
}

/** What Go, nginx and Apache say, in this order, to someone who speaks plain http to their TLS port. */
const SPOKE_HTTP_TO_TLS =
  /HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port|speaking plain HTTP to an SSL/i;
const MOST_SAID = 4096;

/** Whether an answer to a plain http request says that the port speaks TLS. Reads the body of a 400, and of nothing else. */
export async function asksForTls(response: HttpResponse): Promise<boolean> {
  if (response.status !== 400) return false;
  try {
    return SPOKE_HTTP_TO_TLS.test(Buffer.from(await readBounded(response, MOST_SAID)).toString("latin1"));
  } catch {
    return false;
  }
}
