import type { DamagedBlob } from "../../registry/maintenance/scrub.ts";
import { plural } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import { ExitStatus } from "../exit.ts";
import { registryPlace, ROOT_OPTIONS, withRegistry, type RootFlags } from "../registry-root.ts";
import { formatBytes } from "../units.ts";

interface Flags extends RootFlags {
  readonly dryRun?: boolean;
}

/** `skillctl scrub`: does the disk still say what was written to it? */
export const scrubCommand: CommandDefinition<[], Flags> = {
  description:
    "Reads every blob of a registry and compares it with its digest. A damaged one is taken out of the way, in a directory to " +
    "damaged/, so that skillctl push --force of an image that has it brings it back. Safe while skillctl serve uses the registry. " +
    "skillctl fsck --root follows the references, and reads no blobs.",
  options: [...ROOT_OPTIONS, { flags: "-n, --dry-run", summary: "say what is damaged, and leave it where it is" }],
  examples: [
    { title: "Read everything", command: "skillctl scrub" },
    { title: "Only say what is damaged", command: "skillctl scrub --root registry --dry-run" },
  ],
  exitStatus: { 0: "nothing is damaged", 1: "something is damaged, or the work failed" },
  async run(context, _, { dryRun = false, ...flags }) {
    const { output, signal } = context;
    const place = await registryPlace(context, flags);
    const onProgress = ({ blobs, bytes }: { readonly blobs: number; readonly bytes: number }): void =>
      output.progress.update(`reading ${place.name}  ${plural(blobs, "blob")}  ${formatBytes(bytes)}`);
    output.progress.update(`reading ${place.name}`);
    const { scrub } = await import("../../registry/maintenance/scrub.ts");
    const report = await withRegistry(context, place, async (storage) =>
      scrub(storage, { dryRun, signal, onProgress }),
    );
    await output.result(
      { ...report, dryRun },
      ({ damaged }) => damaged.map((blob) => `${output.style.red("damaged")} ${describe(blob)}`).join(""),
      ({ damaged }) => damaged.map(({ digest }) => `${digest}\n`).join(""),
    );
    const { blobs, bytes, damaged } = report;
    const found = damaged.length === 0 ? "None is damaged" : `${damaged.length} damaged`;
    await output.remark(`Read ${plural(blobs, "blob")}, ${formatBytes(bytes)}. ${found}.\n`);
    return damaged.length === 0 ? ExitStatus.ok : ExitStatus.failed;
  },
};

function describe({ digest, message, isSetAside, uses }: DamagedBlob): string {
  const lines = [
    `${digest}${isSetAside ? ", taken out of the way" : ""}`,
    `  ${message}`,
    ...uses.map(({ repository, manifest }) => `  needed by ${repository}@${manifest}`),
    uses.length === 0
      ? "  needed by no image"
      : "  bring it back: push one of these images again, with skillctl push --force",
  ];
  return lines.map((line) => `${line}\n`).join("");
}
