/** Response headers that say something about the next request. */
import { SkillError } from "../../errors.ts";

/** In seconds: what a number counts as that is larger (RFC 9111, section 1.2.2). */
const LONGEST_DELAY = 2 ** 31;

/**
 * How long to wait, in milliseconds, as a `retry-after` header says: in seconds, or until a date (RFC 9110, section 10.2.3).
 * `undefined` where it says nothing that can be understood.
 */
export function retryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text), LONGEST_DELAY) * 1000;
  // Anything else that Date.parse() takes, "1.5" or "-1" among it, is no HTTP date.
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

const MOST_LINKS = 100;

/**
 * The URL of the next page, the first `rel="next"` of a `link` header (RFC 8288), relative to `base`; `undefined` where there is none.
 * Throws `RESPONSE_INVALID` for a header that is not one. Whether that URL may be followed is for the caller to say.
 */
export function nextLink(value: string | undefined, base: URL): URL | undefined {
  if (value === undefined) return undefined;
  const scanner = new Scanner(value);
  for (let links = 0; links < MOST_LINKS && scanner.hasMore(); links += 1) {
    const { target, rel } = scanner.link(() => invalid(base));
    if (
      !rel
        .toLowerCase()
        .split(/[ \t]+/)
        .includes("next")
    )
      continue;
    if (!URL.canParse(target, base.href)) throw invalid(base);
    return new URL(target, base);
  }
  return undefined;
}

function invalid(base: URL): SkillError {
  return new SkillError(
    "RESPONSE_INVALID",
    `the Link header of ${base.host} is not one: the next page cannot be found`,
    {
      hint: "Tell whoever runs the registry.",
    },
  );
}

/** Goes through a Link header once, from left to right. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Also passes over empty elements: `, ,` is allowed in lists. */
  hasMore(): boolean {
    this.#skip(/[ \t,]*/y);
    return this.#at < this.#text.length;
  }

  /** One `<target>; name=value; …`, up to the comma after it. `rel` is empty where there is none. */
  link(refuse: () => SkillError): { readonly target: string; readonly rel: string } {
    const target = this.#take(/<([^<>]*)>[ \t]*/y)?.[1]?.trim();
    if (target === undefined) throw refuse();
    let rel: string | undefined;
    while (this.#take(/;[ \t]*/y) !== undefined) {
      const [, name = "", token = ""] = this.#take(/([^\s=;,"<>]*)[ \t]*(?:=[ \t]*([^\s;,"<>]*))?/y) ?? [];
      const quoted = this.#take(/"((?:[^"\\]|\\.)*)"/y)?.[1];
      this.#skip(/[ \t]*/y);
      if (name.toLowerCase() === "rel") rel ??= quoted?.replaceAll(/\\(.)/g, "$1") ?? token;
    }
    if (this.#at < this.#text.length && this.#text[this.#at] !== ",") throw refuse();
    return { target, rel: rel ?? "" };
  }

  #skip(pattern: RegExp): void {
    this.#take(pattern);
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match ?? undefined;
  }
}
