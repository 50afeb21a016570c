/** A skill as a directory on disk: which file is its card, and is it one that can be packed. */
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

import { collectFiles, type CollectedFiles } from "../archive/index.ts";
import { SkillError } from "../errors.ts";
import { cardFromSkillMarkdown, countWords, validateSkillCard } from "../skillcard/index.ts";
import type { SkillCard, SkillCardIssue } from "../skillcard/index.ts";
import type { OperationOptions } from "../store/index.ts";
import { CARD_FILE, PROMPT_FILE } from "./names.ts";

const MAX_PROMPT_BYTES = 16 * 1024 * 1024;

/** What is right and wrong with a skill directory. */
export interface ValidationReport {
  /** The path as it was given. */
  readonly path: string;
  /** The file that the positions of `issues` refer to. */
  readonly file: string;
  /** The text of that file, for excerpts. */
  readonly text: string;
  /** Absent when the problems leave no card to speak of. */
  readonly card?: SkillCard;
  readonly issues: readonly SkillCardIssue[];
  /** True when no issue is an error. */
  readonly valid: boolean;
}

/** A report together with the files that would be packed. */
export interface SkillDirectory {
  readonly report: ValidationReport;
  readonly contents: CollectedFiles;
  /** Words of SKILL.md without frontmatter; `undefined` without that file. */
  readonly wordcount: number | undefined;
}

/**
 * Checks a skill: a directory, or its `skill.yaml` or `SKILL.md`. Every problem is in the report; it throws only when
 * there is nothing to check: `FILE_UNREADABLE`, `SKILLCARD_MISSING`, or `FILE_UNSUPPORTED` for a file no image can carry.
 */
export async function validate(path: string, options?: OperationOptions): Promise<ValidationReport> {
  return (await readSkillDirectory(path, options)).report;
}

/** Reads and checks a skill directory without changing anything. Throws as {@link validate} does. */
export async function readSkillDirectory(path: string, options?: OperationOptions): Promise<SkillDirectory> {
  const directory = await directoryOf(path);
  const contents = await collectFiles(directory, options);
  const names = new Set(contents.files.map((file) => file.path));
  const prompt = names.has(PROMPT_FILE) ? await readText(join(directory, PROMPT_FILE), MAX_PROMPT_BYTES) : undefined;
  const wordcount = prompt === undefined ? undefined : countWords(prompt);
  const report = names.has(CARD_FILE)
    ? await checkCard(path, join(directory, CARD_FILE), names)
    : checkPrompt(path, directory, prompt);
  return { report, contents, wordcount };
}

async function checkCard(path: string, file: string, names: ReadonlySet<string>): Promise<ValidationReport> {
  const text = await readText(file, MAX_PROMPT_BYTES);
  return report(path, file, text, validateSkillCard(text, { file, hasFile: (name) => names.has(name) }));
}

function checkPrompt(path: string, directory: string, prompt: string | undefined): ValidationReport {
  if (prompt === undefined) {
    throw new SkillError("SKILLCARD_MISSING", `${path} holds neither ${CARD_FILE} nor ${PROMPT_FILE}`, {
      hint: `Write one, or start from a template: skillctl init ${path}`,
    });
  }
  const file = join(directory, PROMPT_FILE);
  return report(path, file, prompt, cardFromSkillMarkdown(prompt, { file, name: basename(resolve(directory)) }));
}

function report(
  path: string,
  file: string,
  text: string,
  checked: { readonly card?: SkillCard; readonly issues: readonly SkillCardIssue[] },
): ValidationReport {
  const valid = !checked.issues.some((issue) => issue.severity === "error");
  return { path, file, text, ...checked, valid };
}

async function directoryOf(path: string): Promise<string> {
  const facts = await stat(path).catch((cause: unknown) => {
    throw new SkillError("FILE_UNREADABLE", `cannot read ${path}: ${(cause as Error).message}`, {
      hint: "Name a skill directory, or its skill.yaml or SKILL.md.",
      cause,
    });
  });
  if (facts.isDirectory()) return path;
  if ([CARD_FILE, PROMPT_FILE].includes(basename(path))) return dirname(path);
  throw new SkillError("FILE_UNREADABLE", `${path} is not a skill`, {
    hint: `Name a directory, or a file called ${CARD_FILE} or ${PROMPT_FILE}.`,
  });
}

async function readText(file: string, limit: number): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > limit) throw new SkillError("FILE_UNREADABLE", `${file} has ${size} bytes, over the limit of ${limit}`);
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof SkillError) throw cause;
    throw new SkillError("FILE_UNREADABLE", `cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
}
