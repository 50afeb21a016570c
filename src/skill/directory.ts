/** A skill as a directory on disk: which file is its card, and is it one that can be packed. */
import { stat } from "node:fs/promises";
import { basename, dirname, join, posix, resolve } from "node:path";

import {
  type ArchiveLimits,
  collectFiles,
  type CollectedFiles,
  type CollectOptions,
  demandsOf,
  type LayerFile,
  limitsToRaise,
} from "../archive/index.ts";
import { unsupported, type UnsupportedFile } from "../archive/collect.ts";
import { asContent, readAll } from "../content/index.ts";
import { isSkillError, SkillError } from "../errors.ts";
import { countWords } from "../skillcard/index.ts";
import type { SkillCard, SkillCardIssue } from "../skillcard/index.ts";
import type { OperationOptions } from "../store/index.ts";
import { quote, visibleLine } from "../text/index.ts";
import { checkCardFile } from "./card-file.ts";
import { CARD_FILE, PROMPT_FILE } from "./names.ts";

const MAX_PROMPT_BYTES = 16 * 1024 * 1024;
/** As many files that cannot be packed as a person may read. */
const MAX_UNSUPPORTED = 100;

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
  /** Files that no image can carry, the first hundred of them. */
  readonly unsupported: readonly UnsupportedFile[];
  /** How many more there are. */
  readonly unsupportedMore: number;
  /** The limits that whoever unpacks it will have to raise, and to what, as far as that shows before it is packed. */
  readonly exceeds: Partial<ArchiveLimits>;
  /** True when no issue is an error and every file can be packed. */
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
 * there is nothing to check: `FILE_UNREADABLE`, `SKILLCARD_MISSING`, or `FILE_UNSUPPORTED` when the card is a file no image
 * can carry.
 */
export async function validate(path: string, options: OperationOptions = {}): Promise<ValidationReport> {
  const all: UnsupportedFile[] = [];
  const found = await readSkillDirectory(path, { ...options, onUnsupported: (file) => all.push(file) }).catch(
    (error: unknown) => {
      const card = all.find((file) => file.path === CARD_FILE || file.path === PROMPT_FILE);
      throw card !== undefined && isSkillError(error, "SKILLCARD_MISSING")
        ? unsupported(card.path, card.reason)
        : error;
    },
  );
  const shown = all.slice(0, MAX_UNSUPPORTED);
  const { report } = found;
  return {
    ...report,
    unsupported: shown,
    unsupportedMore: all.length - shown.length,
    valid: report.valid && all.length === 0,
  };
}

/**
 * The error for the files of a report that no image can carry, as packing would throw it; `undefined` where there are none. `prefix`:
 * what comes before their paths in it.
 */
export function unsupportedIn(report: ValidationReport, prefix = ""): SkillError | undefined {
  const files = report.unsupported.map(({ path, reason }) => ({ path: prefix + path, reason }));
  const [first, ...others] = files;
  return first === undefined ? undefined : unsupported(first.path, first.reason, others, report.unsupportedMore);
}

/**
 * Reads and checks a skill directory without changing anything. The files that are checked are those that will be packed,
 * to the byte: card and prompt are read once, and packing takes what was read. Throws as {@link validate} does.
 */
export async function readSkillDirectory(path: string, options?: CollectOptions): Promise<SkillDirectory> {
  const directory = await directoryOf(path);
  const collected = await collectFiles(directory, options);
  const kept = new Map<string, Uint8Array>();
  const files: LayerFile[] = [];
  for (const file of collected.files) {
    if (file.path !== CARD_FILE && file.path !== PROMPT_FILE) files.push(file);
    else {
      const bytes = await readSmall(directory, file);
      kept.set(file.path, bytes);
      files.push({
        path: file.path,
        executable: file.executable,
        size: bytes.byteLength,
        open: () => asContent(bytes),
      });
    }
  }
  const names = new Set(files.map((file) => file.path));
  const prompt = kept.get(PROMPT_FILE);
  return {
    report: { ...checkCard(path, directory, kept, names), exceeds: limitsToRaise(demandsOf(files)) },
    contents: { ...collected, files },
    wordcount: prompt === undefined ? undefined : countWords(new TextDecoder().decode(prompt)),
  };
}

function checkCard(
  path: string,
  directory: string,
  contents: ReadonlyMap<string, Uint8Array>,
  names: ReadonlySet<string>,
): Omit<ValidationReport, "exceeds"> {
  const name = basename(resolve(directory));
  const checked = checkCardFile(contents, { directory, name, hasFile: (file) => names.has(file) });
  if (checked === undefined) {
    throw new SkillError("SKILLCARD_MISSING", `${quote(path)} holds neither ${CARD_FILE} nor ${PROMPT_FILE}`, {
      hint: skillInside(names, path) ?? `Write one, or start from a template: skillctl init ${quote(path)}`,
    });
  }
  const { file, text, card, issues } = checked;
  const valid = !issues.some((issue) => issue.severity === "error");
  const facts = { path, file, text, issues, unsupported: [], unsupportedMore: 0, valid };
  return card === undefined ? facts : { ...facts, card };
}

/** To somebody who named the directory of all skills. */
function skillInside(names: ReadonlySet<string>, path: string): string | undefined {
  const inside = [...names].find((name) => [CARD_FILE, PROMPT_FILE].includes(posix.basename(name)));
  if (inside === undefined) return undefined;
  return `There are skills in it: name them one by one, as in ${quote(join(path, posix.dirname(inside)))}`;
}

async function readSmall(directory: string, file: LayerFile): Promise<Uint8Array> {
  if (file.size <= MAX_PROMPT_BYTES) return readAll(file.open());
  const path = join(directory, file.path);
  throw new SkillError(
    "FILE_UNREADABLE",
    `${quote(path)} has ${file.size} bytes, over the limit of ${MAX_PROMPT_BYTES}`,
  );
}

async function directoryOf(path: string): Promise<string> {
  const facts = await stat(path).catch((cause: unknown) => {
    throw new SkillError("FILE_UNREADABLE", visibleLine(`cannot read ${path}: ${(cause as Error).message}`), {
      hint: "Name a skill directory, or its skill.yaml or SKILL.md.",
      cause,
    });
  });
  if (facts.isDirectory()) return path;
  if ([CARD_FILE, PROMPT_FILE].includes(basename(path))) return dirname(path);
  throw new SkillError("FILE_UNREADABLE", `${visibleLine(path)} is not a skill`, {
    hint: `Name a directory, or a file called ${CARD_FILE} or ${PROMPT_FILE}.`,
  });
}
