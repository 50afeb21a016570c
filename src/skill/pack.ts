/**
 * From a skill directory to a draft in a store.
 *
 * Packing is repeatable: the same directory gives the same layer everywhere, and the same image as long as its tag
 * stands, because an unchanged skill keeps the `created` time that its image has.
 */
import { createLayer, limitsToRaise, type ArchiveLimits, type LayerDemands, type LayerFile } from "../archive/index.ts";
import { SkillError } from "../errors.ts";
import { tagFor } from "../lifecycle/index.ts";
import { formatReference, parseReference, type Digest, type Platform } from "../oci/index.ts";
import { SkillCardError } from "../skillcard/index.ts";
import type { SkillCard, SkillCardIssue, SkillCardProvenance } from "../skillcard/index.ts";
import type { OperationOptions, Repository, Store } from "../store/index.ts";
import { quote, suggest } from "../text/index.ts";
import { DEFAULT_PLATFORM, type ImageParts } from "./compose.ts";
import { readSkillDirectory, type SkillDirectory } from "./directory.ts";
import { storeDraft, type StoredDraft } from "./draft.ts";
import { MAX_MEMBERS, PROFILES, type Profile } from "./image.ts";
import { staticAnnotations } from "./metadata.ts";

/** How far a pack has come; bytes are those of the skill's files. */
export interface PackProgress {
  readonly directory: string;
  readonly bytes: number;
  readonly total: number;
}

export interface PackOptions extends OperationOptions {
  /** Default: the draft tag of the version, `<version>-draft`. */
  readonly tag?: string;
  /** Default `standard`. */
  readonly profile?: Profile;
  /** `os/architecture[/variant]`; several give an index. Default: one manifest for `linux/amd64`, which runs anywhere. */
  readonly platforms?: readonly string[];
  /** Seconds since 1970, for file times and `created`: the SOURCE_DATE_EPOCH of reproducible builds. */
  readonly sourceDateEpoch?: number;
  /** The time of packing, where `sourceDateEpoch` does not fix it. */
  readonly now?: () => Date;
  /** Where the directory comes from; a card that says so itself is believed. Default: nothing is recorded. */
  readonly provenance?: SkillCardProvenance;
  readonly onProgress?: (progress: PackProgress) => void;
  /** Hears which reference the skill will have before anything is stored; an error that it throws ends the packing. */
  readonly onTarget?: (reference: string) => void;
}

/** The image, and what went into it. */
export interface PackResult extends StoredDraft {
  readonly layerDigest: Digest;
  /** Regular files in the layer. */
  readonly files: number;
  /** Files and directories that were left out: dotfiles, and what `.skillignore` names. */
  readonly excluded: readonly string[];
  readonly warnings: readonly SkillCardIssue[];
  /** The limits that whoever unpacks this has to raise, and to what; empty for a skill of ordinary size. */
  readonly exceeds: Partial<ArchiveLimits>;
}

/**
 * Packs a skill directory as a draft and tags it `namespace/name:<version>-draft`.
 *
 * Throws `SKILLCARD_INVALID` with every problem of the card, `PUBLISHED_IMMUTABLE` when this version is out with other
 * content, and what reading the directory throws. Packing what is there already changes nothing and says so.
 */
export async function pack(directory: string, store: Store, options: PackOptions = {}): Promise<PackResult> {
  // A store that lies inside the skill is not part of it.
  const exclude = store.directory === undefined ? [] : [store.directory];
  const skill = await readSkillDirectory(directory, { ...options, exclude });
  const card = validCard(skill);
  const { name, namespace, version } = card.metadata;
  const tag = options.tag ?? tagFor(version, "draft") ?? "";
  const target = { ...parseReference(`${namespace}/${name}:${tag}`), tag };
  options.onTarget?.(formatReference(target));
  const repository = store.repository(target.repository);
  const { parts, demands } = await storeLayer(repository, directory, skill, card, options);
  const draft = await storeDraft(repository, target, version, parts, options);
  return {
    ...draft,
    layerDigest: parts.layer.digest,
    files: skill.contents.files.length,
    excluded: skill.contents.excluded,
    warnings: skill.report.issues,
    exceeds: limitsToRaise(demands),
  };
}

