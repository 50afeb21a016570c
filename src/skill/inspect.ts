/** Everything that an image says of itself, without reading its layers unless the file list is asked for. */
import { nextState, type LifecycleState } from "../lifecycle/index.ts";
import { baseName, formatReference, repositoryName } from "../oci/index.ts";
import type { Annotations, Descriptor, Digest, Reference } from "../oci/index.ts";
import { readDocument } from "../store/index.ts";
import type { EntryLister, OperationOptions, Reader, Store } from "../store/index.ts";
import { readConfig, type ImageConfig } from "./config.ts";
import { readDeprecation, type Deprecation } from "./deprecation.ts";
import { contentOf, PROFILES, readImage, type Profile, type SkillImage } from "./image.ts";
import { imageEntries } from "./layers.ts";
import { readMetadata, readStatus, type SkillMetadata } from "./metadata.ts";
import { asPartOf, readResolved } from "./read-resolved.ts";
import { resolveReference } from "./resolve.ts";

export interface SkillInspection {
  readonly reference: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly card: SkillMetadata;
  readonly lifecycle: {
    /** Absent when the image does not tell. */
    readonly status?: LifecycleState;
    /** The step that is possible from here. */
    readonly next?: LifecycleState;
    /** Only of an image that was deprecated with a reason or a replacement. */
    readonly deprecation?: Deprecation;
    /** Every tag of the repository that names this image; where a store cannot tell at once, as a registry, the one that was asked for. */
    readonly tags: readonly string[];
  };
  readonly image: {
    readonly profile: Profile | "other";
    readonly config: Descriptor;
    readonly layers: readonly LayerFacts[];
    /** `os/architecture`, one for each image of an index. */
    readonly platforms: readonly string[];
    /** Bytes of configs and layers. */
    readonly size: number;
    readonly annotations: Annotations;
    readonly labels: Annotations;
  };
  /** Only when asked for. */
  readonly files?: readonly FileFacts[];
}

export interface LayerFacts {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Compressed, in bytes. */
  readonly size: number;
  /** Digest of the uncompressed tar. */
  readonly diffId?: Digest;
}

export interface FileFacts {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** `0644`, or `0755` for an executable file. */
  readonly mode: string;
}

export interface InspectOptions extends OperationOptions {
  /** Lists the files of the layers, which reads them. Default: false. */
  readonly files?: boolean;
}

/** Describes an image. Throws as `resolveReference` and reading do. */
export async function inspect(
  store: Store & Partial<EntryLister>,
  reference: Reference,
  options: InspectOptions = {},
): Promise<SkillInspection> {
  const resolved = await resolveReference(store, reference, options);
  const { reference: full, descriptor, repository } = resolved;
  const image = await readResolved(resolved, options);
  const configs = await asPartOf(full, () =>
    Promise.all(image.members.map((member) => readConfig(repository, member.manifest.config, options))),
  );
  const [first] = image.members;
  const labels = configs[0]?.labels ?? {};
  const status = readStatus(image.annotations);
  const next = status === undefined ? undefined : nextState(status);
  const deprecation = readDeprecation(image.annotations);
  return {
    reference: formatReference(full),
    digest: descriptor.digest,
    mediaType: image.root.mediaType,
    card: readMetadata({ ...labels, ...image.annotations }, baseName(reference)),
    lifecycle: {
      ...(status === undefined ? {} : { status }),
      ...(next === undefined ? {} : { next }),
      ...(deprecation === undefined ? {} : { deprecation }),
      tags: await tagsNaming(store, full, descriptor.digest, options),
    },
    image: {
      profile: profileOf(first.manifest.config.mediaType),
      config: first.manifest.config,
      layers: first.manifest.layers.map((layer, at) => layerFacts(layer, configs[0]?.diffIds[at])),
      platforms: configs.map((config, at) => platformOf(config, image.members[at]?.descriptor)),
      size: contentOf(image).size,
      annotations: image.annotations,
      labels,
    },
    ...(options.files === true ? { files: await listFiles(repository, image, options) } : {}),
  };
}

/** The stored bytes of the manifest (or index) or of the config that a reference names, exactly as they are. */
export async function raw(
  store: Store,
  reference: Reference,
  part: "manifest" | "config",
  options?: OperationOptions,
): Promise<Uint8Array> {
  const { reference: full, descriptor, repository } = await resolveReference(store, reference, options);
  return asPartOf(full, async () => {
    if (part === "manifest") return readDocument(repository, descriptor, options);
    const image = await readImage(repository, descriptor, options);
    return readDocument(repository, image.members[0].manifest.config, options);
  });
}

/** One pass where the store can list itself; elsewhere only the tag that was asked for is known without more requests. */
async function tagsNaming(
  store: Store & Partial<EntryLister>,
  reference: Reference,
  digest: Digest,
  options: OperationOptions,
): Promise<readonly string[]> {
  if (store.entries === undefined) return reference.tag === undefined ? [] : [reference.tag];
  const entries = await store.entries({ ...options, repository: repositoryName(reference) });
  return entries
    .flatMap(({ tag, descriptor }) => (tag !== undefined && descriptor.digest === digest ? [tag] : []))
    .toSorted();
}

async function listFiles(reader: Reader, image: SkillImage, options: OperationOptions): Promise<readonly FileFacts[]> {
  const files = new Map<string, FileFacts>();
  for await (const entry of imageEntries(reader, image, options)) {
    if (entry.type !== "file") continue;
    files.set(entry.path, { path: entry.path, size: entry.size, mode: `0${entry.mode.toString(8)}` });
  }
  return [...files.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function layerFacts({ mediaType, digest, size }: Descriptor, diffId: Digest | undefined): LayerFacts {
  return { mediaType, digest, size, ...(diffId === undefined ? {} : { diffId }) };
}

function platformOf(config: ImageConfig, descriptor: Descriptor | undefined): string {
  const { os, architecture, variant } = descriptor?.platform ?? config.platform;
  return [os, architecture, variant].filter((part) => part !== undefined && part !== "").join("/");
}

function profileOf(configType: string): Profile | "other" {
  for (const profile of ["standard", "redhat"] as const) if (PROFILES[profile].config === configType) return profile;
  return "other";
}
