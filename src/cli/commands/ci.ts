import { appendFile } from "node:fs/promises";

import { ci, type CiOptions } from "../../ci/ci.ts";
import { plan, type PlanOptions } from "../../ci/plan.ts";
import { stageFor } from "../../ci/stage.ts";
import { summarize } from "../../ci/summary.ts";
import { asContent } from "../../content/index.ts";
import { SkillError } from "../../errors.ts";
import { readPipeline } from "../../source/pipeline.ts";
import { formatCi, reportJson, reportTrouble, statusOfCi } from "../ci-report.ts";
import type { CommandDefinition } from "../command.ts";
import type { Context } from "../context.ts";
import { ExitStatus } from "../exit.ts";
import { writeFile } from "../files.ts";
import { TRANSFER_OPTIONS, type RegistryFlags } from "../registry-flags.ts";
import { openRegistries } from "../remote.ts";
import { withScratchStore } from "../scratch-store.ts";
import { unwritable } from "../system-error.ts";
import { each, oneOf, registryPrefix, sourceDateEpoch, text } from "../values.ts";
import { visibleJson } from "../visible.ts";

const PROMOTIONS = ["testing", "published"] as const;

interface Flags extends RegistryFlags {
  readonly base?: string;
  readonly all?: boolean;
  readonly validateOnly?: boolean;
  readonly push?: string;
  readonly promote?: (typeof PROMOTIONS)[number];
  readonly byBranch?: boolean;
  readonly matrix?: boolean;
  readonly report?: string;
  readonly summary?: string;
  readonly reason?: string;
  readonly actor?: string;
}

/** `skillctl ci`: what a pipeline does with a repository of skills. */
export const ciCommand: CommandDefinition<[paths: readonly string[] | undefined], Flags> = {
  description:
    "Finds the skills that a change concerns, checks and packs them; with --push sends them to a registry, with --promote " +
    "takes them on to testing or published there. The change is what the pipeline of GitHub or GitLab is for, elsewhere all " +
    "since the branch left the default one; where there is nothing to compare with, every skill counts. What is in the registry already is " +
    "left alone, so that a run can be repeated; a published version with other files is a failure. A skill that fails does " +
    "not stop the others. The images say which repository, commit and directory they are of. The local store is left as it is.",
  arguments: [
    {
      syntax: "[path...]",
      summary: "where to look for skills (default: everywhere but in directories that begin with a dot)",
      completes: "directory",
      parse: each(text("path")),
    },
  ],
  options: [
    {
      flags: "--base <revision>",
      summary: "compare with this commit, or where the branch left it",
      parse: text("revision"),
    },
    { flags: "--all", summary: "take every skill that is committed, changed or not; needs no history but one commit" },
    { flags: "--validate-only", summary: "check, and do nothing else" },
    { flags: "--push <registry>", summary: "push to this registry, or namespace in it", parse: registryPrefix },
    {
      flags: "--promote <state>",
      summary: `with --push: how far to promote, ${PROMOTIONS.join(" or ")}`,
      completes: PROMOTIONS,
      parse: oneOf("state to promote to", PROMOTIONS),
    },
    {
      flags: "--by-branch",
      summary: "push from the default branch and from tags only; check requests, pack other branches",
    },
    { flags: "--matrix", summary: "do nothing; print the skills as a matrix for the jobs of a workflow" },
    { flags: "--report <file>", summary: "write what was done as JSON", completes: "file", parse: text("file") },
    { flags: "--summary <file>", summary: "add what was done as Markdown", completes: "file", parse: text("file") },
    { flags: "--reason <text>", summary: "why it is promoted, for the record", parse: text("reason") },
    {
      flags: "--actor <name>",
      summary: "who promotes, for the record (default: whom the pipeline names, else you)",
      parse: text("name"),
    },
    ...TRANSFER_OPTIONS,
  ],
  examples: [
    { title: "Check what a branch changed", command: "skillctl ci --validate-only" },
    {
      title: "Push it, and hand it to its testers",
      command: "skillctl ci --push quay.io/myorg --promote testing",
    },
    {
      title: "In a pipeline: check requests, push what was merged",
      command: "skillctl ci --by-branch --push quay.io/myorg --promote testing --report skills.json",
    },
    { title: "One job for each changed skill", command: "skillctl ci --matrix" },
  ],
  exitStatus: { 0: "every skill is where it shall be", 1: "a skill failed" },
  async run(context, [paths], flags) {
    const { output, environment } = context;
    const options = await planOptions(context, paths, flags);
    if (flags.matrix === true) return printMatrix(context, options);
    const staged = { ...options, ...(await stageOptions(context, options, flags)) };
    const report = await withScratchStore((local) => ci(".", { ...staged, local }));
    const json = reportJson(report);
    if (flags.report !== undefined) await writeFile(flags.report, asContent(encode(`${visibleJson(json)}\n`)), true);
    if (flags.summary !== undefined) await append(flags.summary, summarize(report));
    await output.result(
      json,
      () => formatCi(report, output.style),
      () => report.skills.flatMap(({ reference }) => (reference === undefined ? [] : [`${reference}\n`])).join(""),
    );
    await reportTrouble(report, output, environment.variables);
    return statusOfCi(report);
  },
};

