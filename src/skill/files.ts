/** The files of a skill, wherever it is, one after the other. */
import type { CollectedFiles } from "../archive/index.ts";
import type { Content } from "../content/index.ts";
import type { Reader } from "../store/index.ts";
import type { SkillImage } from "./image.ts";
import { imageEntries, type LayerOptions } from "./layers.ts";

/** A file whose content can be read until the next one is asked for. */
export interface SkillFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly mode: 0o644 | 0o755;
  readonly content: Content;
}

/** The files of a directory, as packing would take them. */
export async function* directoryFiles(contents: CollectedFiles): AsyncIterable<SkillFile> {
  for (const file of contents.files) {
    yield { path: file.path, size: file.size, mode: file.executable ? 0o755 : 0o644, content: file.open() };
  }
}

/** The files of an image's layers, lowest layer first: of two with one path the later counts. */
export async function* imageFiles(reader: Reader, image: SkillImage, options?: LayerOptions): AsyncIterable<SkillFile> {
  for await (const { type, ...file } of imageEntries(reader, image, options)) if (type === "file") yield file;
}
