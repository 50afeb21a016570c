/** The one step at which a card is looked at: a draft goes to testing with a valid one, or not at all. */
import { SkillError } from "../errors.ts";
import { Annotation, baseName, formatReference } from "../oci/index.ts";
import { SkillCardError, type IssueWords } from "../skillcard/error.ts";
import type { SkillCardIssue } from "../skillcard/types.ts";
import type { OperationOptions } from "../store/index.ts";
import type { SkillImage } from "./image.ts";
import { readMetadata, type SkillMetadata } from "./metadata.ts";
import type { ResolvedImage } from "./resolve.ts";

/**
 * Where the card is read from. `layer`: the file in the image, which reads the layer. `annotations`: what the manifest
 * says, which reads nothing more, but cannot see what only the file holds.
 */
export type CardSource = "layer" | "annotations";

/** The modules that understand cards are loaded for this step only: they are most of what the command would load. */
export function loadCardCheck(source: CardSource): Promise<unknown> {
  return source === "layer" ? import("./card.ts") : import("./card-annotations.ts");
}

/** Throws `SKILLCARD_INVALID`, or `NOT_A_SKILL` when the image and the card inside tell of different skills. */
export async function requireValidCard(
  resolved: ResolvedImage,
  image: SkillImage,
  source: CardSource,
  options: OperationOptions,
): Promise<void> {
  const text = formatReference(resolved.reference);
  const metadata = readMetadata(image.annotations, baseName(resolved.reference));
  if (source === "layer") return requireCardInLayer(resolved, image, metadata, text, options);
  const { checkCardAnnotations } = await import("./card-annotations.ts");
  const { card, issues } = checkCardAnnotations(metadata, text);
  if (card === undefined) throw new SkillCardError(text, issues.map(namingAnnotation), WORDS);
}

const ANNOTATION_OF: Readonly<Record<string, string>> = {
  "metadata.name": Annotation.name,
  "metadata.namespace": Annotation.vendor,
  "metadata.version": Annotation.version,
  "metadata.description": Annotation.description,
  "metadata.license": Annotation.licenses,
  "metadata.compatibility": Annotation.compatibility,
  "metadata.tags": Annotation.tags,
};

/** The card that was checked is made of annotations: nobody can look at its lines. */
const WORDS: IssueWords = {
  format: ({ path, message }) => {
    const annotation = ANNOTATION_OF[path];
    return annotation === undefined ? message : `annotation ${annotation}: ${message}`;
  },
  hint: "Build the image with these annotations; skillctl pack writes all of them.",
};

/** The issue with a hint at what in the image says so: whoever built that without us knows of no such field. */
function namingAnnotation(issue: SkillCardIssue): SkillCardIssue {
  const annotation = ANNOTATION_OF[issue.path];
  if (annotation === undefined || issue.hint !== undefined) return issue;
  return { ...issue, hint: `The image's annotation ${annotation} says it. skillctl pack writes all of them.` };
}

async function requireCardInLayer(
  { repository }: ResolvedImage,
  image: SkillImage,
  { name, version }: SkillMetadata,
  text: string,
  options: OperationOptions,
): Promise<void> {
  const { readCard } = await import("./card.ts");
  const { card, issues, isGenerated } = await readCard(repository, image, name, options);
  if (card === undefined) throw new SkillCardError(text, issues);
  const { metadata } = card;
  if (metadata.name === name && (isGenerated || metadata.version === version)) return;
  throw new SkillError(
    "NOT_A_SKILL",
    `${text} calls itself ${name} ${version}, the card inside ${metadata.name} ${metadata.version}`,
    {
      hint: "An image must say what its card says. Pack the skill again with skillctl pack.",
    },
  );
}
