/** Which directories of a repository are skills, and which of them a change concerns. Pure. */
import { CARD_FILE, PROMPT_FILE } from "../skill/names.ts";
import type { FileChange } from "../source/index.ts";

/** What became of a skill between two commits. */
export interface SkillChange {
  /** From the repository's top, with forward slashes; `.` for a repository that is one skill. */
  readonly directory: string;
  readonly change: "added" | "modified" | "renamed" | "deleted" | "unchanged";
  /** Of a renamed skill: its directory before. */
  readonly previous?: string;
}

/** The card files by which a directory is known as a skill. */
const CARD_FILES: readonly string[] = [CARD_FILE, PROMPT_FILE];

/**
 * The directories that hold a card: the outermost ones, as what lies inside a skill is part of it. What is inside a directory
 * whose name begins with a dot is somebody's tool's, unless `within` names it. `within`: only directories in, or equal to, one
 * of these.
 */
export function skillDirectories(files: readonly string[], within: readonly string[] = ["."]): readonly string[] {
  const all = new Set(files.flatMap((file) => (CARD_FILES.includes(baseName(file)) ? [parentOf(file)] : [])));
  const visible = new Set(
    [...all].filter((directory) =>
      within.some((place) => isWithin(directory, place) && !/(?:^|\/)\.[^/]/.test(below(directory, place))),
    ),
  );
  return [...visible].filter((directory) => !ancestors(directory).some((each) => visible.has(each))).toSorted();
}

/** Of the skills of two commits: what became of each, in the order of their directories. */
export function changedSkills(
  before: readonly string[],
  after: readonly string[],
  files: readonly FileChange[],
): readonly SkillChange[] {
  const [known, kept] = [new Set(before), new Set(after)];
  const gone = new Set(before.filter((directory) => !kept.has(directory)));
  const touched = directoriesOf(files);
  const moves = cardMoves(files);
  const skills = after.map((directory): SkillChange => {
    if (known.has(directory)) {
      return { directory, change: touched.has(directory) ? "modified" : "unchanged" };
    }
    const previous = moves.get(directory)?.find((from) => gone.has(from));
    if (previous === undefined) return { directory, change: "added" };
    gone.delete(previous);
    return { directory, change: "renamed", previous };
  });
  const deleted = [...gone].map((directory): SkillChange => ({ directory, change: "deleted" }));
  return [...skills, ...deleted].toSorted((a, b) => (a.directory < b.directory ? -1 : 1));
}

/** By directory, those that its card, or its prompt, was moved from as it was. Cards that are merely alike are of two skills. */
function cardMoves(files: readonly FileChange[]): ReadonlyMap<string, readonly string[]> {
  const moves = new Map<string, string[]>();
  for (const { path, previous } of files) {
    if (previous === undefined || ![path, previous].every((each) => CARD_FILES.includes(baseName(each)))) continue;
    const from = moves.get(parentOf(path)) ?? [];
    moves.set(parentOf(path), [...from, parentOf(previous)]);
  }
  return moves;
}

/** All directories that files lie in, or lay in, up to the top. */
function directoriesOf(files: readonly FileChange[]): ReadonlySet<string> {
  const directories = new Set<string>();
  for (const file of files.flatMap(({ path, previous }) => [path, ...(previous === undefined ? [] : [previous])])) {
    for (let at = parentOf(file); !directories.has(at); at = parentOf(at)) directories.add(at);
  }
  return directories;
}

/** Whether `path` is `directory` or inside it. */
function isWithin(path: string, directory: string): boolean {
  return directory === "." || path === directory || path.startsWith(`${directory}/`);
}

function below(path: string, directory: string): string {
  if (directory === ".") return path === "." ? "" : path;
  return path.slice(directory.length + 1);
}

/** The directories above a path, from the top. */
function ancestors(path: string): string[] {
  if (path === ".") return [];
  const segments = path.split("/");
  return [".", ...segments.slice(1).map((_, at) => segments.slice(0, at + 1).join("/"))];
}

function parentOf(file: string): string {
  const at = file.lastIndexOf("/");
  return at < 0 ? "." : file.slice(0, at);
}

function baseName(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1);
}
