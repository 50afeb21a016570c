import type { ArchiveLimits } from "../../archive/limits.ts";
import type { Reference } from "../../oci/index.ts";
import { unpack, type UnpackResult } from "../../skill/unpack.ts";
import type { CommandDefinition } from "../command.ts";
import { ExitStatus } from "../exit.ts";
import { LIMIT_OPTION, limitAdvice } from "../limits.ts";
import { reading, READING_OPTIONS, type PlaceFlags } from "../places.ts";
import { plural, visibleLine } from "../../text/index.ts";
import type { Style } from "../style.ts";
import { formatBytes } from "../units.ts";
import { reference, text } from "../values.ts";

interface Flags extends PlaceFlags {
  readonly output: string;
  readonly force?: boolean;
  readonly limit?: Partial<ArchiveLimits>;
}

/** `skillctl unpack`: from an image to a directory. */
export const unpackCommand: CommandDefinition<[skill: Reference], Flags> = {
  description:
    "Makes a directory named after the skill, from the local store or else from its registry. The whole image is checked first: one that holds links, devices, paths " +
    "that lead elsewhere or more than the limits allow is refused, and nothing is written. Nothing is executed.",
  arguments: [{ syntax: "<reference>", summary: "the image", completes: "reference", parse: reference }],
  options: [
    {
      flags: "-o, --output <directory>",
      summary: "where the skill's directory is made",
      default: ".",
      completes: "directory",
      parse: text("directory"),
    },
    { flags: "-f, --force", summary: "replace a directory that holds something else" },
    LIMIT_OPTION,
    ...READING_OPTIONS,
  ],
  examples: [
    { title: "Into ./hello-world", command: "skillctl unpack examples/hello-world:1.0.0" },
    {
      title: "Where an agent looks for skills",
      command: "skillctl unpack examples/hello-world:1.0.0 -o ~/.claude/skills",
    },
    {
      title: "A large one, from somebody you trust",
      command: "skillctl unpack examples/models:1.0.0 --limit fileSize=1GiB --limit expandedSize=2GiB",
    },
  ],
  exitStatus: { 1: "the image was refused, the directory exists, or the work failed" },
  advice: {
    ARCHIVE_LIMIT: limitAdvice,
    TARGET_EXISTS:
      "See what differs with skillctl diff. Replace a directory with --force, or name another place with --output.",
  },
  async run(context, [skill], flags) {
    const { output, signal } = context;
    const { output: directory, force = false, limit } = flags;
    const limits = limit === undefined ? {} : { limits: limit };
    const result = await reading(context, skill, flags, ({ store, reference: found }) =>
      unpack(store, found, directory, { force, ...limits, signal }),
    );
    await output.result(
      result,
      (done) => formatResult(done, output.style),
      (done) => `${done.path}\n`,
    );
    if (result.leftover !== undefined) {
      await output.remark(`What was there before could not be removed; it lies in ${visibleLine(result.leftover)}\n`);
    }
    return ExitStatus.ok;
  },
};

function formatResult({ path, files, bytes, unchanged }: UnpackResult, style: Style): string {
  const verb = unchanged ? style.dim("unchanged") : style.green("unpacked");
  return `${verb} ${path} ${style.dim(`(${plural(files, "file")}, ${formatBytes(bytes)})`)}\n`;
}
