/** Values and JSON that a terminal can print without obeying what they hold. */
import { INVISIBLE, visible } from "../text/index.ts";

/** A copy of `value` in which {@link visible} has gone over every string, keys included. */
export function visibleDeep<T>(value: T): T {
  return mapStrings(value) as T;
}

/** JSON, two spaces deep, in which invisible characters are escaped: parsers read the same value, terminals obey nothing. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll(INVISIBLE, (character) =>
    character === "\n" ? character : escapeUnits(character),
  );
}

/** A value in which nothing has to be changed is returned itself: most are, and a listing has many. */
function mapStrings(value: unknown): unknown {
  if (isVisible(value)) return value;
  if (typeof value === "string") return visible(value);
  if (Array.isArray(value)) return value.map(mapStrings);
  return Object.fromEntries(Object.entries(value as object).map(([key, item]) => [visible(key), mapStrings(item)]));
}

function isVisible(value: unknown): boolean {
  if (typeof value === "string") return visible(value) === value;
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every(isVisible);
  for (const key of Object.keys(value)) {
    if (visible(key) !== key || !isVisible((value as Readonly<Record<string, unknown>>)[key])) return false;
  }
  return true;
}

function escapeUnits(character: string): string {
  const codes = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return codes.map((code) => `\\u${code.toString(16).padStart(4, "0")}`).join("");
}
