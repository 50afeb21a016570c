/**
 * Users and passwords in a file that `htpasswd -B` writes.
 *
 * bcrypt only: the other formats of htpasswd are broken or were made for speed. A password is checked once; while it stays the same
 * it is recognised by a keyed hash in memory, as bcrypt for every request would be all that the server does.
 */
import { createHmac, randomBytes } from "node:crypto";

import { compare, genSaltSync, getRounds } from "bcryptjs";

import { SkillError } from "../../errors.ts";
import { limiter } from "../../store/limiter.ts";
import { quote } from "../../text/index.ts";
import { ExpiringMap } from "./expiring-map.ts";
import { WatchedFile } from "./files/watched-file.ts";
import { isReservedName } from "./names.ts";

/** More rounds (powers of two) take seconds for each login. */
const MAX_ROUNDS = 15;
const BCRYPT = /^\$2[aby]\$(?:0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}$/;
/** Milliseconds for which a checked password is recognised. */
const RECOGNISED = 5 * 60_000;
const MAX_RECOGNISED = 1000;
const MAX_USERS = 100_000;

/** The hashes by user name, and the one that stands in for those of unknown users. */
export interface Users {
  readonly hashes: ReadonlyMap<string, string>;
  readonly decoy: string;
}

export interface HtpasswdOptions {
  /** Told of a change that cannot be read; the users stay as they were. */
  readonly onProblem?: (problem: unknown) => void;
  readonly now?: () => number;
}

export class Htpasswd {
  readonly #file: WatchedFile<Users>;
  readonly #recognised: ExpiringMap<true>;
  readonly #checking = new Map<string, Promise<boolean>>();
  /** One check at a time: each keeps the processor, and all of them at once would keep everybody from being served. */
  readonly #inTurn = limiter(1);
  readonly #key = randomBytes(32);
  readonly #now: () => number;

  constructor(path: string, options: HtpasswdOptions = {}) {
    const { now = Date.now, onProblem } = options;
    this.#now = now;
    this.#recognised = new ExpiringMap(MAX_RECOGNISED, now);
    this.#file = new WatchedFile(path, {
      parse: (text) => parseHtpasswd(text, path),
      now,
      ...(onProblem && { onProblem }),
    });
  }

  /** Reads the file; throws `CONFIG_INVALID` when it cannot be read or has a line that is not understood. */
  async load(): Promise<void> {
    await this.#file.current();
  }

  async has(name: string): Promise<boolean> {
    return (await this.#file.current()).hashes.has(name);
  }

  /** Whether this password was checked lately: it costs nothing to check it again. */
  async recognises(name: string, password: string): Promise<boolean> {
    const hash = (await this.#file.current()).hashes.get(name);
    return hash !== undefined && this.#recognised.get(this.#keyOf(name, password, hash)) === true;
  }

  /** Whether the file has this user with this password. Takes as long for users that it does not have. */
  async verify(name: string, password: string): Promise<boolean> {
    const { hashes, decoy } = await this.#file.current();
    const known = hashes.get(name);
    const key = this.#keyOf(name, password, known ?? decoy);
    if (this.#recognised.get(key) === true) return true;
    // Many requests of one client at once are one check.
    const check =
      this.#checking.get(key) ??
      this.#inTurn(async () => compare(password, known ?? decoy)).finally(() => this.#checking.delete(key));
    this.#checking.set(key, check);
    const isRight = (await check) && known !== undefined;
    if (isRight) this.#recognised.set(key, true, this.#now() + RECOGNISED);
    return isRight;
  }

  /** With the hash in it, a changed password is another key at once. */
  #keyOf(name: string, password: string, hash: string): string {
    return createHmac("sha256", this.#key)
      .update(JSON.stringify([name, password, hash]))
      .digest("base64");
  }
}

/** Reads the lines `user:hash`; blank ones and comments (`#`) are skipped. Throws `CONFIG_INVALID`, without the line's text. */
export function parseHtpasswd(text: string, file: string): Users {
  const hashes = new Map<string, string>();
  for (const [at, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    const [name, hash] = [line.slice(0, Math.max(colon, 0)), line.slice(colon + 1)];
    const wrong = whatIsWrong(name, hash, hashes);
    if (wrong !== undefined) {
      throw new SkillError("CONFIG_INVALID", `${file}:${at + 1}: ${wrong}`, {
        hint: "Write users with htpasswd -B FILE NAME, which hashes passwords with bcrypt.",
      });
    }
    hashes.set(name, hash);
  }
  const rounds = [...hashes.values()].reduce((most, hash) => Math.max(most, getRounds(hash)), 5);
  return { hashes, decoy: decoyOf(rounds) };
}

/** A hash that no password has: it only costs as much to check. */
function decoyOf(rounds: number): string {
  return genSaltSync(rounds) + randomBytes(32).toString("base64url").replaceAll(/[-_]/g, ".").slice(0, 31);
}

function whatIsWrong(name: string, hash: string, known: ReadonlyMap<string, string>): string | undefined {
  if (name === "") return "the line has no user name";
  if (isReservedName(name)) return `the name ${quote(name)} is kept for tokens`;
  if (known.has(name)) return `the user ${quote(name)} is there twice`;
  if (known.size >= MAX_USERS) return `there are more than ${MAX_USERS} users`;
  if (!BCRYPT.test(hash)) return `the password of ${quote(name)} is not hashed with bcrypt`;
  if (getRounds(hash) > MAX_ROUNDS) return `the hash of ${quote(name)} takes more than ${MAX_ROUNDS} rounds`;
  return undefined;
}
