/** A repository of skills, from what a change touched to what a registry holds. */
import { resolve } from "node:path";

import { SkillError, throwIfAborted } from "../errors.ts";
import type { LifecycleState } from "../lifecycle/index.ts";
import { parseReference } from "../oci/index.ts";
import { unsupportedIn, validate } from "../skill/directory.ts";
import { outcomeOf } from "../skill/outcome.ts";
import { pack, type PackResult } from "../skill/pack.ts";
import { SkillCardError, type SkillCard } from "../skillcard/index.ts";
import { isCommitted, lastChange, openGit, submodulesIn, type Git } from "../source/index.ts";
import { inOrder } from "../store/in-order.ts";
import type { OperationOptions, Store } from "../store/index.ts";
import { quote } from "../text/index.ts";
import { deliver, type Delivered } from "./deliver.ts";
import { planFor, type Plan, type PlanOptions } from "./plan.ts";
import type { CiReport, SkillReport } from "./report.ts";
import type { SkillChange } from "./skills.ts";
import type { Stage } from "./stage.ts";

export interface CiOptions extends PlanOptions, OperationOptions {
  /** How far to go. */
  readonly stage: Stage;
  /** Where skills are packed, a store of its own; needed from the stage `pack` on. */
  readonly local?: Store;
  /** Where they are pushed, and the registry and namespace that come before their names; needed for the stage `push`. */
  readonly registry?: { readonly store: Store; readonly prefix: string };
  /** The state that they shall reach in the registry. Default: `draft`. */
  readonly promote?: LifecycleState;
  /** Who promotes, for the records. Default: whom the pipeline names. */
  readonly actor?: string;
  /** Why, for the records. */
  readonly reason?: string;
  /** Seconds since 1970, for file times and `created`. Default: 0, and the time of the last commit that changed the skill. */
  readonly sourceDateEpoch?: number;
  /** The time for the records. Default: now. */
  readonly now?: () => Date;
  /** How many skills are under way at once. Default: 6. */
  readonly concurrency?: number;
  /** Hears of each skill that is done, in the order of their directories. */
  readonly onSkill?: (skill: SkillReport, count: number, total: number) => void;
}

/**
 * Validates the skills that a change concerns, packs them, pushes them to a registry and promotes them there, as far as `stage` and `promote`
 * say. One that fails does not stop the others and is in the report; a run that was cut off, or that is started again, goes on
 * where the work ended. The image of a skill depends on its files and on the last commit that changed them, not on the run.
 *
 * Throws `SOURCE_UNREADABLE`, `SKILLCARD_MISSING` and `USAGE` as {@link planFor} does, and `ABORTED`. In the report: `SKILLCARD_INVALID`,
 * `FILE_UNSUPPORTED`, `PUBLISHED_IMMUTABLE` for files that changed under a version that is out, `CONFLICT` for two directories with one name and
 * version, and what packing, pushing and promoting throw.
 */
export async function ci(directory: string, options: CiOptions): Promise<CiReport> {
  const git = await openGit(directory, options);
  const planned = await planFor(git, options);
  const run = new Run(git, planned, options);
  const { concurrency = 6, onSkill } = options;
  const skills: SkillReport[] = [];
  for await (const report of inOrder(planned.skills, concurrency, (skill) => run.take(skill))) {
    skills.push(report);
    onSkill?.(report, skills.length, planned.skills.length);
  }
  const { head, base, source } = planned;
  return {
    stage: options.stage,
    head,
    ...(base === undefined ? {} : { base }),
    ...(source === undefined ? {} : { source }),
    ok: skills.every(({ outcome }) => outcome !== "failed"),
    skills,
  };
}

/** The facts that a report takes from here and there. */
type Facts = { -readonly [K in keyof SkillReport]?: SkillReport[K] };

class Run {
  readonly #git: Git;
  readonly #plan: Plan;
  readonly #options: CiOptions;
  readonly #claims = new Map<string, string>();

  constructor(git: Git, planned: Plan, options: CiOptions) {
    this.#git = git;
    this.#plan = planned;
    this.#options = options;
  }

