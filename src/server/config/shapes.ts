/**
 * What a configuration file may hold, as data: a shape turns what was read into a value and reports everything that is not
 * of this shape, each with its place. Nothing stops at the first problem.
 */
import { isAbsolute, resolve } from "node:path";

import { isSkillError, type SkillError } from "../../errors.ts";
import type { YamlMapping, YamlValue } from "../../skillcard/yaml-document.ts";
import { quote, suggest } from "../../text/index.ts";

/** Where a value stands, and whom to tell of it. */
export interface Place {
  /** JSON pointer. */
  readonly pointer: string;
  /** For relative paths: the directory of the file. */
  readonly directory: string;
  readonly report: (pointer: string, message: string, hint?: string) => void;
}

/** `undefined` when the value was reported. */
export type Shape<T> = (value: YamlValue, place: Place) => T | undefined;

type Fields = Readonly<Record<string, Shape<unknown>>>;
type ValueOf<S> = S extends Shape<infer T> ? T : never;
/** All optional, but those named `R`. */
type Mapping<F extends Fields, R extends keyof F> = {
  readonly [K in Exclude<keyof F, R>]?: ValueOf<F[K]>;
} & { readonly [K in R]: ValueOf<F[K]> };

/** A mapping with these keys and no others. A key without a value counts as left out. */
export function mapping<F extends Fields, R extends keyof F & string = never>(
  fields: F,
  required: readonly R[] = [],
): Shape<Mapping<F, R>> {
  return (value, place) => {
    if (!isMapping(value)) return refuse(place, "must be a mapping of keys to values");
    const result: Record<string, unknown> = {};
    for (const [key, each] of Object.entries(value)) {
      const shape = Object.hasOwn(fields, key) ? fields[key] : undefined;
      if (shape === undefined) reportUnknown(key, Object.keys(fields), place);
      else if (each !== null) result[key] = shape(each, inside(place, key));
    }
    for (const key of required) {
      if (value[key] === undefined || value[key] === null) place.report(place.pointer, `lacks the key ${key}`);
    }
    return result as Mapping<F, R>;
  };
}

/** A mapping whose keys are for the user to choose; `checkKey` throws `CONFIG_INVALID` for those that will not do. */
export function record<T>(shape: Shape<T>, checkKey?: (key: string) => unknown): Shape<Readonly<Record<string, T>>> {
  return (value, place) => {
    if (!isMapping(value)) return refuse(place, "must be a mapping of names to values");
    const result = Object.create(null) as Record<string, T>;
    for (const [key, each] of Object.entries(value)) {
      const wrong = checkKey && refusalBy(checkKey, key);
      if (wrong !== undefined) place.report(inside(place, key).pointer, `the key ${wrong.message}`, wrong.hint);
      const read = shape(each, inside(place, key));
      if (read !== undefined) result[key] = read;
    }
    return result;
  };
}

export function list<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, place) => {
    if (!Array.isArray(value)) return refuse(place, "must be a list");
    return value.flatMap((each: YamlValue, at) => shape(each, inside(place, String(at))) ?? []);
  };
}

/** One value, or a list of them. */
export function oneOrMore<T>(shape: Shape<T>): Shape<T | readonly T[]> {
  return (value, place) => (Array.isArray(value) ? list(shape)(value, place) : shape(value, place));
}

export const text: Shape<string> = (value, place) =>
  typeof value === "string" && value.trim() !== "" ? value : refuse(place, "must be text", "Put numbers in quotes.");

/** Text for which `check` does not throw `CONFIG_INVALID`. */
export function checked(check: (given: string) => unknown): Shape<string> {
  return (value, place) => {
    const given = text(value, place);
    const wrong = given === undefined ? undefined : refusalBy(check, given);
    return wrong === undefined ? given : refuse(place, `is wrong: ${wrong.message}`, wrong.hint);
  };
}

function refusalBy(check: (given: string) => unknown, given: string): SkillError | undefined {
  try {
    check(given);
    return undefined;
  } catch (error) {
    if (isSkillError(error, "CONFIG_INVALID")) return error;
    throw error;
  }
}

export const flag: Shape<boolean> = (value, place) =>
  typeof value === "boolean" ? value : refuse(place, "must be true or false");

/** A path; one that is not absolute counts from the file's directory. */
export const path: Shape<string> = (value, place) => {
  const given = text(value, place);
  return given === undefined || isAbsolute(given) ? given : resolve(place.directory, given);
};

export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER): Shape<number> {
  return (value, place) => {
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    return refuse(place, `must be a whole number ${range}`);
  };
}

export function oneOf<T extends string>(...choices: readonly T[]): Shape<T> {
  return (value, place) => {
    const choice = choices.find((each) => each === value);
    return choice ?? refuse(place, `must be one of ${choices.join(", ")}`);
  };
}

/** A length of time, in milliseconds: a number and `s`, `m`, `h` or `d`. */
export const duration: Shape<number> = (value, place) =>
  measured(value, /^([0-9]{1,9})(s|m|h|d)$/, { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }) ??
  refuse(place, "must be a length of time", "Write a number and s, m, h or d, as in 90s, 30m or 7d.");

/** Milliseconds. A timer that is set to more, Node lets fire at once. */
export const LONGEST_WAIT = 2 ** 31 - 1;

/** {@link duration} for what is waited for: at least `least` milliseconds, and no more than a timer can be set to. */
export function waiting(least: number): Shape<number> {
  return (value, place) => {
    const wait = duration(value, place);
    if (wait === undefined || (wait >= least && wait <= LONGEST_WAIT)) return wait;
    return refuse(place, `must be a length of time from ${least / 1000}s to ${Math.floor(LONGEST_WAIT / 86_400_000)}d`);
  };
}

/** A number of bytes, or a number and a unit. */
export const bytes: Shape<number> = (value, place) =>
  measured(typeof value === "number" ? `${value}B` : value, /^([0-9]{1,12})(B|kB|MB|GB|KiB|MiB|GiB)$/, {
    B: 1,
    kB: 1e3,
    MB: 1e6,
    GB: 1e9,
    KiB: 2 ** 10,
    MiB: 2 ** 20,
    GiB: 2 ** 30,
  }) ??
  refuse(place, "must be a size", "Write a number of bytes, or a number and kB, MB, GB, KiB, MiB or GiB, as in 64MiB.");

function measured(value: YamlValue, form: RegExp, units: Readonly<Record<string, number>>): number | undefined {
  const [, amount, unit = ""] = (typeof value === "string" ? form.exec(value) : null) ?? [];
  const factor = units[unit];
  return amount === undefined || factor === undefined ? undefined : Number(amount) * factor;
}

function reportUnknown(key: string, known: readonly string[], place: Place): void {
  const meant = suggest(key, known);
  const hint = meant === undefined ? `The keys here are ${known.join(", ")}.` : `Did you mean ${meant}?`;
  place.report(inside(place, key).pointer, `the key ${quote(key)} is not known`, hint);
}

function refuse(place: Place, message: string, hint?: string): undefined {
  place.report(place.pointer, message, hint);
  return undefined;
}

function inside(place: Place, key: string): Place {
  return { ...place, pointer: `${place.pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}` };
}

function isMapping(value: YamlValue): value is YamlMapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
