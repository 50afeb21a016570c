import type { Reference } from "../../oci/index.ts";
import { inspect, raw, type SkillInspection } from "../../skill/inspect.ts";
import type { CommandDefinition } from "../command.ts";
import type { Context } from "../context.ts";
import { ExitStatus } from "../exit.ts";
import { reading, READING_OPTIONS, type PlaceFlags } from "../places.ts";
import { colorState } from "../style.ts";
import { fields } from "../table.ts";
import { formatAge, formatBytes } from "../units.ts";
import { oneOf, reference } from "../values.ts";
import { oneLine } from "../words.ts";

const RAW_PARTS = ["manifest", "config"] as const;

/** As wide as the longest label, so that the values of all sections stand in one column. */
const LABEL_WIDTH = "description".length;

interface Flags extends PlaceFlags {
  readonly files?: boolean;
  readonly raw?: (typeof RAW_PARTS)[number];
}

/** `skillctl inspect`: all that is known of an image. */
export const inspectCommand: CommandDefinition<[skill: Reference], Flags> = {
  description:
    "Looks for the image in the local store, then in its registry. Reads only the manifest and config, unless --files asks " +
    "for the list of files. With --quiet, only the digest; with --files, only their names.",
  arguments: [{ syntax: "<reference>", summary: "the image to show", completes: "reference", parse: reference }],
  options: [
    { flags: "--files", summary: "also list the files in the image" },
    {
      flags: "--raw <part>",
      summary: "print the stored bytes of the manifest or config instead",
      completes: RAW_PARTS,
      parse: oneOf("part to print", RAW_PARTS),
    },
    ...READING_OPTIONS,
  ],
  examples: [
    { title: "The card, state and digests", command: "skillctl inspect examples/hello-world:1.0.0-draft" },
    {
      title: "The state only",
      command: "skillctl inspect examples/hello-world:1.0.0-draft --json | jq -r .lifecycle.status",
    },
    {
      title: "The manifest as it is stored",
      command: "skillctl inspect examples/hello-world:1.0.0-draft --raw manifest",
    },
    { title: "In a registry", command: "skillctl inspect quay.io/myorg/hello-world:1.0.0" },
  ],
  async run(context, [skill], flags) {
    const { output, signal } = context;
    const { files = false, raw: part } = flags;
    if (part === undefined) {
      let isRemote = false;
      const result = await reading(context, skill, flags, (place) => {
        ({ isRemote } = place);
        return inspect(place.store, place.reference, { files, signal });
      });
      await output.result(result, (found) => format(found, isRemote, context), essentials);
      if (!isRemote && skill.registry !== undefined && flags.local !== true) {
        await output.remark("This is the local copy; --remote asks the registry.\n");
      }
    } else {
      const bytes = await reading(context, skill, flags, ({ store, reference: found }) =>
        raw(store, found, part, { signal }),
      );
      await output.content([bytes]);
    }
    return ExitStatus.ok;
  },
};

function essentials({ digest, files }: SkillInspection): string {
  return files === undefined ? `${digest}\n` : files.map(({ path }) => `${path}\n`).join("");
}

function format(found: SkillInspection, isRemote: boolean, { output: { style }, environment }: Context): string {
  const { card, lifecycle, image, files } = found;
  const heading = (text: string): string => `\n${style.bold(text)}\n`;
  const next = lifecycle.next === undefined ? "" : style.dim(` (next: ${lifecycle.next})`);
  return [
    `${style.bold(found.reference)}\n`,
    heading("Card"),
    fields(
      [
        ["name", card.namespace === undefined ? card.name : `${card.namespace}/${card.name}`],
        ["title", card.title],
        ["version", card.version],
        ["description", card.description],
        ["authors", card.authors],
        ["license", card.license],
        ["compatible", card.compatibility],
        ["tags", card.tags.join(", ")],
        ["words", card.wordcount?.toString()],
        ["created", card.created && `${card.created} ${style.dim(`(${formatAge(card.created, environment.now())})`)}`],
        ["source", card.source],
        ["revision", card.revision],
      ],
      style,
      LABEL_WIDTH,
    ),
    heading("Lifecycle"),
    fields(
      [
        ["status", lifecycle.status === undefined ? "none" : colorState(lifecycle.status, style) + next],
        ["reason", lifecycle.deprecation?.reason && oneLine(lifecycle.deprecation.reason)],
        ["use instead", lifecycle.deprecation?.replacedBy],
        // Of a registry no more is known than the tag that was asked for, which is in the heading.
        ["tags", isRemote ? undefined : lifecycle.tags.join(", ")],
      ],
      style,
      LABEL_WIDTH,
    ),
    heading("Image"),
    fields(
      [
        ["digest", found.digest],
        ["type", found.mediaType],
        ["profile", image.profile],
        ["platforms", image.platforms.join(", ")],
        ["size", formatBytes(image.size)],
        ["config", image.config.digest],
        ...image.layers.map((layer) => ["layer", `${layer.digest} ${style.dim(formatBytes(layer.size))}`] as const),
      ],
      style,
      LABEL_WIDTH,
    ),
    ...(files === undefined ? [] : [heading("Files"), formatFiles(files)]),
  ].join("");
}

function formatFiles(files: NonNullable<SkillInspection["files"]>): string {
  const sizes = files.map((file) => formatBytes(file.size));
  const width = Math.max(0, ...sizes.map((size) => size.length));
  return files.map(({ mode, path }, at) => `  ${mode}  ${(sizes[at] ?? "").padStart(width)}  ${path}\n`).join("");
}
