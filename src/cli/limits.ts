/** Limits for unpacking, as flags: each can be raised by its name, the one that a refusal mentions. */
import { DEFAULT_LIMITS, type ArchiveLimits } from "../archive/limits.ts";
import { SkillError } from "../errors.ts";
import { quote } from "../text/index.ts";
import type { OptionSpec } from "./command.ts";
import { bytes, oneOf } from "./values.ts";

const MiB = 1024 * 1024;
const NAMES = Object.keys(DEFAULT_LIMITS) as (keyof ArchiveLimits)[];

/** `--limit fileSize=64MiB`, as often as wanted; gives a `Partial<ArchiveLimits>`. */
export const LIMIT_OPTION: OptionSpec = {
  flags: "--limit <name=value>",
  summary: `raise or lower a limit, as in fileSize=64MiB; may be repeated: ${NAMES.join(", ")}`,
  completes: NAMES.map((name) => `${name}=`),
  parse: (text, previous) => ({ ...(previous as Partial<ArchiveLimits> | undefined), ...parseLimit(text) }),
};

/** The flags that set `limits`: `--limit compressedSize=50000000`. */
export function formatLimits(limits: Partial<ArchiveLimits>): string {
  return Object.entries(limits)
    .map(([name, value]) => `--limit ${name}=${value}`)
    .join(" ");
}

/** Which flag raises the limit that an `ARCHIVE_LIMIT` names, and how far it might go; `undefined` when it names none. */
export function limitAdvice({ message, hint = "" }: SkillError): string | undefined {
  const name = NAMES.find((each) => new RegExp(`\\b${each}\\b`).test(hint));
  if (name === undefined) return undefined;
  // What it was exceeded at: the value just given helps nobody.
  const exceeded = Number(/ than (\d+) /.exec(message)?.[1] ?? 0);
  const value = Math.max(DEFAULT_LIMITS[name], exceeded) * 2;
  const example = value % MiB === 0 ? `${value / MiB}MiB` : String(value);
  return `If you trust where it comes from, raise the limit ${name}, as in --limit ${name}=${example}`;
}

function parseLimit(text: string): Partial<ArchiveLimits> {
  const [name = "", value, ...rest] = text.split("=");
  if (value === undefined || rest.length > 0) {
    throw new SkillError("USAGE", `${quote(text)} is not a limit`, {
      hint: "Write a name and a value, as in fileSize=64MiB or entries=20000.",
    });
  }
  return { [oneOf("limit", NAMES)(name)]: bytes(value) };
}
