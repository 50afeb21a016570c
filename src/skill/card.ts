/** The SkillCard inside an image, checked as it was when the skill was packed. */
import { readLayer } from "../archive/index.ts";
import { readAll } from "../content/index.ts";
import { SkillError } from "../errors.ts";
import { cardFromSkillMarkdown, validateSkillCard } from "../skillcard/index.ts";
import type { SkillCard, SkillCardIssue } from "../skillcard/index.ts";
import type { OperationOptions, Reader } from "../store/index.ts";
import { CARD_FILE, PROMPT_FILE } from "./names.ts";
import type { SkillImage } from "./image.ts";
import { layerSources, type LayerOptions } from "./layers.ts";

/** A card that was read from an image, with everything that is wrong with it. */
export interface ImageCard {
  readonly card?: SkillCard;
  readonly issues: readonly SkillCardIssue[];
  /** True when it was made from SKILL.md, which need not tell a version. */
  readonly isGenerated: boolean;
}

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
): Promise<ImageCard> {
  const { names, texts } = await scanLayers(reader, image, options);
  const card = texts.get(CARD_FILE);
  if (card !== undefined) {
    return { ...validateSkillCard(card, { file: CARD_FILE, hasFile: (path) => names.has(path) }), isGenerated: false };
  }
  const prompt = texts.get(PROMPT_FILE);
  if (prompt !== undefined) return { ...cardFromSkillMarkdown(prompt, { file: PROMPT_FILE, name }), isGenerated: true };
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
  options: OperationOptions,
): Promise<{ readonly names: ReadonlySet<string>; readonly texts: ReadonlyMap<string, string> }> {
  const names = new Set<string>();
  const texts = new Map<string, string>();
  for (const layer of await layerSources(reader, image, options)) {
    for await (const entry of readLayer(layer.content, layer)) {
      if (entry.type !== "file") continue;
      names.add(entry.path);
      if (entry.path !== CARD_FILE && entry.path !== PROMPT_FILE) continue;
      if (entry.size > MAX_CARD_BYTES) {
        throw new SkillError(
          "ARCHIVE_LIMIT",
          `${entry.path} in the image has ${entry.size} bytes, over the limit of ${MAX_CARD_BYTES}`,
        );
      }
      texts.set(entry.path, new TextDecoder().decode(await readAll(entry.content)));
    }
  }
  return { names, texts };
}
