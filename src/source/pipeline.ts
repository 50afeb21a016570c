/** What a pipeline's surroundings say of the change that it is for: GitHub Actions and GitLab CI/CD, by their predefined variables. */
import { readFile, stat } from "node:fs/promises";

import { SkillError } from "../errors.ts";
import { quote } from "../text/index.ts";
import { publicAddress } from "./provenance.ts";

export interface Pipeline {
  readonly system: "github" | "gitlab" | "none";
  /**
   * What is built: a change that somebody asks to be merged, the branch that changes are merged into, another branch, a tag. `none`: nobody
   * said, as on a developer's machine.
   */
  readonly event: "request" | "default-branch" | "branch" | "tag" | "none";
  readonly defaultBranch?: string;
  /** Of a request: the commit, or else the branch, that it is to be merged into. */
  readonly target?: string;
  /** Of a push: the commit that the branch named before. */
  readonly before?: string;
  /** The repository's address, without credentials. */
  readonly source?: string;
  /** Who set it off. */
  readonly actor?: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** In bytes; GitHub's largest are 25 MB. */
const MAX_EVENT = 32 * 1024 * 1024;
const COMMIT = /^(?!0+$)(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Reads the variables, and on GitHub the file that describes the event. Throws `SOURCE_UNREADABLE` when that cannot be read. */
export async function readPipeline(variables: Variables): Promise<Pipeline> {
  if (variables["GITHUB_ACTIONS"] === "true") return readGitHub(variables);
  if (variables["GITLAB_CI"] === "true") return readGitLab(variables);
  return { system: "none", event: "none" };
}

async function readGitHub(variables: Variables): Promise<Pipeline> {
  const event = await readEvent(variables["GITHUB_EVENT_PATH"]);
  const defaultBranch = textAt(event, "repository", "default_branch");
  const isRequest = /^(?:pull_request(?:_target)?|merge_group)$/.test(variables["GITHUB_EVENT_NAME"] ?? "");
  const target =
    commitAt(event, "pull_request", "base", "sha") ??
    commitAt(event, "merge_group", "base_sha") ??
    given(variables["GITHUB_BASE_REF"]);
  const [server, repository] = [variables["GITHUB_SERVER_URL"], variables["GITHUB_REPOSITORY"]];
  const kind = variables["GITHUB_REF_TYPE"] === "tag" ? "tag" : branchKind(variables["GITHUB_REF_NAME"], defaultBranch);
  return present<Pipeline>({
    system: "github",
    event: isRequest ? "request" : kind,
    defaultBranch,
    target: isRequest ? target : undefined,
    before: isRequest ? undefined : commitAt(event, "before"),
    source: server && repository ? publicAddress(`${server}/${repository}`) : undefined,
    actor: given(variables["GITHUB_ACTOR"]),
  });
}

function readGitLab(variables: Variables): Pipeline {
  const defaultBranch = given(variables["CI_DEFAULT_BRANCH"]);
  const isRequest = variables["CI_PIPELINE_SOURCE"] === "merge_request_event";
  const kind = given(variables["CI_COMMIT_TAG"]) ? "tag" : branchKind(variables["CI_COMMIT_BRANCH"], defaultBranch);
  const target =
    commit(variables["CI_MERGE_REQUEST_DIFF_BASE_SHA"]) ?? given(variables["CI_MERGE_REQUEST_TARGET_BRANCH_NAME"]);
  return present<Pipeline>({
    system: "gitlab",
    event: isRequest ? "request" : kind,
    defaultBranch,
    target: isRequest ? target : undefined,
    before: isRequest ? undefined : commit(variables["CI_COMMIT_BEFORE_SHA"]),
    source: publicAddress(variables["CI_PROJECT_URL"] ?? ""),
    actor: given(variables["GITLAB_USER_LOGIN"]),
  });
}

function branchKind(branch: string | undefined, defaultBranch: string | undefined): Pipeline["event"] {
  return branch !== undefined && branch === defaultBranch ? "default-branch" : "branch";
}

async function readEvent(path: string | undefined): Promise<unknown> {
  if (!path) return undefined;
  try {
    const { size } = await stat(path);
    if (size > MAX_EVENT) throw new RangeError(`it has ${size} bytes, over the limit of ${MAX_EVENT}`);
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new SkillError("SOURCE_UNREADABLE", `cannot read ${quote(path)}, which GITHUB_EVENT_PATH names`, {
      hint: "Say yourself what to compare with: --base, or --all.",
      cause,
    });
  }
}

function valueAt(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined),
    value,
  );
}

function textAt(value: unknown, ...keys: readonly string[]): string | undefined {
  const found = valueAt(value, ...keys);
  return typeof found === "string" ? given(found) : undefined;
}

function commitAt(value: unknown, ...keys: readonly string[]): string | undefined {
  return commit(textAt(value, ...keys));
}

/** A whole digest of a commit; zeros stand for "there was none". */
function commit(text: string | undefined): string | undefined {
  return text !== undefined && COMMIT.test(text) ? text : undefined;
}

function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function present<T extends object>(facts: { readonly [K in keyof T]-?: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as T;
}
