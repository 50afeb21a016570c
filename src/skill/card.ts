/** The SkillCard inside an image, checked as it was when the skill was packed. */
import { readAll } from "../content/index.ts";
import { SkillError } from "../errors.ts";
import type { Reader } from "../store/index.ts";
import { checkCardFile, type CardFile } from "./card-file.ts";
import { CARD_FILE, PROMPT_FILE } from "./names.ts";
import type { SkillImage } from "./image.ts";
import { imageEntries, type LayerOptions } from "./layers.ts";

const MAX_CARD_BYTES = 16 * 1024 * 1024;

/**
 * Reads and checks the card in an image's layers: `skill.yaml`, else one made from `SKILL.md`'s frontmatter. `name` is
 * what the image calls the skill. Reads the layers to their end, so their digests are verified too. Throws `NOT_A_SKILL`
 * when neither file is there.
 */
export async function readCard(
  reader: Reader,
  image: SkillImage,
  name: string,
  options: LayerOptions = {},
): Promise<CardFile> {
  const { names, contents } = await scanLayers(reader, image, options);
  const checked = checkCardFile(contents, { name, hasFile: (path) => names.has(path) });
  if (checked !== undefined) return checked;
  throw new SkillError(
    "NOT_A_SKILL",
    `the image ${image.descriptor.digest} holds neither ${CARD_FILE} nor ${PROMPT_FILE}`,
    {
      hint: "A skill image has them at its root.",
    },
  );
}

async function scanLayers(
  reader: Reader,
  image: SkillImage,
  options: LayerOptions,
): Promise<{ readonly names: ReadonlySet<string>; readonly contents: ReadonlyMap<string, Uint8Array> }> {
  const names = new Set<string>();
  const contents = new Map<string, Uint8Array>();
  for await (const entry of imageEntries(reader, image, options)) {
    if (entry.type !== "file") continue;
    names.add(entry.path);
    if (entry.path !== CARD_FILE && entry.path !== PROMPT_FILE) continue;
    if (entry.size > MAX_CARD_BYTES) {
      throw new SkillError(
        "ARCHIVE_LIMIT",
        `${entry.path} in the image has ${entry.size} bytes, over the limit of ${MAX_CARD_BYTES}`,
      );
    }
    contents.set(entry.path, await readAll(entry.content));
  }
  return { names, contents };
}
