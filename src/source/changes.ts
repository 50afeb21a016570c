/** What a repository holds at a commit, and what became of it since another one. */
import type { Git } from "./git.ts";

/** A file that is not what it was. */
export interface FileChange {
  readonly kind: "added" | "modified" | "renamed" | "deleted";
  /** With forward slashes, from the repository's top; of a deleted file the path that it had. */
  readonly path: string;
  /** Of a renamed file: the path before. */
  readonly previous?: string;
}

/** The paths of all files of a commit, in git's order. */
export async function filesAt(git: Git, commit: string): Promise<readonly string[]> {
  return fields(await git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", "--end-of-options", commit));
}

/** The paths of the submodules in a directory, a path from the repository's top, at a commit. */
export async function submodulesIn(git: Git, commit: string, directory: string): Promise<readonly string[]> {
  const paths = directory === "." ? [] : [`${directory}/`];
  const entries = fields(await git.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit, ...paths));
  return entries.filter((entry) => entry.startsWith("160000 ")).map((entry) => entry.slice(entry.indexOf("\t") + 1));
}

/** The files that differ between two commits. A file that moved and stayed the same, to the byte, is one that was renamed. */
export async function filesChanged(git: Git, from: string, to: string): Promise<readonly FileChange[]> {
  const printed = fields(
    await git.run(
      "diff",
      "--name-status",
      "-z",
      "--find-renames=100%",
      "--no-ext-diff",
      "--no-textconv",
      // That a submodule is at another commit now is a change; between two commits, nobody looks into it.
      "--ignore-submodules=none",
      "--end-of-options",
      from,
      to,
      "--",
    ),
  );
  const changes: FileChange[] = [];
  for (let at = 0; at < printed.length;) {
    const [status = "", path = "", other = ""] = printed.slice(at, at + 3);
    const isPair = status.startsWith("R");
    if (isPair) changes.push({ kind: "renamed", path: other, previous: path });
    else changes.push({ kind: KINDS[status] ?? "modified", path });
    at += isPair ? 3 : 2;
  }
  return changes;
}

const KINDS: Readonly<Record<string, FileChange["kind"]>> = { A: "added", D: "deleted" };

function fields(printed: string): string[] {
  return printed.split("\0").filter((field) => field !== "");
}
