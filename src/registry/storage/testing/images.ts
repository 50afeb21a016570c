/** Small images in a registry's storage, put there as the protocol does: blobs, then the manifest, then the tag. */
import {
  describeManifest,
  digestOf,
  MediaType,
  type Annotations,
  type Descriptor,
  type Digest,
} from "../../../oci/index.ts";
import { bytesOf, makeImage, type TestImage } from "../../../store/testing/images.ts";
import type { IncomingManifest, RegistryStorage, TagMove } from "../types.ts";

export { bytesOf, contentOf, listOf } from "../../../store/testing/images.ts";

export interface ImageOptions {
  readonly tag?: string;
  readonly subject?: Descriptor;
  readonly annotations?: Annotations;
}

/** Stores a blob and gives it to a repository. */
export async function storeBlob(storage: RegistryStorage, repository: string, text: string): Promise<Digest> {
  const bytes = bytesOf(text);
  const digest = digestOf(bytes);
  await storage.blobs.put(digest, bytes);
  await storage.metadata.repository(repository).linkBlob(digest);
  return digest;
}

/** The manifest of an image as it is kept. */
export function incoming(image: TestImage, subject?: Descriptor): IncomingManifest {
  return {
    descriptor: image.manifest,
    references: [image.config.digest, image.layer.digest],
    ...(subject === undefined ? {} : { subject: subject.digest }),
  };
}

/** Stores an image whose config and one layer are made of `text`. */
export async function storeImage(
  storage: RegistryStorage,
  name: string,
  text: string,
  { tag, subject, annotations }: ImageOptions = {},
): Promise<TestImage> {
  const repository = storage.metadata.repository(name);
  const image = makeImage(text, {
    ...(subject === undefined ? {} : { subject }),
    ...(annotations === undefined ? {} : { annotations }),
  });
  await storeBlob(storage, name, JSON.stringify({ text }));
  await storeBlob(storage, name, `layer of ${text}`);
  await storage.blobs.put(image.manifest.digest, image.manifestBytes);
  const move: TagMove | undefined = tag === undefined ? undefined : { tag, to: image.manifest.digest };
  await repository.putManifest(incoming(image, subject), move);
  return image;
}

/** Stores an image of one layer that may not be passed on, and that the repository has only `withLayer`. Resolves to the image's and the layer's digest. */
export async function storeForeignImage(
  storage: RegistryStorage,
  name: string,
  { withLayer }: { readonly withLayer: boolean },
): Promise<{ readonly manifest: Digest; readonly layer: Digest }> {
  const { config, layer: own } = makeImage("foreign");
  const layer = { ...own, mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip" };
  await storeBlob(storage, name, JSON.stringify({ text: "foreign" }));
  if (withLayer) await storeBlob(storage, name, "layer of foreign");
  const { descriptor, bytes } = describeManifest(
    { schemaVersion: 2, mediaType: MediaType.manifest, config, layers: [layer] },
    MediaType.manifest,
  );
  await storage.blobs.put(descriptor.digest, bytes);
  const references = [config.digest, ...(withLayer ? [layer.digest] : [])];
  await storage.metadata.repository(name).putManifest({ descriptor, references });
  return { manifest: descriptor.digest, layer: layer.digest };
}
