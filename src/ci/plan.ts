/** What a run has to do: which commit, compared with which, and the skills that differ. */
import { relative, resolve, sep } from "node:path";

import { SkillError } from "../errors.ts";
import { baseFor, commitOf, filesAt, filesChanged, openGit, originAddress } from "../source/index.ts";
import type { Git, GitOptions, Pipeline } from "../source/index.ts";
import { quote } from "../text/index.ts";
import { changedSkills, skillDirectories, type SkillChange } from "./skills.ts";

export interface PlanOptions extends GitOptions {
  /** What the surroundings say of the change. */
  readonly pipeline: Pipeline;
  /** The revision to compare with. Default: what the pipeline says, else where the branch left the default one. */
  readonly base?: string;
  /** Takes every skill that is committed, changed or not; no history but the last commit is needed then. Default: false. */
  readonly all?: boolean;
  /** Only skills in these directories, relative to where the repository was opened. Default: the whole repository. */
  readonly paths?: readonly string[];
}

export interface Plan {
  /** The commit that is checked out. */
  readonly head: string;
  /** The commit that it was compared with; absent when every skill counts. */
  readonly base?: string;
  /** The repository's public address, if it has one. */
  readonly source?: string;
  /** Those that the change concerns, or all of them; deleted ones too. */
  readonly skills: readonly SkillChange[];
}

/**
 * Plans a run over the repository that `directory` is in. Without anything to compare with, every skill counts. Throws
 * `SOURCE_UNREADABLE`, and `SKILLCARD_MISSING` for a path that holds no skill.
 */
export async function plan(directory: string, options: PlanOptions): Promise<Plan> {
  return planFor(await openGit(directory, options), options);
}

/** {@link plan} with the repository opened. */
export async function planFor(git: Git, options: PlanOptions): Promise<Plan> {
  const { pipeline, base: given, all = false, paths } = options;
  const within = paths?.map((path) => placeOf(git, path));
  const head = await commitOf(git, "HEAD");
  const base = all ? undefined : await baseFor(git, head, { pipeline, ...(given === undefined ? {} : { given }) });
  const [now, earlier, files] = await Promise.all([
    filesAt(git, head),
    base === undefined ? [] : filesAt(git, base),
    base === undefined ? [] : filesChanged(git, base, head),
  ]);
  const [after, before] = [skillDirectories(now, within), skillDirectories(earlier, within)];
  for (const place of within ?? []) requireSkill(place, [...after, ...before]);
  const skills =
    base === undefined
      ? after.map((each): SkillChange => ({ directory: each, change: "unchanged" }))
      : changedSkills(before, after, files).filter(({ change }) => change !== "unchanged");
  const source = pipeline.source ?? (await originAddress(git));
  return { head, ...(base === undefined ? {} : { base }), ...(source === undefined ? {} : { source }), skills };
}

/** A path as git names it, from the repository's top. */
function placeOf(git: Git, path: string): string {
  const place = relative(git.root, resolve(git.root, git.prefix, path))
    .split(sep)
    .join("/");
  if (place === ".." || place.startsWith("../")) {
    throw new SkillError("USAGE", `${quote(path)} is not in the repository ${quote(git.root)}`, {
      hint: "Name directories of the repository that you are in.",
    });
  }
  return place === "" ? "." : place;
}

function requireSkill(place: string, skills: readonly string[]): void {
  if (skills.some((skill) => place === "." || skill === place || skill.startsWith(`${place}/`))) return;
  throw new SkillError("SKILLCARD_MISSING", `there is no skill in ${quote(place)}, at this commit or the one before`, {
    hint: "A skill is a directory with a skill.yaml or a SKILL.md that is committed.",
  });
}
