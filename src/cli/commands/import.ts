import type { Reference } from "../../oci/index.ts";
import { importImages, type ImportedImage } from "../../skill/import.ts";
import type { CommandDefinition } from "../command.ts";
import { ExitStatus } from "../exit.ts";
import { withReadableFile } from "../files.ts";
import { openStore } from "../store.ts";
import type { Style } from "../style.ts";
import { plainTar } from "../tar-file.ts";
import { shortDigest } from "../units.ts";
import { reference, text } from "../values.ts";
import { latestLine } from "../words.ts";

const DAMAGED = "The archive is damaged; make it or fetch it again.";

interface Flags {
  readonly as?: Reference;
  readonly force?: boolean;
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
    { flags: "-f, --force", summary: "replace published images of the same name" },
  ],
  examples: [
    { title: "From a file", command: "skillctl import hello-world.tar" },
    {
      title: "From another machine's store",
      command: "ssh build skillctl export examples/hello-world:1.0.0 | skillctl import -",
    },
  ],
  exitStatus: { 1: "the archive is damaged, or the work failed" },
  advice: { DIGEST_MISMATCH: DAMAGED, SIZE_MISMATCH: DAMAGED },
  async run(context, [file], { as, force = false }) {
    const { output, signal, environment } = context;
    const store = await openStore(context);
    const images = await withReadableFile(file, environment.stdin, signal, (open) =>
      importImages(store, () => plainTar(open(), file), { ...(as === undefined ? {} : { as }), force, signal }),
    );
    await output.result(
      images,
      (all) => all.map((image) => formatImage(image, output.style)).join(""),
      (all) => all.map((image) => `${image.reference}\n`).join(""),
    );
    return ExitStatus.ok;
  },
};

function formatImage(image: ImportedImage, style: Style): string {
  const { reference: name, digest, unchanged } = image;
  const verb = unchanged ? style.dim("unchanged") : style.green("imported ");
  return `${verb} ${name} ${style.dim(`(${shortDigest(digest)})`)}\n${latestLine(image)}`;
}
