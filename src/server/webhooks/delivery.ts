/** One attempt to deliver an event. */
import { createHmac } from "node:crypto";
import { lookup } from "node:dns";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";

import { SkillError } from "../../errors.ts";
import { isPrivateAddress } from "../addresses.ts";

/** Milliseconds. */
const TIMEOUT = 10_000;

export interface Target {
  readonly url: URL;
  readonly secret: string;
  /** Whether it may be in a private network. */
  readonly allowPrivate: boolean;
}

/** What goes out; the same for every attempt. */
export interface Message {
  readonly id: string;
  readonly kind: string;
  readonly body: string;
}

/**
 * Sends it. Resolves when the target answers 2xx; throws `REGISTRY_UNREACHABLE` for everything else. The address that is
 * connected to is the one that was checked, and redirects are not followed: a target cannot send us elsewhere.
 */
export async function deliver(
  target: Target,
  message: Message,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<void> {
  const { url } = target;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (!target.allowPrivate && /^[0-9.]+$|:/.test(host) && isPrivateAddress(host)) throw forbidden(host);
  const timestamp = String(Math.floor(now / 1000));
  const headers = {
    "Content-Type": "application/json",
    "Content-Length": String(Buffer.byteLength(message.body)),
    "User-Agent": "skillctl",
    "X-Skillctl-Event": message.kind,
    "X-Skillctl-Delivery": message.id,
    "X-Skillctl-Timestamp": timestamp,
    "X-Skillctl-Signature": signature(target.secret, timestamp, message.body),
  };
  const status = await post(target, message, headers, signal);
  if (status >= 200 && status < 300) return;
  throw new SkillError("REGISTRY_UNREACHABLE", `${url.host} answered ${status}`);
}

/** Over time and body, so that an old delivery cannot be sent again as a new one. */
export function signature(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;
}

function post(
  { url, allowPrivate }: Target,
  { body }: Message,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<number> {
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: "POST",
      headers,
      agent: false,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]),
      ...(allowPrivate ? {} : { lookup: publicLookup }),
    });
    outgoing.once("response", (response) => {
      response.destroy();
      resolve(response.statusCode ?? 0);
    });
    outgoing.once("error", (cause) => {
      const isOurs = cause instanceof SkillError;
      reject(isOurs ? cause : new SkillError("REGISTRY_UNREACHABLE", `${url.host} cannot be reached`, { cause }));
    });
    outgoing.end(body);
  });
}

/** The system's, without addresses that are nobody's business outside. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, "");
    const [first] = addresses;
    if (first === undefined || addresses.some(({ address }) => isPrivateAddress(address))) {
      return callback(forbidden(hostname) as NodeJS.ErrnoException, "");
    }
    if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

function forbidden(host: string): SkillError {
  return new SkillError("REGISTRY_UNREACHABLE", `${host} is in a private network`, {
    hint: "Set allowPrivate for this webhook if it is meant.",
  });
}
