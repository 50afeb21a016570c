/**
 * What a registry wants to see, as it says so itself: the `WWW-Authenticate` header.
 *
 * Commas separate challenges, and also the parameters of one challenge, and may stand in quoted strings; so the header is
 * read in one pass from left to right. Registries are careless with quotes, so what is no grammar is passed over
 * rather than refused: a challenge that was misread leads to no credentials, not to wrong ones.
 */
import { SkillError } from "../../errors.ts";

/** One challenge. RFC 9110, section 11.6.1. */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** By names in lower case. Of a parameter that comes twice, the first counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** In characters. Servers themselves refuse headers of this size. */
const MAX_HEADER = 16 * 1024;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const SPACE = /[ \t]*/y;
const UNQUOTED = /[^,"]*/y;

/**
 * Reads the challenges of one or more header values, joined by commas. Text without any gives an empty list; a value
 * over 16 KiB throws `RESPONSE_INVALID`. Takes time in proportion to the length.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  if (header.length > MAX_HEADER) {
    throw new SkillError("RESPONSE_INVALID", `a WWW-Authenticate header has over ${MAX_HEADER} characters`);
  }
  const text = new Scanner(header);
  const challenges: Challenge[] = [];
  let parameters: Map<string, string> | undefined;
  while (!text.isAtEnd) {
    text.take(SPACE);
    const word = text.take(TOKEN).toLowerCase();
    if (word === "") {
      text.skipCharacter();
      continue;
    }
    text.take(SPACE);
    if (!text.skip("=")) {
      parameters = new Map();
      challenges.push({ scheme: word, parameters });
      continue;
    }
    text.take(SPACE);
    const value = text.isAt('"') ? text.takeQuoted() : text.take(UNQUOTED).trim();
    if (value !== undefined && parameters?.has(word) === false) parameters.set(word, value);
  }
  return challenges;
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  isAt(character: string): boolean {
    return this.#text[this.#at] === character;
  }

  skip(character: string): boolean {
    if (!this.isAt(character)) return false;
    this.#at++;
    return true;
  }

  /** Passes over what begins nothing: a comma, a stray character, or a whole quoted string, lest its inside be read. */
  skipCharacter(): void {
    if (this.isAt('"')) this.takeQuoted();
    else this.#at++;
  }

  /** What a sticky pattern matches here; empty when it matches nothing. */
  take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  /** A quoted string without its quotes and escapes; `undefined`, and the text is at its end, when nothing closes it. */
  takeQuoted(): string | undefined {
    let value = "";
    for (this.#at++; !this.isAtEnd; this.#at++) {
      if (this.skip('"')) return value;
      if (this.isAt("\\")) this.#at++;
      value += this.#text[this.#at] ?? "";
    }
    return undefined;
  }
}
