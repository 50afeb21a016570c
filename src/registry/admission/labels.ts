/**
 * The labels of an image's config. Tools show those to people in the place of annotations (`skopeo inspect`), also of an image that
 * is no skill, and they stay as they are when a skill goes on. So none may tell a later state than a draft's.
 */
import { Annotation, foldKey, hasMoreValues, parseStrictJson, type Manifest } from "../../oci/index.ts";
import type { AdmissionContext } from "../hooks.ts";

/** Bytes. skopeo and podman read no larger config. */
const MAX_CONFIG = 4 * 1024 * 1024;
/** Values of a config that is read: with more, nobody else would be answered meanwhile. */
export const MAX_CONFIG_VALUES = 50_000;
/** The label's name in a text, however it is spelt there: keys may have escapes. */
const LABEL = new RegExp(Array.from(Annotation.status, spellings).join(""));

/** Whether a config, as it was parsed, tells a state that no config has. */
export function labelsTellState(config: unknown): boolean {
  return valuesOf(config, "config")
    .flatMap((each) => valuesOf(each, "labels"))
    .flatMap((labels) => (isObject(labels) ? [labels[Annotation.status]] : []))
    .some((status) => status !== undefined && status !== "draft");
}

/**
 * {@link labelsTellState} of an image that is no skill. Its config is read whatever type it has, as some tools do. One that cannot be
 * read tells nothing, unless it names the label and programs may differ on what it says, or it says too much to be read.
 */
export async function plainLabelsTellState({ config }: Manifest, context: AdmissionContext): Promise<boolean> {
  if (config.size < Annotation.status.length || config.size > MAX_CONFIG) return false;
  const bytes = await context.readBlob(config, MAX_CONFIG);
  const text = new TextDecoder().decode(bytes);
  if (!LABEL.test(text)) return false;
  if (hasMoreValues(bytes, MAX_CONFIG_VALUES)) return true;
  try {
    return labelsTellState(parseStrictJson(bytes));
  } catch {
    return isJson(text);
  }
}

/** What programs in Go take for the value of a key, which may stand there more than once. */
function valuesOf(value: unknown, key: string): readonly unknown[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, each]) => (foldKey(name) === key ? [each] : []));
}

function spellings(character: string): string {
  const code = character.codePointAt(0)?.toString(16).padStart(4, "0") ?? "";
  const escaped = code.replaceAll(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
  return `(?:[${character}]|\\\\u${escaped})`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
