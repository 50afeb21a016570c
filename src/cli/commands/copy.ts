import { SkillError } from "../../errors.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import { copyAll, type CopiedTag } from "../../skill/copy-all.ts";
import { push, type PushResult } from "../../skill/push.ts";
import { plural } from "../../text/index.ts";
import { FROM_REGISTRY } from "../advice.ts";
import type { CommandDefinition } from "../command.ts";
import type { Context } from "../context.ts";
import { expandFully, expandTarget } from "../default-registry.ts";
import { ExitStatus } from "../exit.ts";
import { OutcomeReport, someOf } from "../outcomes.ts";
import { TRANSFER_OPTIONS, type RegistryFlags } from "../registry-flags.ts";
import { openRegistries } from "../remote.ts";
import type { Style } from "../style.ts";
import { showTransfers } from "../transfers.ts";
import { shortDigest } from "../units.ts";
import { reference } from "../values.ts";
import { latestLine, remarkWarnings, transferFacts } from "../words.ts";

interface Flags extends RegistryFlags {
  readonly allTags?: boolean;
  /** False with `--no-referrers`. */
  readonly referrers: boolean;
  readonly force?: boolean;
}

/** `skillctl copy`: from registry to registry. */
export const copyCommand: CommandDefinition<[source: Reference, target: Reference], Flags> = {
  description:
    "Copies an image, by tag or by digest, with what refers to it (promotion records, signatures), from one registry to " +
    "another or within one, past the local store. A target without a tag gets the source's. With --all-tags, copies every " +
    "tag of a repository; one that fails does not stop the others, and tags that only the target has stay. What is there " +
    "already is not sent, so a second run moves nothing. A published version there is not replaced by other content.",
  arguments: [
    {
      syntax: "<source>",
      summary: "the image; with --all-tags, the repository",
      completes: "reference",
      parse: reference,
    },
    { syntax: "<target>", summary: "what it shall be called there", completes: "reference", parse: reference },
  ],
  options: [
    { flags: "--all-tags", summary: "copy every tag of the repository" },
    {
      flags: "--no-referrers",
      summary: "leave out promotion records, signatures and whatever else refers to the images",
    },
    { flags: "-f, --force", summary: "replace what is published, and send again what the registry may have lost" },
    ...TRANSFER_OPTIONS,
  ],
  examples: [
    {
      title: "One version",
      command: "skillctl copy quay.io/myorg/hello-world:1.0.0 registry.example.com/skills/hello-world:1.0.0",
    },
    {
      title: "A mirror, again and again",
      command: "skillctl copy --all-tags quay.io/myorg/hello-world registry.example.com/skills/hello-world",
    },
  ],
  exitStatus: { 1: "an image could not be copied" },
  advice: FROM_REGISTRY,
  async run(context, [given, named], flags) {
    const source = await expandFully(context, given, "unless here", named);
    const target = await expandTarget(context, named);
    return flags.allTags === true ? copyTags(context, source, target, flags) : copyOne(context, source, target, flags);
  },
};

async function copyOne(context: Context, source: Reference, target: Reference, flags: Flags): Promise<ExitStatus> {
  const { output, signal } = context;
  const registries = await openRegistries(context, flags);
  const result = await push(registries, registries, source, target, {
    ...optionsOf(flags),
    signal,
    onProgress: showTransfers(context),
  });
  await output.result(
    { source: formatReference(source), ...result },
    (done) => formatCopy(done, output.style),
    (done) => `${done.reference}\n`,
  );
  await remarkWarnings(output, result.warnings);
  return ExitStatus.ok;
}

async function copyTags(context: Context, source: Reference, target: Reference, flags: Flags): Promise<ExitStatus> {
  const { output, signal } = context;
  for (const each of [source, target]) {
    if (each.tag === undefined && each.digest === undefined) continue;
    throw new SkillError("USAGE", `${formatReference(each)} is one image, and --all-tags copies a repository`, {
      hint: "Leave out the tag and the digest, or leave out --all-tags.",
    });
  }
  const registries = await openRegistries(context, flags);
  const report = new OutcomeReport<CopiedTag>(output, {
    text: (copied) => formatTag(copied, output.style),
    quiet: (copied) => `${copied.reference}\n`,
    advice: FROM_REGISTRY,
  });
  const copying = copyAll(registries, registries, source, target, {
    ...optionsOf(flags),
    ...(flags.concurrency === undefined ? {} : { concurrency: flags.concurrency }),
    signal,
    onProgress: showTransfers(context, () => `${plural(report.count, "tag")} copied`),
  });
  return report.all(someOf(copying, () => noTags(source)));
}

/** A mirror of nothing is a typo. */
function noTags(source: Reference): SkillError {
  return new SkillError("NOT_FOUND", `${formatReference(source)} has no tags`, {
    hint: "Check the name, and that you may read it.",
  });
}

function optionsOf({ referrers, force = false }: Flags): { readonly referrers: boolean; readonly force: boolean } {
  return { referrers, force };
}

function formatCopy(result: PushResult, style: Style): string {
  const { reference: name, digest, unchanged, blobs } = result;
  return `${verb(unchanged, style)} ${name} ${style.dim(`(${transferFacts(digest, blobs, "copied")})`)}\n${latestLine(result)}`;
}

function formatTag({ reference: name, digest, unchanged }: CopiedTag, style: Style): string {
  return `${verb(unchanged, style)} ${name} ${style.dim(`(${shortDigest(digest)})`)}\n`;
}

function verb(unchanged: boolean, style: Style): string {
  return unchanged ? style.dim("unchanged") : style.green("copied   ");
}
