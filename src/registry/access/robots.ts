/**
 * Tokens for programs: named, expiring, revocable, and shown once.
 *
 * The file holds the sha256 of each secret, which has 256 random bits, so there is nothing in it to log in with. Whoever may write
 * the file may make tokens; the server reads it again when it changes.
 */
import { SkillError } from "../../errors.ts";
import { parseStrictJson } from "../../oci/index.ts";
import { quote } from "../../text/index.ts";
import { replaceFile } from "./files/replace-file.ts";
import { WatchedFile } from "./files/watched-file.ts";
import { isRobotName, robotName } from "./names.ts";
import { hashOf, isSameHash, newSecret } from "./secret.ts";

const PREFIX = "skr_";

/** What is known of a token; never the secret. */
export interface RobotToken {
  /** `robot+ci`, the user name to log in with. */
  readonly name: string;
  /** RFC 3339. */
  readonly created: string;
  /** RFC 3339. */
  readonly expires: string;
  /** RFC 3339; absent while it is good. */
  readonly revoked?: string;
  /** Who made it, as they or their tool said. */
  readonly createdBy?: string;
}

interface StoredToken extends RobotToken {
  /** sha256 of the secret, hexadecimal. */
  readonly hash: string;
}

/** A new token, and the only time that its secret is told. */
export interface NewRobotToken extends RobotToken {
  readonly secret: string;
}

export interface RobotTokensOptions {
  readonly now?: () => number;
  /** Told of a change of the file that cannot be read; the tokens stay as they were. */
  readonly onProblem?: (problem: unknown) => void;
}

export class RobotTokens {
  readonly #file: WatchedFile<readonly StoredToken[]>;
  readonly #now: () => number;

  /** `path`: the file, which need not be there. */
  constructor(path: string, options: RobotTokensOptions = {}) {
    const { now = Date.now, onProblem } = options;
    this.#now = now;
    this.#file = new WatchedFile(path, {
      parse: (text) => parseTokens(text, path),
      absent: () => [],
      now,
      ...(onProblem && { onProblem }),
    });
  }

  /**
   * Makes a token that is good until `expires` (milliseconds since 1970). Throws `TARGET_EXISTS` when a good one has that
   * name, `USAGE` for a name or time that will not do, `CONFIG_INVALID` when the file cannot be written.
   */
  async create(name: string, expires: number, options: { readonly createdBy?: string } = {}): Promise<NewRobotToken> {
    const full = robotName(name);
    const now = this.#now();
    if (!(expires > now) || !Number.isFinite(new Date(expires).getTime())) {
      throw new SkillError("USAGE", `${full} would have expired already`, { hint: "Give it a time in the future." });
    }
    const secret = PREFIX + newSecret();
    const token: RobotToken = {
      name: full,
      created: new Date(now).toISOString(),
      expires: new Date(expires).toISOString(),
      ...(options.createdBy === undefined ? {} : { createdBy: options.createdBy }),
    };
    await this.#edit((tokens) => {
      if (tokens.some((each) => each.name === full && this.#isGood(each))) {
        throw new SkillError("TARGET_EXISTS", `there is a token ${full} already`, {
          hint: "Revoke it first, or take another name.",
        });
      }
      return [...tokens.filter((each) => each.name !== full), { ...token, hash: hashOf(secret) }];
    });
    return { ...token, secret };
  }

  /** Ends a token at once; resolves to whether there was a good one. */
  async revoke(name: string): Promise<boolean> {
    const full = isRobotName(name) ? name : robotName(name);
    let isRevoked = false;
    await this.#edit((tokens) =>
      tokens.map((each) => {
        if (each.name !== full || !this.#isGood(each)) return each;
        isRevoked = true;
        return { ...each, revoked: new Date(this.#now()).toISOString() };
      }),
    );
    return isRevoked;
  }

  /** All tokens, those too that are no longer good, by name. */
  async list(): Promise<readonly RobotToken[]> {
    const tokens = await this.#file.reload();
    return tokens.map(withoutHash).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Whether a good token has this full name. */
  async has(name: string): Promise<boolean> {
    return (await this.#file.current()).some((each) => each.name === name && this.#isGood(each));
  }

  /** The full name of the good token that has this secret. */
  async find(secret: string): Promise<string | undefined> {
    const hash = hashOf(secret);
    const tokens = await this.#file.current();
    return tokens.find((each) => isSameHash(each.hash, hash) && this.#isGood(each))?.name;
  }

  #isGood({ expires, revoked }: RobotToken): boolean {
    return revoked === undefined && Date.parse(expires) > this.#now();
  }

  async #edit(change: (tokens: readonly StoredToken[]) => readonly StoredToken[]): Promise<void> {
    const { path } = this.#file;
    await replaceFile(path, (text) => {
      const tokens = change(text === undefined ? [] : parseTokens(text, path));
      return `${JSON.stringify({ version: 1, tokens }, undefined, 2)}\n`;
    });
    await this.#file.reload();
  }
}

/** Whether a text looks like the secret of a robot token. */
export function isRobotSecret(text: string): boolean {
  return text.startsWith(PREFIX);
}

function withoutHash({ name, created, expires, revoked, createdBy }: StoredToken): RobotToken {
  return {
    name,
    created,
    expires,
    ...(revoked === undefined ? {} : { revoked }),
    ...(createdBy === undefined ? {} : { createdBy }),
  };
}

function parseTokens(text: string, path: string): readonly StoredToken[] {
  try {
    const document = parseStrictJson(Buffer.from(text));
    const { version, tokens } = document as { readonly version?: unknown; readonly tokens?: unknown };
    if (version === 1 && Array.isArray(tokens) && tokens.every(isToken)) return tokens;
  } catch (cause) {
    throw damaged(path, cause);
  }
  throw damaged(path, undefined);
}

function isToken(value: unknown): value is StoredToken {
  if (typeof value !== "object" || value === null) return false;
  const { name, hash, created, expires, revoked } = value as Readonly<Record<string, unknown>>;
  const isName = typeof name === "string" && isRobotName(name);
  const isHash = typeof hash === "string" && /^[0-9a-f]{64}$/.test(hash);
  const areTimes = [created, expires, revoked ?? created].every(
    (time) => typeof time === "string" && Number.isFinite(Date.parse(time)),
  );
  return isName && isHash && areTimes;
}

function damaged(path: string, cause: unknown): SkillError {
  return new SkillError("CONFIG_INVALID", `${quote(path)} is not a file of robot tokens`, {
    hint: "Restore it from a backup, or remove it and make the tokens anew.",
    cause,
  });
}
