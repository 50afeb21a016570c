/** What differs between two skills, each a directory or an image: the fields of their cards, and their files. */
import { baseName, formatReference, type Reference } from "../oci/index.ts";
import { SkillCardError, type SkillCard, type SkillCardIssue } from "../skillcard/index.ts";
import type { Store } from "../store/index.ts";
import { readCard } from "./card.ts";
import { compareCards, type FieldChange } from "./diff-card.ts";
import { compareFiles, readFiles, type FileChange } from "./diff-files.ts";
import { readSkillDirectory } from "./directory.ts";
import type { LayerOptions } from "./layers.ts";
import { directoryFiles, imageFiles, type SkillFile } from "./files.ts";
import { readResolved } from "./read-resolved.ts";
import { resolveReference } from "./resolve.ts";

/** One side of a comparison. */
export type DiffSide = { readonly directory: string } | { readonly store: Store; readonly reference: Reference };

export interface SkillDiff {
  readonly identical: boolean;
  readonly card: readonly FieldChange[];
  readonly files: readonly FileChange[];
}

/**
 * Compares two skills. Text files up to 256 KiB come with a unified diff, unless making it takes more than a quarter of a
 * second, or all of them take more than two; larger and binary ones by digest. Memory does not grow with the files. Throws `SKILLCARD_INVALID` when either has no valid card, and what reading them throws.
 */
export async function diff(before: DiffSide, after: DiffSide, options: LayerOptions = {}): Promise<SkillDiff> {
  const [left, right] = [await open(before, options), await open(after, options)];
  const card = compareCards(left.card, right.card);
  const files = await compareFiles(
    await readFiles(left.files, options),
    await readFiles(right.files, options),
    options,
  );
  return { identical: card.length === 0 && files.length === 0, card, files };
}

async function open(
  side: DiffSide,
  options: LayerOptions,
): Promise<{ readonly card: SkillCard; readonly files: AsyncIterable<SkillFile> }> {
  if ("directory" in side) {
    const { report, contents } = await readSkillDirectory(side.directory, options);
    return { card: requireCard(side.directory, report), files: directoryFiles(contents) };
  }
  const resolved = await resolveReference(side.store, side.reference, options);
  const { reference, repository } = resolved;
  const image = await readResolved(resolved, options);
  const checked = await readCard(repository, image, baseName(reference), options);
  return { card: requireCard(formatReference(reference), checked), files: imageFiles(repository, image, options) };
}

/** Fields of a card that is not valid cannot be compared: which of them are wrong is what there is to say. */
function requireCard(
  name: string,
  { card, issues }: { readonly card?: SkillCard; readonly issues: readonly SkillCardIssue[] },
): SkillCard {
  if (card === undefined) throw new SkillCardError(name, issues);
  return card;
}