async function planOptions(
  { environment, signal }: Context,
  paths: readonly string[] | undefined,
  { base, all }: Flags,
): Promise<PlanOptions> {
  if (base !== undefined && all === true) {
    throw new SkillError("USAGE", "--base and --all exclude each other", { hint: "Leave one of them out." });
  }
  return {
    pipeline: await readPipeline(environment.variables),
    variables: environment.variables,
    signal,
    ...(base === undefined ? {} : { base }),
    ...(all === undefined ? {} : { all }),
    ...(paths === undefined || paths.length === 0 ? {} : { paths }),
  };
}

async function stageOptions(
  context: Context,
  { pipeline }: PlanOptions,
  flags: Flags,
): Promise<Omit<CiOptions, keyof PlanOptions>> {
  const { environment, output } = context;
  const { push: prefix, promote, byBranch, validateOnly, reason, concurrency } = flags;
  if (prefix === undefined && promote !== undefined) {
    throw new SkillError("USAGE", "--promote needs --push", {
      hint: "Say in which registry, as in --push quay.io/myorg.",
    });
  }
  const wish = {
    push: prefix !== undefined,
    ...(validateOnly === undefined ? {} : { validateOnly }),
    ...(byBranch === undefined ? {} : { byBranch }),
  };
  const stage = stageFor(wish, pipeline);
  const actor = flags.actor ?? pipeline.actor ?? environment.user;
  const epoch = sourceDateEpoch(environment.variables);
  const needsRegistry = stage === "push" && prefix !== undefined;
  return {
    stage,
    ...(needsRegistry ? { registry: { store: await openRegistries(context, flags), prefix } } : {}),
    ...(promote === undefined ? {} : { promote }),
    ...(reason === undefined ? {} : { reason }),
    ...(actor === undefined ? {} : { actor }),
    ...(epoch === undefined ? {} : { sourceDateEpoch: epoch }),
    ...(concurrency === undefined ? {} : { concurrency }),
    now: environment.now,
    onSkill: ({ directory }, count, total) => output.progress.update(`${count} of ${total}: ${directory}`),
  };
}

/** What `strategy.matrix` of a GitHub workflow takes from `fromJSON`. A skill that was deleted needs no job. */
async function printMatrix({ output }: Context, options: PlanOptions): Promise<ExitStatus> {
  const { skills } = await plan(".", options);
  const include = skills.flatMap(({ directory, change }) => (change === "deleted" ? [] : [{ directory, change }]));
  const print = (matrix: object): string => `${JSON.stringify(matrix)}\n`;
  await output.line({ include }, print, print);
  return ExitStatus.ok;
}

async function append(path: string, markdown: string): Promise<void> {
  try {
    await appendFile(path, markdown);
  } catch (error) {
    throw unwritable(path, error);
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
