import type { Content } from "../../content/index.ts";
import { isSkillError, SkillError } from "../../errors.ts";
import { formatReference, type Reference } from "../../oci/index.ts";
import { exportImages } from "../../skill/export.ts";
import { resolveReference } from "../../skill/resolve.ts";
import type { Store } from "../../store/index.ts";
import type { CommandDefinition } from "../command.ts";
import type { Context } from "../context.ts";
import { ExitStatus } from "../exit.ts";
import { writeFile } from "../files.ts";
import { openStore } from "../store.ts";
import { formatBytes } from "../units.ts";
import { each, reference, text } from "../values.ts";

interface Flags {
  readonly output?: string;
  readonly force?: boolean;
}

/** `skillctl export`: images as a file that other tools load. */
export const exportCommand: CommandDefinition<[skills: readonly Reference[]], Flags> = {
  description:
    "The archive is an OCI image layout as an uncompressed tar: skillctl import, podman load and skopeo read it. " +
    "Content that several images share is in it only once.",
  arguments: [{ syntax: "<reference...>", summary: "the images", completes: "reference", parse: each(reference) }],
  options: [
    {
      flags: "-o, --output <file>",
      summary: "the archive; - is stdout, the default unless that is a terminal",
      completes: "file",
      parse: text("file"),
    },
    { flags: "-f, --force", summary: "replace a file that exists already" },
  ],
  examples: [
    { title: "To a file", command: "skillctl export examples/hello-world:1.0.0 -o hello-world.tar" },
    { title: "Straight into podman", command: "skillctl export examples/hello-world:1.0.0 | podman load" },
  ],
  exitStatus: { 1: "the file exists, or the work failed" },
  async run(context, [skills], { output: target = "-", force = false }) {
    const { output, signal, environment } = context;
    const file = target === "-" ? undefined : target;
    if (file === undefined && environment.stdout.isTTY === true) {
      throw new SkillError("USAGE", "an archive cannot be shown on a terminal", {
        hint: "Name a file with --output, or redirect stdout.",
      });
    }
    const store = await openStore(context);
    const content = explained(exportImages(store, skills, { signal }), store, skills, context);
    if (file === undefined) {
      await output.content(content);
      return ExitStatus.ok;
    }
    const size = await writeFile(file, content, force);
    await output.result(
      { path: file, bytes: size, images: skills.length },
      ({ path }) => `${output.style.green("exported")} ${path} ${output.style.dim(`(${formatBytes(size)})`)}\n`,
      ({ path }) => `${path}\n`,
    );
    return ExitStatus.ok;
  },
};

/** The archive. When an image is not there, which shows before the first byte, it is found out which, to say how to get it. */
async function* explained(content: Content, store: Store, skills: readonly Reference[], context: Context): Content {
  try {
    yield* content;
  } catch (error) {
    if (isSkillError(error, "NOT_FOUND")) for (const skill of skills) await requireHere(store, skill, context);
    throw error;
  }
}

/** Throws `NOT_FOUND`, for what its registry may have with the way to get it. */
async function requireHere(store: Store, reference: Reference, { signal, storeOption }: Context): Promise<void> {
  try {
    await resolveReference(store, reference, { signal });
  } catch (error) {
    if (reference.registry === undefined || !isSkillError(error, "NOT_FOUND")) throw error;
    throw new SkillError("NOT_FOUND", error.message, {
      hint: `Only images of the local store are exported. Fetch it first: skillctl pull${storeOption} ${formatReference(reference)}`,
      cause: error,
    });
  }
}
