/** What a run did, as data: for programs, and for the summary that people read. */
import type { SkillError } from "../errors.ts";
import type { LifecycleState } from "../lifecycle/index.ts";
import type { Digest } from "../oci/index.ts";
import type { SkillCardIssue } from "../skillcard/index.ts";
import type { SkillChange } from "./skills.ts";
import type { Stage } from "./stage.ts";

/** What became of one skill. */
export interface SkillReport extends SkillChange {
  /**
   * The last thing that was done: `valid` (checked), `packed`, `pushed`, `promoted`; `unchanged`: it was all done before;
   * `deleted`: nothing was done, what was published stays; `failed`: see `error`.
   */
  readonly outcome: "valid" | "packed" | "pushed" | "promoted" | "unchanged" | "deleted" | "failed";
  /** `namespace/name`; absent when the card cannot be read. */
  readonly name?: string;
  readonly version?: string;
  /** What names the image in the registry. */
  readonly reference?: string;
  /** Of the image that was packed, or of the one in the registry. */
  readonly digest?: Digest;
  /** The state of the image in the registry. */
  readonly status?: LifecycleState;
  /** The last commit that changed the directory; absent when it holds what is not committed, or was only validated. */
  readonly commit?: string;
  /** What is doubtful in its card, and what is wrong. */
  readonly issues: readonly SkillCardIssue[];
  /** What did not work out beside what did, a sentence each. */
  readonly warnings: readonly string[];
  readonly error?: SkillError;
}

/** Why a skill failed, unless its issues say so. */
export function failureBeside({ error }: SkillReport): SkillError | undefined {
  return error?.code === "SKILLCARD_INVALID" ? undefined : error;
}

export interface CiReport {
  readonly stage: Stage;
  /** The commit that was checked out. */
  readonly head: string;
  /** The commit that it was compared with; absent when every skill counted. */
  readonly base?: string;
  readonly source?: string;
  /** Whether none failed. */
  readonly ok: boolean;
  readonly skills: readonly SkillReport[];
}
