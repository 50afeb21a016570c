import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";

import ignore, { type Ignore } from "ignore";

import { absentAsUndefined } from "../errno.ts";
import { SkillError } from "../errors.ts";
import { quote } from "../text/index.ts";
import { unreadable } from "./file-content.ts";

/** The file at the root of a skill that says, in gitignore syntax, what else is not packed. */
export const IGNORE_FILE = ".skillignore";

const MAX_SIZE = 64 * 1024;
const MAX_PATTERNS = 1000;

// The time that a pattern takes grows with the depth of a path to the power of this.
const MAX_DOUBLE_STARS = 3;

/**
 * The rules of `directory`'s `.skillignore`; none without one. Throws `FILE_UNREADABLE` when it cannot be read, is over
 * 64 KiB or 1,000 patterns, or has a pattern, then named by its line, that would take too long to match;
 * `FILE_UNSUPPORTED` when it is not a regular file.
 */
export async function readIgnoreRules(directory: string): Promise<Ignore> {
  const rules = ignore({ ignorecase: false, allowRelativePaths: true });
  const location = join(directory, IGNORE_FILE);
  const found = await lstat(location)
    .catch(absentAsUndefined)
    .catch((cause: unknown) => {
      throw unreadable(location, cause);
    });
  if (found === undefined) return rules;
  if (!found.isFile()) throw new SkillError("FILE_UNSUPPORTED", `${quote(location)} is not a regular file`);
  if (found.size > MAX_SIZE) {
    throw new SkillError("FILE_UNREADABLE", `${quote(location)} is larger than ${MAX_SIZE} bytes`);
  }
  const text = await readFile(location, "utf8").catch((cause: unknown) => {
    throw unreadable(location, cause);
  });
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  checkPatterns(lines, location);
  return rules.add(lines);
}

function checkPatterns(lines: readonly string[], location: string): void {
  let patterns = 0;
  for (const [at, line] of lines.entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    if (++patterns > MAX_PATTERNS) {
      throw new SkillError("FILE_UNREADABLE", `${quote(location)} holds more than ${MAX_PATTERNS} patterns`);
    }
    if ((line.match(/\*{2,}/g)?.length ?? 0) <= MAX_DOUBLE_STARS) continue;
    throw new SkillError(
      "FILE_UNREADABLE",
      `line ${at + 1} of ${quote(location)} holds more than ${MAX_DOUBLE_STARS} times **`,
      { hint: "Write a pattern with fewer of them, or several patterns." },
    );
  }
}