function validCard(skill: SkillDirectory): SkillCard {
  const { card, issues, valid, path } = skill.report;
  if (!valid || card === undefined) throw new SkillCardError(path, issues);
  return card;
}

async function storeLayer(
  repository: Repository,
  directory: string,
  skill: SkillDirectory,
  card: SkillCard,
  options: PackOptions,
): Promise<{ readonly parts: ImageParts; readonly demands: LayerDemands }> {
  const { sourceDateEpoch, profile = "standard", provenance, onProgress, signal } = options;
  const platforms = parsePlatforms(options.platforms);
  const { files } = skill.contents;
  const layer = createLayer(files, {
    ...(onProgress === undefined ? {} : { onRead: counter(directory, files, onProgress) }),
    ...(sourceDateEpoch === undefined ? {} : { mtime: sourceDateEpoch }),
    ...(signal === undefined ? {} : { signal }),
  });
  const descriptor = await repository.ingest(PROFILES[profile].layer, layer.content, options);
  const time = sourceDateEpoch === undefined ? (options.now ?? (() => new Date()))() : new Date(sourceDateEpoch * 1000);
  const created = `${time.toISOString().slice(0, 19)}Z`;
  const { diffId, uncompressedSize, entries } = layer.summary();
  const parts = {
    profile,
    platforms,
    layer: descriptor,
    diffId,
    annotations: staticAnnotations(card, {
      created,
      wordcount: skill.wordcount,
      ...(provenance === undefined ? {} : { provenance }),
    }),
    created,
  };
  const fileSize = files.reduce((largest, file) => Math.max(largest, file.size), 0);
  return {
    parts,
    demands: { compressedSize: descriptor.size, expandedSize: uncompressedSize, entries, fileSize },
  };
}

/** Adds up what was read, and tells `onProgress`. */
function counter(
  directory: string,
  files: readonly LayerFile[],
  onProgress: (progress: PackProgress) => void,
): (bytes: number) => void {
  const total = files.reduce((sum, file) => sum + file.size, 0);
  let bytes = 0;
  return (read) => {
    bytes += read;
    onProgress({ directory, bytes, total });
  };
}

function parsePlatforms(texts: readonly string[] | undefined): readonly [Platform, ...Platform[]] {
  const [first, ...rest] = [...new Set(texts ?? [])].map(parsePlatform);
  if (rest.length >= MAX_MEMBERS) throw new SkillError("USAGE", `an image has at most ${MAX_MEMBERS} platforms`);
  return first === undefined ? [DEFAULT_PLATFORM] : [first, ...rest];
}

/** The processors that container images are made for; a name that is none of them is a slip, and no node would run it. */
const ARCHITECTURES = ["386", "amd64", "arm", "arm64", "loong64", "mips64le", "ppc64le", "riscv64", "s390x"];

function parsePlatform(text: string): Platform {
  const match = /^(linux|windows)\/([a-z0-9]+)(?:\/(v[0-9]+))?$/.exec(text);
  const [, os, architecture = "", variant] = match ?? [];
  if (os !== undefined && ARCHITECTURES.includes(architecture)) {
    return { architecture, os, ...(variant === undefined ? {} : { variant }) };
  }
  const near = suggest(architecture || text.slice(text.indexOf("/") + 1), ARCHITECTURES);
  throw new SkillError("USAGE", `${quote(text)} is not a platform`, {
    hint:
      near === undefined
        ? "Write os/architecture, as in linux/amd64 or linux/arm64/v8."
        : `Did you mean ${os ?? "linux"}/${near}?`,
  });
}
