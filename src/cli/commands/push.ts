import { SkillError } from "../../errors.ts";
import { LIFECYCLE_STATES, type LifecycleState } from "../../lifecycle/state.ts";
import { formatReference, parseReference, type Reference } from "../../oci/reference.ts";
import { findLocal } from "../../skill/find-local.ts";
import { pushAll } from "../../skill/push-all.ts";
import { push, type PushResult } from "../../skill/push.ts";
import { plural, quote } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import type { Context } from "../context.ts";
import { defaultRegistry, expandTarget, HOW_TO_SET } from "../default-registry.ts";
import { ExitStatus } from "../exit.ts";
import { OutcomeReport, someOf } from "../outcomes.ts";
import { FOR_MANY, transferOptions, type RegistryFlags } from "../registry-flags.ts";
import { openRegistries } from "../remote.ts";
import { openStore } from "../store.ts";
import type { Style } from "../style.ts";
import { showTransfers } from "../transfers.ts";
import { listOf, registryPrefix, state, text } from "../values.ts";
import { latestLine, remarkWarnings, transferFacts } from "../words.ts";

interface Flags extends RegistryFlags {
  readonly all?: boolean;
  readonly to?: string;
  readonly status?: readonly LifecycleState[];
  /** False with `--no-referrers`. */
  readonly referrers: boolean;
  readonly force?: boolean;
}

/** `skillctl push`: from the local store to a registry. */
export const pushCommand: CommandDefinition<[source: string | undefined, target: string | undefined], Flags> = {
  description:
    "With one reference, pushes the local image of that name, or of that name behind the default registry; if there" +
    " is none, the one whose name ends alike and that has the same tag, so that examples/hello-world:1.0.0-draft is" +
    " found for quay.io/myorg/hello-world:1.0.0-draft. With two, the first is the local image. Promotion records " +
    "and signatures go along. With --all, pushes every local image to --to, under the last part of its name; of " +
    "different ones that would get one name, none. What the registry holds already is not sent. A published version" +
    " there is not replaced by other content.",
  arguments: [
    {
      syntax: "[reference]",
      summary: "the image; with --all, a glob over local names (default: all of them)",
      completes: "reference",
      parse: text("reference"),
    },
    { syntax: "[target]", summary: "its name in the registry", completes: "reference", parse: text("target") },
  ],
  options: [
    { flags: "--all", summary: "push every local image, or those that match" },
    {
      flags: "--to <registry>",
      summary: "with --all: the registry, or a namespace in it (default: the default registry)",
      parse: registryPrefix,
    },
    {
      flags: "--status <states>",
      summary: "with --all: only these states, separated by commas",
      completes: LIFECYCLE_STATES,
      parse: listOf(state),
    },
    {
      flags: "--no-referrers",
      summary: "leave out promotion records, signatures and whatever else refers to the image",
    },
    { flags: "-f, --force", summary: "replace what is published, and send again what the registry may have lost" },
    ...transferOptions(`6, with --all ${FOR_MANY}`),
  ],
  examples: [
    { title: "The draft that was just packed", command: "skillctl push quay.io/myorg/hello-world:1.0.0-draft" },
    {
      title: "Which image, and where to",
      command: "skillctl push examples/hello-world:1.0.0 quay.io/team/skills/hello-world:1.0.0",
    },
    { title: "Everything that is published", command: "skillctl push --all --status published --to quay.io/myorg" },
  ],
  exitStatus: { 1: "an image could not be pushed" },
  async run(context, [given, target], flags) {
    if (flags.all === true) return pushMany(context, given, target, flags);
    const { to, status } = flags;
    if (given === undefined || to !== undefined || status !== undefined) {
      throw new SkillError("USAGE", given === undefined ? "there is nothing to push" : "--to and --status need --all", {
        hint: "Name an image, as in skillctl push quay.io/myorg/hello-world:1.0.0-draft, or push all of them with --all.",
      });
    }
    return pushOne(context, parseReference(given), target === undefined ? undefined : parseReference(target), flags);
  },
};

async function pushOne(
  context: Context,
  given: Reference,
  target: Reference | undefined,
  flags: Flags,
): Promise<ExitStatus> {
  const { output, signal } = context;
  const [local, registries] = [await openStore(context), await openRegistries(context, flags)];
  const named = await expandTarget(context, target ?? given);
  const source = target === undefined ? await findLocal(local, given, { fullName: named, signal }) : given;
  const result = await push(local, registries, source, named, {
    ...pushOptions(flags),
    signal,
    onProgress: showTransfers(context),
  });
  await output.result(
    { source: formatReference(source), ...result },
    (done) => formatResult(done, output.style),
    (done) => `${done.reference}\n`,
  );
  await remarkWarnings(output, result.warnings);
  return ExitStatus.ok;
}

async function pushMany(
  context: Context,
  name: string | undefined,
  target: string | undefined,
  flags: Flags,
): Promise<ExitStatus> {
  const { output, signal } = context;
  const prefix = flags.to ?? (await defaultRegistry(context));
  if (target !== undefined || prefix === undefined) {
    const where = "Say where to push, as in skillctl push --all --to quay.io/myorg";
    throw target === undefined
      ? new SkillError("USAGE", "--all needs --to, as there is no default registry", {
          hint: `${where}, or ${HOW_TO_SET}`,
        })
      : new SkillError("USAGE", "--all takes no target", { hint: `${where}.` });
  }
  const report = new OutcomeReport<PushResult>(output, {
    text: (result) => formatResult(result, output.style),
    quiet: ({ reference }) => `${reference}\n`,
    remark: async ({ warnings }) => remarkWarnings(output, warnings),
  });
  const pushing = pushAll(await openStore(context), await openRegistries(context, flags, { isForMany: true }), prefix, {
    ...pushOptions(flags),
    ...(name === undefined ? {} : { name }),
    ...(flags.status === undefined ? {} : { status: flags.status }),
    ...(flags.concurrency === undefined ? {} : { concurrency: flags.concurrency }),
    signal,
    onProgress: showTransfers(context, () => `${plural(report.count, "image")} pushed`),
  });
  // With a status, that there is nothing may be as it should; with a name alone, it is a typo.
  const isTypo = name !== undefined && flags.status === undefined;
  const status = await report.all(isTypo ? someOf(pushing, () => noneLike(name, context)) : pushing);
  if (report.count === 0) {
    await output.remark(`No local image fits. See what there is: skillctl list${context.storeOption}\n`);
  }
  return status;
}

function noneLike(name: string, { storeOption }: Context): SkillError {
  return new SkillError("NOT_FOUND", `no local image has a name like ${quote(name)}`, {
    hint: `See what there is: skillctl list${storeOption}`,
  });
}

function pushOptions({ referrers, force = false }: Flags): {
  readonly referrers: boolean;
  readonly force: boolean;
} {
  return { referrers, force };
}

function formatResult(result: PushResult, style: Style): string {
  const { reference, digest, unchanged, blobs } = result;
  const verb = unchanged ? style.dim("unchanged") : style.green("pushed   ");
  return `${verb} ${reference} ${style.dim(`(${transferFacts(digest, blobs, "sent")})`)}\n${latestLine(result)}`;
}
