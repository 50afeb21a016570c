/**
 * Strict JSON for documents that come from elsewhere.
 *
 * `JSON.parse` keeps the last of two equal keys and accepts any depth, so two readers of one signed document can see
 * two documents. This check runs over the text before `JSON.parse` does and refuses what readers could disagree on.
 */
import { SkillError } from "../errors.ts";
import { quote, visibleLine } from "../text/index.ts";

export interface JsonLimits {
  /** Deepest nesting of objects and arrays; default 64. */
  readonly depth?: number;
}

/**
 * Parses UTF-8 JSON. Throws `JSON_INVALID` for invalid UTF-8, a byte-order mark, malformed JSON, a key that is
 * repeated in one object (also when spelt with escapes), a `__proto__` key, and nesting over the limit.
 */
export function parseStrictJson(bytes: Uint8Array, limits: JsonLimits = {}): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new SkillError("JSON_INVALID", "the document is not valid UTF-8", { cause });
  }
  checkStructure(text, limits.depth ?? 64);
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The message cites the document.
    const reason = visibleLine((cause as Error).message);
    throw new SkillError("JSON_INVALID", `the document is not valid JSON: ${reason}`, { cause });
  }
}

/** An open object (its keys so far) or array (no keys). */
interface Frame {
  readonly keys: Set<string> | undefined;
  expectsKey: boolean;
}

/** One pass over strings and the punctuation that gives structure; all else is left to `JSON.parse`. */
function checkStructure(text: string, maxDepth: number): void {
  const stack: Frame[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      const end = endOfString(text, at);
      const top = stack.at(-1);
      if (top?.keys !== undefined && top.expectsKey) {
        top.expectsKey = false;
        checkKey(text.slice(at, end + 1), top.keys);
      }
      at = end;
    } else if (character === "{" || character === "[") {
      if (stack.length >= maxDepth) {
        throw new SkillError("JSON_INVALID", `the document nests deeper than ${maxDepth} levels`);
      }
      stack.push({ keys: character === "{" ? new Set() : undefined, expectsKey: character === "{" });
    } else if (character === "}" || character === "]") {
      stack.pop();
    } else if (character === ",") {
      const top = stack.at(-1);
      if (top !== undefined) top.expectsKey = top.keys !== undefined;
    }
  }
}

/** The position of the quote that closes the string beginning at `start`; the text's end when nothing does. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at;
  }
  return text.length;
}

function checkKey(token: string, seen: Set<string>): void {
  let key: string;
  try {
    key = JSON.parse(token) as string;
  } catch (cause) {
    throw new SkillError("JSON_INVALID", `the document has a malformed key: ${quote(token)}`, { cause });
  }
  if (seen.has(key)) throw new SkillError("JSON_INVALID", `the document repeats the key ${quote(key)}`);
  if (key === "__proto__") throw new SkillError("JSON_INVALID", 'the document has a key named "__proto__"');
  seen.add(key);
}
