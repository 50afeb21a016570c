/**
 * Calls the `git` program on a repository that somebody else may have written.
 *
 * Whatever the repository holds is data: no hook, no pager, no external diff, no filter and no file system monitor of its choosing is
 * started, git asks nobody for a password, fetches nothing that is missing, and is stopped when it takes too long or says too much.
 */
import { execFile } from "node:child_process";

import { errnoOf } from "../errno.ts";
import { SkillError, throwIfAborted } from "../errors.ts";
import { quote, visibleLine } from "../text/index.ts";

export interface GitOptions {
  /** The environment of the process; of git's own variables only those about configuration are passed on. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/** A work tree, and questions to it. */
export interface Git {
  /** The work tree's top directory, absolute. */
  readonly root: string;
  /** Where in it the repository was opened: empty, or a path with a slash at its end. */
  readonly prefix: string;
  /** What `git <args>` prints; throws `SOURCE_UNREADABLE`, and `ABORTED`. */
  run(...args: readonly string[]): Promise<string>;
  /** The same, `undefined` where git says no: for questions such as whether a revision exists. */
  ask(...args: readonly string[]): Promise<string | undefined>;
}

/** In milliseconds, for one call. */
const TIMEOUT = 120_000;
/** In bytes, of each stream: paths of about a million files. */
const MAX_OUTPUT = 128 * 1024 * 1024;

/** Settings that go before every command, and win over the repository's and the user's own. */
const SETTINGS = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "core.quotePath=false",
  "core.pager=cat",
  "diff.external=",
  "diff.ignoreSubmodules=all",
  // Its own default is no value that it takes.
  "diff.orderFile=/dev/null",
  "i18n.logOutputEncoding=UTF-8",
  "log.showSignature=false",
].flatMap((setting) => ["-c", setting]);

/** The work tree that `directory` is part of. Throws `SOURCE_UNREADABLE` when it is in none, or there is no git. */
export async function openGit(directory: string, options: GitOptions = {}): Promise<Git> {
  const call = (args: readonly string[]): Promise<Answer> => callGit(directory, args, options);
  const top = await call(["rev-parse", "--show-toplevel", "--show-prefix"]);
  if (top.status !== 0) throw refusal(directory, "rev-parse", top);
  const [root = "", prefix = ""] = top.stdout.split("\n");
  const filters = withoutFilters(root, await callGit(root, LIST_FILTERS, options));
  const at = (args: readonly string[]): Promise<Answer> => callGit(root, [...filters, ...args], options);
  return {
    root,
    prefix,
    async run(...args) {
      const answer = await at(args);
      if (answer.status !== 0) throw refusal(root, args[0] ?? "", answer);
      return answer.stdout;
    },
    async ask(...args) {
      const answer = await at(args);
      return answer.status === 0 ? answer.stdout : undefined;
    },
  };
}

/** Where each setting is from, and its name and value: `local\0filter.x.clean\nprogram\0`. */
const LIST_FILTERS = ["config", "--show-scope", "--null", "--get-regexp", "^filter\\."];

/**
 * Settings against the filters that the repository's own configuration has: programs through which git reads changed files. Those
 * of the user stay. Without its filter, a file that may have changed counts as changed.
 */
function withoutFilters(root: string, { stdout }: Answer): readonly string[] {
  const fields = stdout.split("\0");
  const settings = new Set<string>();
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [scope, setting = ""] = [fields[at], fields[at + 1]];
    if (scope !== "local" && scope !== "worktree") continue;
    const [name = ""] = setting.split("\n");
    const filter = name.slice(0, name.lastIndexOf("."));
    // Git would take what comes before it for the name.
    if (filter.includes("=")) {
      throw new SkillError("SOURCE_UNREADABLE", visibleLine(`${quote(root)} configures a filter with = in its name`), {
        hint: "Give the filter another name in .git/config, or remove it.",
      });
    }
    for (const part of ["clean=", "smudge=", "process=", "required=false"]) settings.add(`${filter}.${part}`);
  }
  return [...settings].flatMap((setting) => ["-c", setting]);
}

interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function callGit(directory: string, args: readonly string[], { variables = {}, signal }: GitOptions): Promise<Answer> {
  throwIfAborted(signal);
  return new Promise((resolve, reject) => {
    const options = {
      env: environment(variables),
      timeout: TIMEOUT,
      maxBuffer: MAX_OUTPUT,
      windowsHide: true,
      ...(signal === undefined ? {} : { signal }),
    } as const;
    const command = ["-C", directory, "--no-pager", "--literal-pathspecs", ...SETTINGS, ...args];
    execFile("git", command, options, (error, stdout, stderr) => {
      if (signal?.aborted === true) {
        reject(new SkillError("ABORTED", "the operation was cancelled", { cause: signal.reason }));
      } else if (error === null) resolve({ status: 0, stdout, stderr });
      else if (typeof error.code === "number") resolve({ status: error.code, stdout, stderr });
      else reject(unable(error));
    });
  });
}

/** The variables that a git of ours sees: where it is and who asks, no other repository than the one that is meant. */
function environment(variables: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  const kept = Object.entries(variables).filter(([name]) => !name.startsWith("GIT_") || name.startsWith("GIT_CONFIG"));
  return {
    ...Object.fromEntries(kept),
    GIT_TERMINAL_PROMPT: "0",
    // Nothing here fetches; gits that do not know the next variable would fetch what is missing.
    GIT_ALLOW_PROTOCOL: "none",
    GIT_NO_LAZY_FETCH: "1",
    GIT_OPTIONAL_LOCKS: "0",
    LC_ALL: "C",
  };
}

function unable(cause: Error): SkillError {
  if (errnoOf(cause) === "ENOENT") {
    return new SkillError("SOURCE_UNREADABLE", "there is no git program", {
      hint: "Install git, or put it on the PATH: what has changed is read from the repository by it.",
      cause,
    });
  }
  return new SkillError("SOURCE_UNREADABLE", `git did not finish: ${visibleLine(cause.message.slice(0, 200))}`, {
    hint: "Run git status there, and see why it takes so long or says so much.",
    cause,
  });
}

function refusal(directory: string, command: string, { stderr }: Answer): SkillError {
  const [said = ""] = stderr.split("\n");
  if (stderr.includes("dubious ownership")) {
    return new SkillError("SOURCE_UNREADABLE", `git does not trust ${quote(directory)}: it belongs to another user`, {
      hint: `If you do: git config --global --add safe.directory ${visibleLine(directory)}`,
    });
  }
  if (stderr.includes("not a git repository")) {
    return new SkillError("SOURCE_UNREADABLE", `${quote(directory)} is in no git repository`, {
      hint: "Go to a clone of the repository, with its .git directory.",
    });
  }
  return new SkillError("SOURCE_UNREADABLE", visibleLine(`git ${command} failed: ${said.slice(0, 400)}`), {
    hint: "Run the same in a clone where git status works.",
  });
}
