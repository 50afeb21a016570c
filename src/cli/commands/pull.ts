import type { ArchiveLimits } from "../../archive/limits.ts";
import type { Reference } from "../../oci/reference.ts";
import { pullAll, type PullResult } from "../../skill/pull.ts";
import { plural, visibleLine } from "../../text/index.ts";
import { FROM_REGISTRY, type Advice } from "../advice.ts";
import type { CommandDefinition } from "../command.ts";
import { expandFully } from "../default-registry.ts";
import { LIMIT_OPTION, limitAdvice } from "../limits.ts";
import { OutcomeReport } from "../outcomes.ts";
import type { Output } from "../output.ts";
import { FOR_MANY, transferOptions, type RegistryFlags } from "../registry-flags.ts";
import { openRegistries } from "../remote.ts";
import { openStore } from "../store.ts";
import type { Style } from "../style.ts";
import { showTransfers } from "../transfers.ts";
import { each, reference, text } from "../values.ts";
import { remarkRetired, transferFacts } from "../words.ts";

interface Flags extends RegistryFlags {
  readonly output?: string;
  readonly referrers?: boolean;
  readonly limit?: Partial<ArchiveLimits>;
  readonly force?: boolean;
}

const ADVICE: Advice = {
  ...FROM_REGISTRY,
  ARCHIVE_LIMIT: limitAdvice,
  TARGET_EXISTS:
    "See what differs with skillctl diff. Replace a directory with --force, or name another place with --output.",
};

/** `skillctl pull`: from a registry to the local store, and into a directory. */
export const pullCommand: CommandDefinition<[skills: readonly Reference[]], Flags> = {
  description:
    "Fetches what the local store does not hold, under the name that it has in the registry. With --output, also makes a " +
    "directory named after the skill; an image that holds links, devices, paths that lead elsewhere or more than the " +
    "limits allow is then refused, and no directory is made. Nothing is executed. One that fails does not stop the others.",
  arguments: [{ syntax: "<reference...>", summary: "the images", completes: "reference", parse: each(reference) }],
  options: [
    {
      flags: "-o, --output <directory>",
      summary: "also unpack each skill, into a directory of its name in this one",
      completes: "directory",
      parse: text("directory"),
    },
    { flags: "--referrers", summary: "also pull what refers to the image: promotion records, signatures" },
    {
      flags: "-f, --force",
      summary: "replace a published image that is here with other content, and a directory that exists",
    },
    LIMIT_OPTION,
    ...transferOptions(`6, of several images ${FOR_MANY}`),
  ],
  examples: [
    { title: "Into the local store", command: "skillctl pull quay.io/myorg/hello-world:1.0.0" },
    {
      title: "Where an agent looks for skills",
      command: "skillctl pull quay.io/myorg/hello-world:1.0.0 -o ~/.claude/skills",
    },
  ],
  exitStatus: { 1: "an image could not be pulled, was refused, or its directory exists" },
  async run(context, [skills], flags) {
    const { output, signal } = context;
    const references: Reference[] = [];
    for (const skill of skills) references.push(await expandFully(context, skill, "always"));
    const { output: directory, referrers = false, limit, force = false } = flags;
    const isAlone = references.length === 1;
    const report = new OutcomeReport<PullResult>(output, {
      text: (result) => formatResult(result, output.style),
      quiet: (result) => `${result.directory ?? result.reference}\n`,
      remark: async (result) => remarkOn(result, output),
      advice: ADVICE,
      isAlone,
    });
    const heading = isAlone ? undefined : () => `${report.count} of ${plural(references.length, "image")} pulled`;
    const registries = await openRegistries(context, flags, { isForMany: !isAlone });
    const pulling = pullAll(registries, await openStore(context), references, {
      ...(directory === undefined ? {} : { output: directory }),
      ...(limit === undefined ? {} : { limits: limit }),
      referrers,
      force,
      signal,
      onProgress: showTransfers(context, heading),
    });
    return report.all(pulling);
  },
};

function formatResult(result: PullResult, style: Style): string {
  const { reference, digest, unchanged, blobs, directory, directoryUnchanged } = result;
  const same = style.dim("unchanged");
  const unpacking = directoryUnchanged === true ? same : style.green("unpacked ");
  const unpacked = directory === undefined ? "" : `${unpacking} ${directory}\n`;
  return `${unchanged ? same : style.green("pulled   ")} ${reference} ${style.dim(`(${transferFacts(digest, blobs, "fetched")})`)}\n${unpacked}`;
}

async function remarkOn(result: PullResult, output: Output): Promise<void> {
  const { reference, leftover } = result;
  await remarkRetired(output, reference, result);
  if (leftover !== undefined) {
    await output.remark(`What was there before could not be removed; it lies in ${visibleLine(leftover)}\n`);
  }
}
