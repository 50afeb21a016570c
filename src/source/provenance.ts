/** Where the files of a directory come from, in words that may be published. */
import { isShallow } from "./base.ts";
import type { Git } from "./git.ts";

/** The last commit that changed a directory. */
export interface LastChange {
  readonly commit: string;
  /** When it was committed, in seconds since 1970. */
  readonly time: number;
}

/**
 * The last commit up to `head` that changed something in `directory`, a path from the repository's top. Where a shallow clone
 * hides which one that is, it is `head` itself.
 */
export async function lastChange(git: Git, head: string, directory: string): Promise<LastChange> {
  const found = await log(git, head, directory);
  // A commit without parents changed everything: the first of all, or the one at which the history was cut off.
  if (found !== undefined && !(found.isFirst && (await isShallow(git)))) return found;
  return (await log(git, head)) ?? { commit: head, time: 0 };
}

async function log(
  git: Git,
  head: string,
  directory?: string,
): Promise<(LastChange & { readonly isFirst: boolean }) | undefined> {
  const paths = directory === undefined ? [] : [directory];
  const printed = await git.run("log", "-1", "--format=%H %ct %P", "--end-of-options", head, "--", ...paths);
  const [commit, time, parent] = printed.trim().split(" ");
  if (!commit) return undefined;
  return { commit, time: Number(time), isFirst: parent === undefined };
}

/** Whether the directory holds what was committed, and nothing else that git does not ignore. Submodules are not looked into. */
export async function isCommitted(git: Git, directory: string): Promise<boolean> {
  const options = ["--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=all"];
  return (await git.run("status", ...options, "--", directory)) === "";
}

/** Where the remote called origin is, if it is somewhere that others can reach. */
export async function originAddress(git: Git): Promise<string | undefined> {
  return publicAddress((await git.ask("remote", "get-url", "origin"))?.trim() ?? "");
}

/** `git@host:path`, or `host.example:path`: an address for ssh as git knows it. */
const SCP = /^(?:[^@/\s]+@([\w.-]+)|([\w-]+(?:\.[\w-]+)+)):(?!\/\/)([^\s\\]+)$/;

/**
 * An address of a repository less all that is nobody's business: user, password or token, query and fragment. An address for
 * ssh becomes that of the same place for https. `undefined` for a local path, and for what is no address.
 */
export function publicAddress(remote: string): string | undefined {
  const [, host, other = host, path] = SCP.exec(remote) ?? [];
  const text = path === undefined ? remote : `https://${other}/${path.replace(/^\/+/, "")}`;
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, port, pathname } = new URL(text);
  if (!["https:", "http:", "ssh:", "git+ssh:"].includes(protocol) || hostname === "") return undefined;
  const isWeb = protocol === "https:" || protocol === "http:";
  const origin = isWeb ? `${protocol}//${hostname}${port === "" ? "" : `:${port}`}` : `https://${hostname}`;
  return `${origin}${pathname.replace(/\/+$/, "").replace(/\.git$/, "")}`;
}