  /** Does with a skill all that is to be done. */
  async take(skill: SkillChange): Promise<SkillReport> {
    throwIfAborted(this.#options.signal);
    const empty = { ...skill, issues: [], warnings: [] };
    if (skill.change === "deleted") return { ...empty, outcome: "deleted" };
    const facts: Facts = {};
    const done = await outcomeOf(() => this.#work(skill, facts));
    if ("result" in done) return { ...empty, ...facts, outcome: done.result };
    const { error } = done;
    const issues = error instanceof SkillCardError ? error.issues : (facts.issues ?? []);
    return { ...empty, ...facts, issues, outcome: "failed", error };
  }

  async #work(skill: SkillChange, facts: Facts): Promise<SkillReport["outcome"]> {
    const { stage } = this.#options;
    const directory = resolve(this.#git.root, skill.directory);
    const report = await validate(directory, this.#options);
    const issues = report.issues.map((issue) => ({ ...issue, file: this.#shown(issue.file) }));
    facts.issues = issues;
    facts.warnings = Object.entries(report.exceeds).map(
      ([limit, needed]) => `it is larger than usual: whoever unpacks it must raise the limit ${limit} to ${needed}`,
    );
    const { card } = report;
    if (card !== undefined) {
      facts.name = `${card.metadata.namespace}/${card.metadata.name}`;
      facts.version = card.metadata.version;
    }
    const unpackable = unsupportedIn(report, skill.directory === "." ? "" : `${skill.directory}/`);
    if (unpackable !== undefined) throw unpackable;
    if (!report.valid || card === undefined) throw new SkillCardError(skill.directory, issues);
    this.#claim(skill, card);
    if (stage === "validate") return "valid";
    const packed = await this.#pack(skill, directory, facts);
    facts.digest = packed.digest;
    if (stage === "pack") return "packed";
    const { outcome, warnings, ...delivered } = await this.#deliver(packed, card);
    Object.assign(facts, delivered, { warnings: [...(facts.warnings ?? []), ...warnings] });
    return outcome;
  }

  async #pack(skill: SkillChange, directory: string, facts: Facts): Promise<PackResult> {
    const { sourceDateEpoch, signal } = this.#options;
    const { head, source } = this.#plan;
    const [clean, change, submodules] = await Promise.all([
      isCommitted(this.#git, skill.directory),
      lastChange(this.#git, head, skill.directory),
      submodulesIn(this.#git, head, skill.directory),
    ]);
    const committed = clean && submodules.length === 0;
    if (committed) facts.commit = change.commit;
    else facts.warnings = [...(facts.warnings ?? []), ...submodules.map(foreign), ...(clean ? [] : [UNCOMMITTED])];
    return pack(directory, required(this.#options.local, "local"), {
      provenance: {
        ...(source === undefined ? {} : { source }),
        ...(committed ? { commit: change.commit } : {}),
        ...(skill.directory === "." ? {} : { path: skill.directory }),
      },
      now: () => new Date(change.time * 1000),
      ...(sourceDateEpoch === undefined ? {} : { sourceDateEpoch }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async #deliver(packed: PackResult, card: SkillCard): Promise<Delivered> {
    const { promote: state = "draft", pipeline, actor = pipeline.actor, reason, now, signal } = this.#options;
    const { store, prefix } = required(this.#options.registry, "registry");
    return deliver(packed, required(this.#options.local, "local"), {
      registry: store,
      target: parseReference(`${prefix.replace(/\/+$/, "")}/${card.metadata.name}`),
      version: card.metadata.version,
      state,
      ...(actor === undefined ? {} : { actor }),
      ...(reason === undefined ? {} : { reason }),
      ...(now === undefined ? {} : { now }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** Of two directories that would be one image, only one could be kept, by chance. In a registry the namespace does not tell them apart. */
  #claim({ directory }: SkillChange, { metadata }: SkillCard): void {
    const { namespace, name, version } = metadata;
    const reference = `${this.#options.stage === "push" ? "" : `${namespace}/`}${name}:${version}`;
    const other = this.#claims.get(reference);
    if (other !== undefined) {
      throw new SkillError("CONFLICT", `${quote(other)} and ${quote(directory)} are both ${reference}`, {
        hint: "Give one of them another name or version.",
      });
    }
    this.#claims.set(reference, directory);
  }

  /** A file as a reader of the repository knows it. */
  #shown(file: string): string {
    return file.startsWith(`${this.#git.root}/`) ? file.slice(this.#git.root.length + 1) : file;
  }
}

/** Of a submodule: git is not asked what is in it, which may be nothing. */
function foreign(submodule: string): string {
  return `${quote(submodule)} is a submodule, of which is packed what is there now, so no commit is recorded`;
}

const UNCOMMITTED = "its directory holds what is not committed, so no commit is recorded";

function required<T>(value: T | undefined, name: string): T {
  if (value !== undefined) return value;
  throw new SkillError("USAGE", `this stage needs the option ${name}`, {
    hint: "Pass it, or choose an earlier stage.",
  });
}
