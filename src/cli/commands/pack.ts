import { isSkillError } from "../../errors.ts";
import { packAll, type PackOutcome } from "../../skill/pack-all.ts";
import type { PackResult } from "../../skill/pack.ts";
import { plural, visibleLine } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import type { Context } from "../context.ts";
import { exitStatusOf, ExitStatus, worstStatus } from "../exit.ts";
import { describeError } from "../failure.ts";
import { formatIssues } from "../issues.ts";
import { formatLimits } from "../limits.ts";
import { endEarly } from "../outcomes.ts";
import { shellWord } from "../shell-word.ts";
import { openStore } from "../store.ts";
import type { Style } from "../style.ts";
import { formatBytes, shortDigest } from "../units.ts";
import { each, listOf, oneOf, sourceDateEpoch, text } from "../values.ts";

const PROFILES = ["standard", "redhat"] as const;

interface Flags {
  readonly tag?: string;
  readonly mediaType: (typeof PROFILES)[number];
  readonly platform?: readonly string[];
}

/** `skillctl pack`: from directories to draft images. */
export const packCommand: CommandDefinition<[directories: readonly string[]], Flags> = {
  description:
    "Each directory becomes one OCI image, namespace/name:<version>-draft, in the local store. The same files give " +
    "the same layer everywhere; packing a skill again changes nothing. Dotfiles and what .skillignore names " +
    "are left out. A version that is published is not overwritten: raise the version. " +
    "SOURCE_DATE_EPOCH fixes the times in the image. A directory that fails does not stop the others.",
  arguments: [
    { syntax: "<directory...>", summary: "skill directories", completes: "directory", parse: each(text("directory")) },
  ],
  options: [
    { flags: "-t, --tag <tag>", summary: "the image's tag (default: <version>-draft)", parse: text("tag") },
    {
      flags: "--media-type <profile>",
      summary: "standard OCI media types, or redhat for oc-mirror",
      default: "standard",
      completes: PROFILES,
      parse: oneOf("profile of media types", PROFILES),
    },
    {
      flags: "--platform <platforms>",
      summary: "make an index of images for these, in this order, as in linux/amd64,linux/arm64; may be repeated",
      completes: ["linux/amd64", "linux/arm64", "linux/ppc64le", "linux/s390x"],
      parse: listOf(text("platform")),
    },
  ],
  examples: [
    { title: "Pack one skill", command: "skillctl pack examples/hello-world" },
    { title: "Pack all of them", command: "skillctl pack examples/*" },
    {
      title: "The same image from the same commit, at any time",
      command: "SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) skillctl pack .",
    },
  ],
  exitStatus: { 1: "a skill could not be packed" },
  async run(context, [directories], flags) {
    const { output } = context;
    const parts = output.parts();
    const statuses: ExitStatus[] = [];
    let draft: string | undefined;
    try {
      for await (const outcome of packDirectories(context, directories, flags, () => statuses.length + 1)) {
        statuses.push("error" in outcome ? exitStatusOf(outcome.error) : ExitStatus.ok);
        await parts.add(
          toJson(outcome),
          () => ("result" in outcome ? formatResult(outcome.result, output.style) : ""),
          () => ("result" in outcome ? `${outcome.result.reference}\n` : ""),
        );
        await reportTrouble(outcome, context);
        if ("result" in outcome && outcome.result.status === "draft") draft ??= outcome.result.reference;
      }
    } catch (error) {
      await endEarly(parts, error, { output, count: statuses.length, isAlone: directories.length === 1 });
      throw error;
    }
    await parts.end();
    if (draft !== undefined) {
      await output.remark(`Next: skillctl promote ${draft} --to testing --local${context.storeOption}\n`);
    }
    return worstStatus(statuses);
  },
};

/** `count`: which of the directories it is. */
async function* packDirectories(
  context: Context,
  directories: readonly string[],
  { tag, mediaType, platform }: Flags,
  count: () => number,
): AsyncGenerator<PackOutcome, void, undefined> {
  const { output, signal, environment } = context;
  const epoch = sourceDateEpoch(environment.variables);
  yield* packAll(directories, await openStore(context), {
    ...(tag === undefined ? {} : { tag }),
    ...(platform === undefined ? {} : { platforms: platform }),
    ...(epoch === undefined ? {} : { sourceDateEpoch: epoch }),
    profile: mediaType,
    now: environment.now,
    signal,
    onProgress: ({ directory, bytes, total }) => {
      const which = directories.length > 1 ? `${count()} of ${directories.length}: ` : "";
      output.progress.update(`packing ${which}${directory}  ${formatBytes(bytes)} of ${formatBytes(total)}`);
    },
  });
}

function toJson(outcome: PackOutcome): object {
  const { directory } = outcome;
  if ("error" in outcome) return { directory, error: describeError(outcome.error) };
  const { reference, digest, ...facts } = outcome.result;
  return { directory, reference, digest, ...facts };
}

function formatResult({ reference, digest, files, size, unchanged }: PackResult, style: Style): string {
  const verb = unchanged ? style.dim("unchanged") : style.green("packed   ");
  const facts = `${shortDigest(digest)}, ${plural(files, "file")}, ${formatBytes(size)}`;
  return `${verb} ${reference} ${style.dim(`(${facts})`)}\n`;
}

/** Says on stderr what was left out, what is doubtful and what failed. */
async function reportTrouble(outcome: PackOutcome, { output, storeOption }: Context): Promise<void> {
  if ("error" in outcome) {
    await output.failure(outcome.error, hintFor(outcome.error, outcome.directory));
    return;
  }
  const { reference, excluded, exceeds, warnings } = outcome.result;
  if (excluded.length > 0) {
    await output.remark(`left out of ${visibleLine(outcome.directory)}: ${excluded.map(visibleLine).join(", ")}\n`);
  }
  if (Object.keys(exceeds).length > 0) {
    const unpack = `skillctl unpack ${reference} ${formatLimits(exceeds)}${storeOption}`;
    await output.remark(`larger than usual: a registry may refuse it, and it unpacks with ${unpack}\n`);
  }
  await output.remark(formatIssues(warnings, undefined, output.remarkStyle));
}

/** What a card's own hint says of its first problem, validate says of all of them. */
function hintFor(error: unknown, directory: string): string | undefined {
  if (!isSkillError(error, "SKILLCARD_INVALID")) return undefined;
  return `See every problem in its place: skillctl validate ${shellWord(directory)}`;
}
