import type { Reference } from "../../oci/index.ts";
import { tag } from "../../skill/tag.ts";
import type { CommandDefinition } from "../command.ts";
import { ExitStatus } from "../exit.ts";
import { withRegistryHint } from "../local-only.ts";
import { openStore } from "../store.ts";
import { shortDigest } from "../units.ts";
import { reference } from "../values.ts";

interface Flags {
  readonly force?: boolean;
}

const IN_A_REGISTRY =
  "skillctl tag names what is in the local store. In a registry, give an image another name with skillctl copy <source> <target>.";

/** `skillctl tag`: another name for an image. */
export const tagCommand: CommandDefinition<[source: Reference, target: Reference], Flags> = {
  description:
    "The image keeps its other tags and its lifecycle state. A tag that names a published image is not moved, unless " +
    "--force is given.",
  arguments: [
    { syntax: "<source>", summary: "the image", completes: "reference", parse: reference },
    {
      syntax: "<target>",
      summary: "the new name: a reference with a tag",
      completes: "reference",
      parse: reference,
    },
  ],
  options: [{ flags: "-f, --force", summary: "move the tag even if it names a published image" }],
  examples: [
    {
      title: "A tag that people can follow",
      command: "skillctl tag examples/hello-world:1.0.0 examples/hello-world:stable",
    },
    {
      title: "The name it will have in a registry",
      command: "skillctl tag examples/hello-world:1.0.0 quay.io/acme/hello-world:1.0.0",
    },
  ],
  async run(context, [source, target], { force = false }) {
    const { output, signal } = context;
    const result = await tag(await openStore(context), source, target, { force, signal }).catch((error: unknown) => {
      throw withRegistryHint(error, source, IN_A_REGISTRY);
    });
    await output.result(
      result,
      ({ reference: name, digest, unchanged }) =>
        `${unchanged ? "unchanged" : output.style.green("tagged")} ${name} ${shortDigest(digest)}\n`,
      ({ reference: name }) => `${name}\n`,
    );
    return ExitStatus.ok;
  },
};
