/** The SkillCard inside an image, read from its layers under limits. */
import { readLayers, type ArchiveLimits, type LayerSource } from "../../archive/index.ts";
import { readAll } from "../../content/index.ts";
import { SkillError } from "../../errors.ts";
import {
  Annotation,
  FieldNames,
  hasMoreValues,
  isDigest,
  layerCompression,
  parseStrictJson,
  type Digest,
  type Manifest,
} from "../../oci/index.ts";
import {
  cardFromSkillMarkdown,
  decodeText,
  formatIssue,
  validateSkillCard,
  type SkillCardResult,
} from "../../skillcard/index.ts";
import { quote } from "../../text/index.ts";
import type { AdmissionContext } from "../hooks.ts";
import { labelsTellState, MAX_CONFIG_VALUES } from "./labels.ts";

const CARD_FILE = "skill.yaml";
const PROMPT_FILE = "SKILL.md";
/** Bytes. */
const MAX_CONFIG = 1024 * 1024;
const MAX_CARD = 1024 * 1024;
const CONFIG = new FieldNames("created", "author", "architecture", "os", "variant", "config", "rootfs", "history");
const CONTAINER = new FieldNames("User", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels");
const ROOTFS = new FieldNames("type", "diff_ids");

/** What the card inside says of the skill. */
export interface CardInside {
  readonly name: string;
  /** `undefined` where a SKILL.md alone stands for the card: it need not tell a version. */
  readonly version: string | undefined;
}

/**
 * Reads the layers of an image to their end, so that all of them is known to be sound, and the card in them. `name` is what the image
 * calls the skill. Throws what the archive module throws, and `NOT_A_SKILL`, `SKILLCARD_INVALID`, `MEDIA_TYPE_UNSUPPORTED`.
 */
export async function readCardInside(
  manifest: Manifest,
  name: string,
  context: AdmissionContext,
  limits: Partial<ArchiveLimits>,
): Promise<CardInside> {
  const { signal } = context;
  const names = new Set<string>();
  const contents = new Map<string, Uint8Array>();
  for await (const entry of readLayers(await layerSources(manifest, context), { limits, signal })) {
    if (entry.type !== "file") continue;
    names.add(entry.path);
    if (entry.path !== CARD_FILE && entry.path !== PROMPT_FILE) continue;
    if (entry.size > MAX_CARD) throw new SkillError("ARCHIVE_LIMIT", `${entry.path} has more than ${MAX_CARD} bytes`);
    contents.set(entry.path, await readAll(entry.content));
  }
  const file = contents.has(CARD_FILE) ? CARD_FILE : PROMPT_FILE;
  const bytes = contents.get(file);
  if (bytes === undefined)
    throw new SkillError("NOT_A_SKILL", `it holds neither ${CARD_FILE} nor ${PROMPT_FILE} at its root`);
  const { card, issues } = judge(bytes, file, name, names);
  if (card !== undefined)
    return { name: card.metadata.name, version: file === CARD_FILE ? card.metadata.version : undefined };
  const errors = issues.filter(({ severity }) => severity === "error");
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  throw new SkillError("SKILLCARD_INVALID", `${first === undefined ? file : formatIssue(first)}${more}`);
}

function judge(bytes: Uint8Array, file: string, name: string, names: ReadonlySet<string>): SkillCardResult {
  const { text, issues } = decodeText(bytes, file);
  if (issues.length > 0) return { issues };
  if (file === PROMPT_FILE) return cardFromSkillMarkdown(text, { file, name });
  return validateSkillCard(text, { file, hasFile: (path) => names.has(path) });
}

async function layerSources(manifest: Manifest, context: AdmissionContext): Promise<readonly LayerSource[]> {
  const bytes = await context.readBlob(manifest.config, MAX_CONFIG);
  if (hasMoreValues(bytes, MAX_CONFIG_VALUES))
    throw new SkillError("MANIFEST_INVALID", `its config holds more than ${MAX_CONFIG_VALUES} values`);
  const config = parseStrictJson(bytes);
  if (labelsTellState(config)) {
    throw new SkillError(
      "MANIFEST_INVALID",
      `its config has the label ${Annotation.status}, which tells a state that no config has`,
    );
  }
  checkSpelling(config);
  const diffIds = diffIdsOf(config);
  if (diffIds.length !== manifest.layers.length) {
    const counts = `${diffIds.length} diff_ids for ${manifest.layers.length} layers`;
    throw new SkillError("MANIFEST_INVALID", `its config has ${counts}`);
  }
  return manifest.layers.map((layer, at) => {
    const compression = layerCompression(layer.mediaType);
    const diffId = diffIds[at];
    if (compression !== undefined) return { content: context.blob(layer), compression, ...(diffId && { diffId }) };
    throw new SkillError(
      "MEDIA_TYPE_UNSUPPORTED",
      `its layer is of type ${quote(layer.mediaType)}, not tar or tar+gzip`,
    );
  });
}

/** Nobody may see other labels or other layers in it than we do. OCI image-spec "config.md". */
function checkSpelling(config: unknown): void {
  const parts = [
    [CONFIG, config, "its config"],
    [CONTAINER, memberOf(config, "config"), "its config's config"],
    [ROOTFS, memberOf(config, "rootfs"), "its config's rootfs"],
  ] as const;
  for (const [names, part, where] of parts) if (typeof part === "object" && part !== null) names.check(part, where);
}

/** OCI image-spec "config.md", `rootfs.diff_ids`. */
function diffIdsOf(config: unknown): readonly (Digest | undefined)[] {
  const rootfs = memberOf(config, "rootfs");
  const ids = memberOf(rootfs, "diff_ids");
  return Array.isArray(ids) ? ids.map((id: unknown) => (typeof id === "string" && isDigest(id) ? id : undefined)) : [];
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}
