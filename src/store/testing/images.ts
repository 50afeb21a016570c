/** Small images for tests: real manifests over a few bytes. */
import { describeManifest, digestOf, MediaType, type Annotations, type Descriptor } from "../../oci/index.ts";
import type { Repository } from "../types.ts";

export interface ImageOptions {
  readonly annotations?: Annotations;
  readonly subject?: Descriptor;
  readonly artifactType?: string;
}

/** What a stored image consists of. */
export interface TestImage {
  readonly manifest: Descriptor;
  readonly manifestBytes: Uint8Array;
  readonly config: Descriptor;
  readonly layer: Descriptor;
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function describeBytes(bytes: Uint8Array, mediaType = "application/octet-stream"): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

export async function* contentOf(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === "string" ? bytesOf(chunk) : chunk;
}

export async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** The manifest of an image whose config and one layer are made of `text`. Equal arguments, equal digests. */
export function makeImage(text: string, options: ImageOptions = {}): TestImage {
  const config = describeBytes(bytesOf(JSON.stringify({ text })), MediaType.config);
  const layer = describeBytes(bytesOf(`layer of ${text}`), MediaType.layerGzip);
  const document = {
    schemaVersion: 2,
    mediaType: MediaType.manifest,
    ...(options.artifactType === undefined ? {} : { artifactType: options.artifactType }),
    config,
    layers: [layer],
    ...(options.subject === undefined ? {} : { subject: options.subject }),
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
  };
  const { descriptor, bytes } = describeManifest(document, MediaType.manifest);
  return { manifest: descriptor, manifestBytes: bytes, config, layer };
}

/** Pushes an image's content, without a tag. */
export async function pushImage(repository: Repository, text: string, options: ImageOptions = {}): Promise<TestImage> {
  const image = makeImage(text, options);
  await repository.push(image.layer, bytesOf(`layer of ${text}`));
  await repository.push(image.config, bytesOf(JSON.stringify({ text })));
  await repository.push(image.manifest, image.manifestBytes);
  return image;
}

/** Pushes an index over manifests that are stored. */
export async function pushIndex(repository: Repository, manifests: readonly Descriptor[]): Promise<Descriptor> {
  const document = { schemaVersion: 2, mediaType: MediaType.index, manifests };
  const { descriptor, bytes } = describeManifest(document, MediaType.index);
  await repository.push(descriptor, bytes);
  return descriptor;
}
