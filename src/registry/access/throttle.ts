/**
 * How often a client may ask, and how often it may be wrong.
 *
 * Counts are kept in memory, by address; those of an IPv6 network count as one, as one client has them all.
 */
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";

import { RegistryRefusal } from "../refusal.ts";

export interface ThrottleOptions {
  /** Requests of one address within `window`. Default: 60,000. */
  readonly requests?: number;
  /** Wrong credentials of one address for one user name within `loginWindow`. Default: 10. */
  readonly logins?: number;
  /** Wrong credentials of one address for whatever user names within `loginWindow`. Default: 100. */
  readonly loginsPerAddress?: number;
  /** Seconds. Default: 60. */
  readonly window?: number;
  /** Seconds. Default: 300. */
  readonly loginWindow?: number;
}

const DEFAULTS: Required<ThrottleOptions> = {
  requests: 60_000,
  logins: 10,
  loginsPerAddress: 100,
  window: 60,
  loginWindow: 300,
};

export class Throttle {
  readonly #limits: Required<ThrottleOptions>;
  readonly #requests: RateLimiterMemory;
  readonly #logins: RateLimiterMemory;
  readonly #addresses: RateLimiterMemory;
  /** The last login that came, by address. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(options: ThrottleOptions = {}) {
    this.#limits = { ...DEFAULTS, ...options };
    const { requests, logins, loginsPerAddress, window, loginWindow } = this.#limits;
    this.#requests = new RateLimiterMemory({ points: requests, duration: window });
    this.#logins = new RateLimiterMemory({ points: logins, duration: loginWindow });
    this.#addresses = new RateLimiterMemory({ points: loginsPerAddress, duration: loginWindow });
  }

  /** One with these limits: this one, with what it has counted, unless they are others. */
  withLimits(options: ThrottleOptions = {}): Throttle {
    const wanted = { ...DEFAULTS, ...options };
    const names = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[];
    return names.every((name) => wanted[name] === this.#limits[name]) ? this : new Throttle(options);
  }

  /** Counts a request; throws 429 `TOOMANYREQUESTS` for one too many. */
  async request(address: string | undefined): Promise<void> {
    await consume(this.#requests, networkOf(address), "this client asks too often");
  }

  /**
   * Runs the check of a password, counting it as wrong from its beginning, so that many at once do not get around the count; a
   * right one is not counted. One address's checks come one after the other: many programs, or people behind one address, that begin
   * at once with the right passwords are no guesses. Throws 429 `TOOMANYREQUESTS`, without a check, after too many wrong ones.
   */
  async login(address: string | undefined, user: string, check: () => Promise<boolean>): Promise<boolean> {
    const network = networkOf(address);
    const key = JSON.stringify([network, user]);
    const before = this.#last.get(network) ?? Promise.resolve();
    const login = before.then(async () => this.#counted(network, key, check));
    const settled = login.catch(() => undefined);
    this.#last.set(network, settled);
    try {
      return await login;
    } finally {
      if (this.#last.get(network) === settled) this.#last.delete(network);
    }
  }

  async #counted(network: string, key: string, check: () => Promise<boolean>): Promise<boolean> {
    const reason = "too many wrong passwords";
    await consume(this.#addresses, network, reason);
    try {
      await consume(this.#logins, key, reason);
    } catch (refused) {
      // No password was checked, and none was wrong.
      await this.#addresses.reward(network);
      throw refused;
    }
    const isRight = await check();
    if (isRight) await Promise.all([this.#logins.delete(key), this.#addresses.reward(network)]);
    return isRight;
  }
}

async function consume(limiter: RateLimiterMemory, key: string, reason: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    // Of a clock that was set back, the limiter makes a time longer than there is.
    const seconds = Math.min(Math.max(1, Math.ceil(refused.msBeforeNext / 1000)), limiter.duration);
    throw new RegistryRefusal(429, "TOOMANYREQUESTS", reason, {
      hint: `Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`,
      headers: { "Retry-After": String(seconds) },
    });
  }
}

/** An IPv4 address, or the first 64 bits of an IPv6 address. */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return "unknown";
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!address.includes(":")) return address;
  const [head = "", tail] = (address.split("%", 1)[0] ?? "").split("::");
  const [before, after] = [head, tail ?? ""].map((part) => (part === "" ? [] : part.split(":")));
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - (before?.length ?? 0) - (after?.length ?? 0));
  const groups = [...(before ?? []), ...Array.from({ length: zeros }, () => "0"), ...(after ?? [])];
  return `${groups.slice(0, 4).join(":")}::/64`;
}
