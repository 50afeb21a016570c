/** What a schema cannot say of a card: versions, ranges, licences, and the files that the card names. */
import parseVersion from "semver/functions/parse.js";
import validRange from "semver/ranges/valid.js";
import parseSpdx from "spdx-expression-parse";

import { quote, suggest } from "../text/index.ts";
import type { Problem } from "./problem.ts";
import { DEFAULT_PROMPT } from "./types.ts";
import { locate, valueAt, type LocatedValue } from "./yaml-document.ts";

/** What a rule found at a value; `undefined` when all is well. */
type Finding = Pick<Problem, "severity" | "message" | "hint"> | undefined;

export interface RuleOptions {
  /** Tells whether the skill holds a file; without it, files are not looked for. */
  readonly hasFile?: (path: string) => boolean;
}

/** Applies every rule to the values that are text and that no earlier problem (`faulty`, paths) is about. */
export function checkRules(document: LocatedValue, faulty: ReadonlySet<string>, options: RuleOptions): Problem[] {
  const problems: Problem[] = [];
  const check = (pointer: string, rule: (value: string, path: string) => Finding): void => {
    const value = valueAt(document, pointer);
    const { path, value: span } = locate(document, pointer);
    if (typeof value !== "string" || faulty.has(path)) return;
    const finding = rule(value, path);
    if (finding !== undefined) problems.push({ ...finding, path, span });
  };

  check("/metadata/version", checkVersion);
  check("/metadata/description", checkNotBlank);
  check("/metadata/license", checkLicense);
  const dependencies = valueAt(document, "/spec/dependencies");
  const count = Array.isArray(dependencies) ? dependencies.length : 0;
  for (let index = 0; index < count; index++) check(`/spec/dependencies/${index}/version`, checkRange);
  check("/spec/prompt", (value, path) => checkPrompt(value, path, options));
  if (valueAt(document, "/spec/prompt") === undefined && options.hasFile?.(DEFAULT_PROMPT) === false) {
    problems.push(missingDefaultPrompt(document));
  }
  return problems;
}

/** What the tags of versions that are not published end in. */
const STATE_SUFFIXES = ["-draft", "-testing"] as const;

/** In characters. OCI distribution-spec "Pulling manifests". */
const LONGEST_TAG = 128;
const LONGEST_VERSION = LONGEST_TAG - "-testing".length;

function checkVersion(value: string, path: string): Finding {
  if (parseVersion(value) === null) {
    const message = `${path} ${quote(value)} is not a semantic version: it is too long, or a number in it too large`;
    return { severity: "error", message };
  }
  if (value.length > LONGEST_VERSION) {
    const message = `${path} is ${value.length} characters long; at most ${LONGEST_VERSION} are allowed`;
    const hint = `The tag of a version under test is the version and "-testing", and a tag has at most ${LONGEST_TAG} characters.`;
    return { severity: "error", message, hint };
  }
  const suffix = STATE_SUFFIXES.find((tag) => value.endsWith(tag));
  if (suffix === undefined) return undefined;
  return {
    severity: "error",
    message: `${path} ${quote(value)} reads like a lifecycle tag`,
    hint: `Leave out "${suffix}": once published, its tag would be that of ${value.slice(0, -suffix.length)} in the state ${suffix.slice(1)}.`,
  };
}

function checkNotBlank(value: string, path: string): Finding {
  return value.trim() === "" ? { severity: "error", message: `${path} must not be empty` } : undefined;
}

function checkRange(value: string, path: string): Finding {
  if (value.trim() !== "" && validRange(value) !== null) return undefined;
  const message = `${path} ${quote(value)} is not a range of versions`;
  return { severity: "error", message, hint: 'Write a range such as "^1.0.0", ">=1.2.0 <2.0.0" or "*".' };
}

/** Licences that people name most, for suggestions only. */
const COMMON_LICENSES =
  "Apache-2.0 MIT BSD-2-Clause BSD-3-Clause ISC MPL-2.0 GPL-2.0-only GPL-3.0-only GPL-3.0-or-later LGPL-3.0-only AGPL-3.0-only CC0-1.0 CC-BY-4.0 Unlicense".split(
    " ",
  );

/** An expression longer than this is not parsed: the parser recurses, and no real one comes near. */
const LONGEST_LICENSE = 1000;

function checkLicense(value: string, path: string): Finding {
  if (value.length <= LONGEST_LICENSE && isSpdx(value)) return undefined;
  const near = suggest(value, COMMON_LICENSES);
  const hint = near === undefined ? "See https://spdx.org/licenses for the identifiers." : `Did you mean "${near}"?`;
  return { severity: "warning", message: `${path} ${quote(value)} is not an SPDX licence expression`, hint };
}

function isSpdx(value: string): boolean {
  try {
    parseSpdx(value);
    return true;
  } catch {
    return false; // the parser's only way to say no
  }
}

function checkPrompt(value: string, path: string, { hasFile }: RuleOptions): Finding {
  const hint = `Write the path of a file inside the skill with forward slashes, such as "${DEFAULT_PROMPT}".`;
  if (/^[/\\]|^[A-Za-z]:/.test(value)) {
    return { severity: "error", message: `${path} ${quote(value)} is an absolute path`, hint };
  }
  const plain = value.replace(/^(?:\.\/)+/, "");
  const segments = plain.split(/[/\\]/);
  if (segments.includes("..")) {
    return { severity: "error", message: `${path} ${quote(value)} leads out of the skill`, hint };
  }
  if (value.includes("\\") || /\p{Cc}/u.test(value) || segments.some((segment) => segment === "" || segment === ".")) {
    return { severity: "error", message: `${path} ${quote(value)} is not a plain path`, hint };
  }
  if (hasFile?.(plain) !== false) return undefined;
  return { severity: "error", message: `${path} names ${quote(value)}, but the skill holds no such file` };
}

function missingDefaultPrompt(document: LocatedValue): Problem {
  const spec = locate(document, "/spec");
  return {
    severity: "error",
    path: "spec.prompt",
    message: `the skill holds no ${DEFAULT_PROMPT}`,
    hint: `Add ${DEFAULT_PROMPT}, or name the file that agents read first in spec.prompt.`,
    span: spec.key ?? spec.value,
  };
}
