import type { Reference } from "../../oci/index.ts";
import { importImages } from "../../skill/import.ts";
import type { CommandDefinition } from "../command.ts";
import { ExitStatus } from "../exit.ts";
import { withReadableFile } from "../files.ts";
import { openStore } from "../store.ts";
import { shortDigest } from "../units.ts";
import { reference, text } from "../values.ts";

interface Flags {
  readonly as?: Reference;
}

/** `skillctl import`: images from a file. */
export const importCommand: CommandDefinition<[file: string], Flags> = {
  description:
    "Reads an OCI image layout in a tar archive, as skillctl export, skopeo (oci-archive) and podman save " +
    "(--format oci-archive) write it. Every piece is checked against its digest before it is stored.",
  arguments: [{ syntax: "<file>", summary: "the archive, or - for stdin", completes: "file", parse: text("file") }],
  options: [
    {
      flags: "--as <reference>",
      summary: "a name for the image, if the archive holds just one",
      completes: "reference",
      parse: reference,
    },
  ],
  examples: [
    { title: "From a file", command: "skillctl import hello-world.tar" },
    {
      title: "From another machine's store",
      command: "ssh build skillctl export examples/hello-world:1.0.0 | skillctl import -",
    },
  ],
  exitStatus: { 1: "the archive is damaged, or the work failed" },
  async run(context, [file], { as }) {
    const { output, signal, environment } = context;
    const store = await openStore(context);
    const images = await withReadableFile(file, environment.stdin, signal, (open) =>
      importImages(store, open, { ...(as === undefined ? {} : { as }), signal }),
    );
    await output.result(
      images,
      (all) =>
        all
          .map(
            (image) =>
              `${output.style.green("imported")} ${image.reference} ${output.style.dim(`(${shortDigest(image.digest)})`)}\n`,
          )
          .join(""),
      (all) => all.map((image) => `${image.reference}\n`).join(""),
    );
    return ExitStatus.ok;
  },
};
