import { type Dirent, lstatSync, type Stats } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";

import type { Ignore } from "ignore";

import type { Content } from "../content/index.ts";
import { absentAsUndefined } from "../errno.ts";
import { SkillError, throwIfAborted } from "../errors.ts";
import { quote } from "../text/index.ts";
import { fileContent, unreadable } from "./file-content.ts";
import { IGNORE_FILE, readIgnoreRules } from "./ignore-file.ts";
import { compareUtf8 } from "./order.ts";
import { pathRefusal } from "./path-rules.ts";
import { PathTable } from "./path-table.ts";
import type { LayerFile } from "./types.ts";

export interface CollectOptions {
  /** Absolute paths of directories that are left out where they lie in the one to be packed, as a store may. */
  readonly exclude?: readonly string[];
  /** Told of each file that cannot be packed, which is then left out. Default: all of them are one error. */
  readonly onUnsupported?: (problem: UnsupportedFile) => void;
  readonly signal?: AbortSignal;
}

/** A file that no image can carry. */
export interface UnsupportedFile {
  /** Relative, `/`-separated. */
  readonly path: string;
  /** A clause: `it is a symbolic link`. */
  readonly reason: string;
}

/** What of a directory is packed, and what is not. */
export interface CollectedFiles {
  /** In the order in which they are packed: by the bytes of their paths. */
  readonly files: LayerFile[];
  /** Paths that were left out, in the same order; a directory ends in `/` and stands for all it holds. */
  readonly excluded: string[];
}

interface Walk {
  readonly root: string;
  readonly rules: Ignore;
  /** Paths of directories to be left out, each with its closing slash. */
  readonly exclude: ReadonlySet<string>;
  readonly names: PathTable;
  readonly files: LayerFile[];
  readonly excluded: string[];
  readonly onUnsupported: (problem: UnsupportedFile) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Lists the files of `directory` that a layer is made of. Left out, and listed in `excluded`, are dotfiles,
 * dot-directories, `options.exclude` and what `.skillignore` (only the one at the root; case counts) names. Empty directories are not
 * carried. Nothing is opened yet: each file's `open()` reads it, and fails if its size has changed.
 *
 * Throws `FILE_UNREADABLE` when the directory or a file in it cannot be read, and `FILE_UNSUPPORTED`, naming the first and
 * as many others as one can read, for a symlink, device, FIFO or socket that is not left out, and for a name that unpacking would refuse, unless
 * `onUnsupported` takes it.
 */
export async function collectFiles(directory: string, options: CollectOptions = {}): Promise<CollectedFiles> {
  throwIfAborted(options.signal);
  const root = await stat(directory).catch((cause: unknown) => {
    throw unreadable(directory, cause);
  });
  if (!root.isDirectory()) throw new SkillError("FILE_UNREADABLE", `${quote(directory)} is not a directory`);
  const problems: UnsupportedFile[] = [];
  const walk: Walk = {
    root: directory,
    rules: await readIgnoreRules(directory),
    exclude: await pathsWithin(directory, options.exclude ?? []),
    names: new PathTable(),
    files: [],
    excluded: [],
    onUnsupported: options.onUnsupported ?? ((problem) => void problems.push(problem)),
    signal: options.signal,
  };
  await visit(walk, "");
  const [first, ...others] = problems;
  if (first !== undefined) throw unsupported(first.path, first.reason, others);
  walk.files.sort((a, b) => compareUtf8(a.path, b.path));
  walk.excluded.sort(compareUtf8);
  return { files: walk.files, excluded: walk.excluded };
}

async function visit(walk: Walk, prefix: string): Promise<void> {
  throwIfAborted(walk.signal);
  const location = join(walk.root, prefix);
  const entries = await readdir(location, { withFileTypes: true }).catch((cause: unknown) => {
    throw unreadable(location, cause);
  });
  entries.sort((a, b) => compareUtf8(a.name, b.name));
  const files: string[] = [];
  for (const entry of entries) {
    const path = prefix + entry.name;
    const shown = entry.isDirectory() ? `${path}/` : path;
    if (entry.name.startsWith(".") || walk.exclude.has(shown) || walk.rules.ignores(shown)) {
      walk.excluded.push(shown);
      continue;
    }
    const reason = refusal(walk, path, entry);
    if (reason !== undefined) walk.onUnsupported({ path, reason });
    else if (entry.isDirectory()) await visit(walk, shown);
    else files.push(path);
  }
  for (const path of files) walk.files.push(describe(walk.root, path));
}

/** The relative paths of those directories that lie in `root`, wherever links lead; one that is not there lies nowhere. */
async function pathsWithin(root: string, directories: readonly string[]): Promise<Set<string>> {
  const paths = new Set<string>();
  for (const directory of directories) {
    const location = await realpath(directory).catch(absentAsUndefined);
    if (location === undefined) continue;
    const path = relative(await realpath(root), location);
    const isWithin = path !== "" && path.split(sep)[0] !== ".." && !isAbsolute(path);
    if (isWithin) paths.add(`${path.split(sep).join("/")}/`);
  }
  return paths;
}

function refusal(walk: Walk, path: string, entry: Dirent): string | undefined {
  const kind = unsupportedKind(entry);
  if (kind !== undefined) return `it is ${kind}`;
  // Node shows bytes that are not UTF-8 as U+FFFD.
  if (path.includes("\ufffd")) return "its name is not valid UTF-8";
  return pathRefusal(path) ?? walk.names.claim(path, entry.isDirectory() ? "directory" : "file");
}

/** Without a thread hop for each file: that would be most of the time a large skill's listing takes. */
function describe(root: string, path: string): LayerFile {
  const found = statOf(join(root, path), path);
  if (!found.isFile()) throw unsupported(path, "it is no longer a regular file");
  return new DiskFile(root, path, found);
}

/** A file of the directory; a class because there may be many, and each closure would keep its own path alive. */
class DiskFile implements LayerFile {
  readonly path: string;
  readonly executable: boolean;
  readonly size: number;
  readonly #root: string;

  constructor(root: string, path: string, { mode, size }: Stats) {
    this.#root = root;
    this.path = path;
    this.executable = (mode & 0o100) !== 0;
    this.size = size;
  }

  open(): Content {
    return fileContent(join(this.#root, this.path), this.path, this.size);
  }
}

function statOf(location: string, path: string): Stats {
  try {
    return lstatSync(location);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unsupportedKind(entry: Dirent): string | undefined {
  if (entry.isFile() || entry.isDirectory()) return undefined;
  if (entry.isSymbolicLink()) return "a symbolic link";
  if (entry.isFIFO()) return "a named pipe";
  if (entry.isSocket()) return "a socket";
  return "a device or other special file";
}

/** How many more files an error names. */
const MAX_NAMED = 8;

/** The error for a file that an image cannot carry, and for others beside it; `more`: how many there are besides those. */
export function unsupported(
  path: string,
  reason: string,
  others: readonly UnsupportedFile[] = [],
  more = 0,
): SkillError {
  const named = others.slice(0, MAX_NAMED).map((other) => `${quote(other.path)} (${other.reason})`);
  const left = others.length - named.length + more;
  if (left > 0) named.push(`${left} more`);
  const nor = named.length === 0 ? "" : `; neither can ${named.join(", ")}`;
  const each = named.length === 0 ? "it" : "each";
  return new SkillError("FILE_UNSUPPORTED", `${quote(path)} cannot be packed: ${reason}${nor}`, {
    hint: `Remove ${each}, rename ${each}, or name ${each} in ${IGNORE_FILE}.`,
  });
}
