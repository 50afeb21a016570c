import type { Reference } from "../../oci/index.ts";
import { cat } from "../../skill/cat.ts";
import { PROMPT_FILE } from "../../skill/names.ts";
import type { CommandDefinition } from "../command.ts";
import { ExitStatus } from "../exit.ts";
import { reading, READING_OPTIONS, type PlaceFlags } from "../places.ts";
import { reference, text } from "../values.ts";

/** `skillctl cat`: a file of an image, on stdout. */
export const catCommand: CommandDefinition<[skill: Reference, path: string | undefined], PlaceFlags> = {
  description:
    "Looks for the image in the local store, then in its registry. The file is printed byte for byte; on a terminal, characters that would control it are shown as codes. " +
    "With --json, the file is a base64 string.",
  arguments: [
    { syntax: "<reference>", summary: "the image", completes: "reference", parse: reference },
    { syntax: "[path]", summary: `the file's path in the skill (default: ${PROMPT_FILE})`, parse: text("path") },
  ],
  options: READING_OPTIONS,
  examples: [
    { title: "What an agent would read", command: "skillctl cat examples/hello-world:1.0.0" },
    { title: "Another file of the skill", command: "skillctl cat examples/hello-world:1.0.0 skill.yaml" },
  ],
  async run(context, [skill, path = PROMPT_FILE], flags) {
    const { output, signal } = context;
    await reading(context, skill, flags, async ({ store, reference: found }) => {
      const content = cat(store, found, path, { signal });
      await output.content(content, (base64) => ({ path, encoding: "base64", content: base64 }));
    });
    return ExitStatus.ok;
  },
};
