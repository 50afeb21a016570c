/** From the text of an argument to a value, with a suggestion when it was nearly right. */
import { SkillError } from "../errors.ts";
import { isLifecycleState, LIFECYCLE_STATES, type LifecycleState } from "../lifecycle/state.ts";
import { parseReference, type Reference } from "../oci/reference.ts";
import { quote, suggest } from "../text/index.ts";
import type { ParseValue } from "./command.ts";

/** A reference. Throws `REFERENCE_INVALID`. */
export function reference(text: string): Reference {
  return parseReference(text);
}

/** A registry, or a namespace in it: what can stand before a name. Throws `USAGE`. */
export function registryPrefix(given: string): string {
  const prefix = given.replace(/\/+$/, "");
  try {
    const { registry, tag, digest } = parseReference(`${prefix}/name`);
    if (registry !== undefined && tag === undefined && digest === undefined) return prefix;
  } catch {
    // Told below, in words about what it is for.
  }
  throw new SkillError("USAGE", `${quote(given)} is not a registry`, {
    hint: "Write its host, and perhaps a namespace, as in quay.io/myorg.",
  });
}

/** A lifecycle state. Throws `LIFECYCLE_STATE_UNKNOWN`. */
export function state(text: string): LifecycleState {
  return stateAmong(LIFECYCLE_STATES, text);
}

/** A lifecycle state to promote to; the first one is read, too, for the promotion itself says best why not. Throws `LIFECYCLE_STATE_UNKNOWN`. */
export function targetState(text: string): LifecycleState {
  return stateAmong(LIFECYCLE_STATES.slice(1), text);
}

function stateAmong(choices: readonly LifecycleState[], text: string): LifecycleState {
  if (isLifecycleState(text)) return text;
  throw new SkillError("LIFECYCLE_STATE_UNKNOWN", `${quote(text)} is not a lifecycle state`, {
    hint: hintFor(text, choices),
  });
}

/** One of `choices`, called `what` in the error. Throws `USAGE`. */
export function oneOf<T extends string>(what: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const choice = choices.find((each) => each === text);
    if (choice !== undefined) return choice;
    throw new SkillError("USAGE", `${quote(text)} is not ${/^[aeiou]/.test(what) ? "an" : "a"} ${what}`, {
      hint: hintFor(text, choices),
    });
  };
}

/** Any text but none. Throws `USAGE`. */
export function text(what: string): (given: string) => string {
  return (given) => {
    if (given.trim() !== "") return given;
    throw new SkillError("USAGE", `an empty text is no ${what}`, {
      hint: "Give it a value, or leave it out. Is a variable of your shell not set?",
    });
  };
}

/** Values separated by commas, or the flag given again, or the argument repeated: all of them, in order. */
export function listOf<T>(parse: (text: string) => T, separator = ","): ParseValue {
  return (given, previous) => [...((previous as readonly T[] | undefined) ?? []), ...given.split(separator).map(parse)];
}

/** A repeated argument: each is one value, commas and all. */
export function each<T>(parse: (text: string) => T): ParseValue {
  return (given, previous) => [...((previous as readonly T[] | undefined) ?? []), parse(given)];
}

/** A whole number from `least` to `most`. Throws `USAGE`. */
export function count(least: number, most: number): (given: string) => number {
  return (given) => {
    const number = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new SkillError("USAGE", `${quote(given)} is not a number from ${least} to ${most}`, {
      hint: `Write a whole number from ${least} to ${most}.`,
    });
  };
}

/** A length of time: a number and `s`, `m`, `h` or `d`, or just `0`; milliseconds. Throws `USAGE`. */
export function duration(given: string): number {
  if (given === "0") return 0;
  const match = /^(\d{1,9})([smhd])$/.exec(given);
  const [, amount, unit] = match ?? [];
  if (amount !== undefined && unit !== undefined) return Number(amount) * (MILLISECONDS[unit] ?? 0);
  throw new SkillError("USAGE", `${quote(given)} is not a length of time`, {
    hint: "Write a number and s, m, h or d, as in 90s, 30m or 7d.",
  });
}

const MILLISECONDS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A number of bytes: digits, and perhaps `kB`, `MB`, `GB` (decimal) or `KiB`, `MiB`, `GiB` (binary). Throws `USAGE`. */
export function bytes(given: string): number {
  const match = /^(\d{1,12})(B|kB|MB|GB|KiB|MiB|GiB)?$/.exec(given);
  const [, amount, unit = "B"] = match ?? [];
  if (amount !== undefined) return Number(amount) * (BYTES[unit] ?? 1);
  throw new SkillError("USAGE", `${quote(given)} is not a size`, {
    hint: "Write a number of bytes, or a number and kB, MB, GB, KiB, MiB or GiB, as in 64MiB.",
  });
}

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** The environment's SOURCE_DATE_EPOCH, in seconds; `undefined` when it is not set. Throws `USAGE`. */
export function sourceDateEpoch(variables: Readonly<Record<string, string | undefined>>): number | undefined {
  const given = variables["SOURCE_DATE_EPOCH"];
  if (given === undefined || given === "") return undefined;
  if (/^\d{1,11}$/.test(given)) return Number(given);
  throw new SkillError("USAGE", `SOURCE_DATE_EPOCH is ${quote(given)}, which is not a time`, {
    hint: "Set it to whole seconds since 1970, as in SOURCE_DATE_EPOCH=$(git log -1 --format=%ct), or unset it.",
  });
}

function hintFor(given: string, choices: readonly string[]): string {
  const nearest = suggest(given, choices);
  const all = `Choose one of ${choices.join(", ")}.`;
  return nearest === undefined ? all : `Did you mean ${nearest}? ${all}`;
}
