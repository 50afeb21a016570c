/** From what was asked for, or what the pipeline says, to the commit that a change is measured against. */
import { SkillError } from "../errors.ts";
import { quote } from "../text/index.ts";
import type { Git } from "./git.ts";
import type { Pipeline } from "./pipeline.ts";

/** Where default branches are looked for when nobody names one. */
const USUAL_BRANCHES = ["origin/HEAD", "origin/main", "origin/master", "main", "master"];

/** The commit that a revision names. Throws `SOURCE_UNREADABLE`, with what to do about a shallow clone. */
export async function commitOf(git: Git, revision: string): Promise<string> {
  const commit = await find(git, revision);
  if (commit !== undefined) return commit;
  if (revision === "HEAD") {
    throw new SkillError("SOURCE_UNREADABLE", "the branch has no commit yet", {
      hint: "Commit the skills first: git add --all && git commit.",
    });
  }
  throw new SkillError("SOURCE_UNREADABLE", `there is no commit ${quote(revision)} in this clone`, {
    hint: (await isShallow(git)) ? DEEPEN : "Fetch it, or name another revision.",
  });
}

/**
 * The commit to compare `head` with: where the branch left `given`, if that is named; else where a request left its target,
 * what a push replaced, or where the branch left the default one. `undefined` when there is nothing to compare with: on the
 * default branch itself, say, or when a push replaced commits that are gone. Throws `SOURCE_UNREADABLE`.
 */
export async function baseFor(
  git: Git,
  head: string,
  { given, pipeline }: { readonly given?: string; readonly pipeline: Pipeline },
): Promise<string | undefined> {
  if (given !== undefined) return mergeBase(git, await commitOf(git, given), head);
  const { target, before, event } = pipeline;
  if (target !== undefined) return mergeBase(git, await commitOf(git, await branchOr(git, target)), head);
  if (before !== undefined && event !== "tag") {
    const replaced = await find(git, before);
    if (replaced !== undefined || !(await isShallow(git))) return replaced;
    return commitOf(git, before);
  }
  const trunk = await defaultBranch(git, pipeline);
  if (trunk === undefined) return undefined;
  const base = await mergeBase(git, trunk, head);
  return base === head ? undefined : base;
}

/** Whether the clone's history was cut off. */
export async function isShallow(git: Git): Promise<boolean> {
  return (await git.run("rev-parse", "--is-shallow-repository")).trim() === "true";
}

async function find(git: Git, revision: string): Promise<string | undefined> {
  const printed = await git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`);
  return printed?.trim();
}

/** A branch as this clone knows it: that of the remote, as a pipeline's clone has no other. */
async function branchOr(git: Git, name: string): Promise<string> {
  return (await find(git, `refs/remotes/origin/${name}`)) ?? name;
}

async function defaultBranch(git: Git, pipeline: Pipeline): Promise<string | undefined> {
  const { defaultBranch: name } = pipeline;
  for (const branch of name === undefined ? USUAL_BRANCHES : [`origin/${name}`, name]) {
    const commit = await find(git, branch);
    if (commit !== undefined) return commit;
  }
  return undefined;
}

async function mergeBase(git: Git, one: string, other: string): Promise<string> {
  const base = (await git.ask("merge-base", one, other))?.trim();
  if (base !== undefined && base !== "") return base;
  throw new SkillError(
    "SOURCE_UNREADABLE",
    `${one.slice(0, 12)} and ${other.slice(0, 12)} have no common commit here`,
    {
      hint: (await isShallow(git)) ? DEEPEN : "Their histories have nothing in common. Take all skills with --all.",
    },
  );
}

const DEEPEN =
  "This clone is shallow. Fetch all of it: fetch-depth: 0 of actions/checkout, GIT_DEPTH: 0 in GitLab, or git fetch --unshallow. " +
  "Or take all skills with --all.";
