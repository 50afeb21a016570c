/**
 * The labels of an image's config. Tools show those to people in the place of annotations (`skopeo inspect`), also of an image that
 * is no skill, and they stay as they are when a skill goes on. So none may tell a later state than a draft's.
 */
import { Annotation, foldKey, parseStrictJson, type Manifest } from "../../oci/index.ts";
import type { AdmissionContext } from "../hooks.ts";

/** Bytes. skopeo and podman read no larger config. */
const MAX_CONFIG = 4 * 1024 * 1024;

/** Whether a config, as it was parsed, tells a state that no config has. */
export function labelsTellState(config: unknown): boolean {
  return valuesOf(config, "config")
    .flatMap((each) => valuesOf(each, "labels"))
    .flatMap((labels) => (isObject(labels) ? [labels[Annotation.status]] : []))
    .some((status) => status !== undefined && status !== "draft");
}

/**
 * {@link labelsTellState} of an image that is no skill. Its config is read whatever type it has, as some tools do. One that cannot be
 * read tells nothing, unless programs may differ on what it says.
 */
export async function plainLabelsTellState({ config }: Manifest, context: AdmissionContext): Promise<boolean> {
  if (config.size < Annotation.status.length || config.size > MAX_CONFIG) return false;
  const bytes = await context.readBlob(config, MAX_CONFIG);
  try {
    return labelsTellState(parseStrictJson(bytes));
  } catch {
    return isJson(bytes) && unescaped(bytes).includes(Annotation.status);
  }
}

/** What programs in Go take for the value of a key, which may stand there more than once. */
function valuesOf(value: unknown, key: string): readonly unknown[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, each]) => (foldKey(name) === key ? [each] : []));
}

/** Keys may be spelt with escapes. */
function unescaped(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  return text.replaceAll(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)));
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder().decode(bytes));
    return true;
  } catch {
    return false;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
