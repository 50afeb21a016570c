/**
 * Skills in an agent's container: what podman, Docker, Kubernetes, Quadlet or Compose must be told to mount them.
 *
 * In two steps, because the images may be in several stores: each skill is looked up where it is, then one text is written
 * for all. What an image says of itself is not trusted: its name becomes a directory only when it is one that a SkillCard
 * may bear, and nothing else that it says is written.
 */
import { SkillError } from "../errors.ts";
import { baseName, formatReference, parseReference, type Reference } from "../oci/index.ts";
import type { OperationOptions, Store } from "../store/index.ts";
import { quote } from "../text/index.ts";
import { readDeprecation } from "./deprecation.ts";
import { PROFILES, type SkillImage } from "./image.ts";
import { readMetadata, readStatus } from "./metadata.ts";
import { checkLabel, checkMountRoot, checkSubdomain, isSkillName } from "./mount/checks.ts";
import { commandLine } from "./mount/command-line.ts";
import { compose } from "./mount/compose.ts";
import type { MountDocument, MountedSkill, MountFormat, Workload, WorkloadKind, WriteMount } from "./mount/format.ts";
import { kubernetes } from "./mount/kubernetes.ts";
import { quadlet } from "./mount/quadlet.ts";
import { readResolved } from "./read-resolved.ts";
import { resolveReference } from "./resolve.ts";

/** The directory in the container that holds a directory for each skill. */
export const DEFAULT_MOUNT_ROOT = "/skills";

const WRITERS: Readonly<Record<MountFormat, WriteMount>> = {
  podman: commandLine("podman"),
  docker: commandLine("docker"),
  kubernetes,
  quadlet,
  compose,
};

/** A skill that was looked up, ready to be mounted. */
export type MountableSkill = Omit<MountedSkill, "path">;

export interface MountableOptions extends OperationOptions {
  /** Names the image by its digest, so that it is the same tomorrow. Default: by its tag. */
  readonly pin?: boolean;
}

/** What to write; of the optional fields, those that a format does not know are refused. */
export interface MountOptions {
  /** Default: {@link DEFAULT_MOUNT_ROOT}. */
  readonly root?: string;
  /** Of the container, and of the pod, unit or service. Default: `agent`. */
  readonly name?: string;
  /** The agent's image. Without it, the result is what is added to a workload that exists. */
  readonly image?: Reference;
  /** Kubernetes only. Default: `pod`. */
  readonly kind?: WorkloadKind;
  /** Kubernetes only. */
  readonly namespace?: string;
  /** Kubernetes only. */
  readonly pullSecrets?: readonly string[];
}

export interface MountResult {
  readonly format: MountFormat;
  readonly skills: readonly MountedSkill[];
  readonly documents: readonly [MountDocument, ...MountDocument[]];
}

/**
 * Looks a skill up, to be mounted. The reference must name a registry, because that is where the runtime gets it: `USAGE`.
 * Throws `NOT_A_SKILL` when its name cannot be a directory's, `MEDIA_TYPE_UNSUPPORTED` when no runtime mounts images of its
 * kind, and as `resolveReference` and reading do.
 */
export async function mountable(
  store: Store,
  reference: Reference,
  options: MountableOptions = {},
): Promise<MountableSkill> {
  if (reference.registry === undefined) {
    throw new SkillError("USAGE", `${formatReference(reference)} names no registry, so nothing can pull it`, {
      hint: "Push it, and write it in full, as in quay.io/myorg/hello-world:1.0.0.",
    });
  }
  const resolved = await resolveReference(store, reference, options);
  const { digest } = resolved.descriptor;
  const image = await readResolved(resolved, options);
  const text = formatReference(resolved.reference);
  refuseUnmountable(text, image);
  const name = nameOf(text, resolved.reference, image);
  const status = readStatus(image.annotations);
  const deprecation = readDeprecation(image.annotations);
  const pinned = options.pin === true || resolved.reference.digest !== undefined;
  return {
    name,
    // Not both: podman and skopeo refuse a reference with tag and digest.
    image: pinned ? byDigest(resolved.reference, digest) : text,
    digest,
    ...(status === undefined ? {} : { status }),
    ...(deprecation === undefined ? {} : { deprecation }),
  };
}

function byDigest({ registry = "", repository }: Reference, digest: string): string {
  return formatReference(parseReference(`${registry}/${repository}@${digest}`));
}

/** Runtimes mount what they could run: the profile for oc-mirror has a config and layers of types of its own. */
function refuseUnmountable(text: string, image: SkillImage): void {
  for (const { manifest } of image.members) {
    const { mediaType } = manifest.config;
    if (mediaType !== PROFILES.redhat.config) continue;
    throw new SkillError(
      "MEDIA_TYPE_UNSUPPORTED",
      `${text} has a config of type ${mediaType}, which no runtime mounts`,
      {
        hint: "Pack it without --media-type redhat.",
      },
    );
  }
}

function nameOf(text: string, reference: Reference, image: SkillImage): string {
  const { name } = readMetadata(image.annotations, baseName(reference));
  if (isSkillName(name)) return name;
  throw new SkillError("NOT_A_SKILL", `${text} calls itself ${quote(name)}, which cannot be a directory`, {
    hint: "A skill's name has 1 to 64 of a-z 0-9 and single - between them.",
  });
}

/** Refuses an option that the format does not know or cannot carry (`USAGE`), as `mount` does: before skills are looked up. */
export function checkMountOptions(format: MountFormat, options: MountOptions): void {
  checkMountRoot(options.root ?? DEFAULT_MOUNT_ROOT);
  refuseForeignOptions(format, options);
  workloadOf(options);
}

/**
 * Writes what `format` must be told to mount `skills`, each in a directory of its own name. Pure. Throws `USAGE` for an
 * option that the format does not know or cannot carry, for no skill at all, and for two of one name.
 */
export function mount(format: MountFormat, skills: readonly MountableSkill[], options: MountOptions = {}): MountResult {
  checkMountOptions(format, options);
  refuseCollisions(skills);
  const root = options.root ?? DEFAULT_MOUNT_ROOT;
  const mounted = skills.map(({ name, image, digest, ...rest }) => ({
    name,
    path: `${root}/${name}`,
    image,
    digest,
    ...rest,
  }));
  return { format, skills: mounted, documents: WRITERS[format](mounted, workloadOf(options)) };
}

function workloadOf({ name = "agent", image, kind = "pod", namespace, pullSecrets = [] }: MountOptions): Workload {
  return {
    name: checkLabel("container", name),
    ...(image === undefined ? {} : { image: formatReference(image) }),
    kind,
    ...(namespace === undefined ? {} : { namespace: checkLabel("namespace", namespace) }),
    pullSecrets: pullSecrets.map((secret) => checkSubdomain("secret", secret)),
  };
}

function refuseForeignOptions(format: MountFormat, { kind, namespace, pullSecrets, name }: MountOptions): void {
  const ofKubernetes = { "a kind": kind, "a namespace": namespace, "a pull secret": pullSecrets };
  const ofDocuments = { "a name": name };
  const foreign = {
    ...(format === "kubernetes" ? {} : ofKubernetes),
    ...(format === "podman" || format === "docker" ? ofDocuments : {}),
  };
  for (const [what, value] of Object.entries(foreign)) {
    if (value === undefined) continue;
    throw new SkillError("USAGE", `what ${format} is told has no place for ${what}`, { hint: "Leave it out." });
  }
}

function refuseCollisions(skills: readonly MountableSkill[]): void {
  if (skills.length === 0) {
    throw new SkillError("USAGE", "there is no skill to mount", {
      hint: "Name one, as in quay.io/myorg/hello-world:1.0.0.",
    });
  }
  const seen = new Map<string, string>();
  for (const { name, image } of skills) {
    const other = seen.get(name);
    if (other !== undefined) {
      throw new SkillError("USAGE", `${other} and ${image} would both be mounted as ${name}`, {
        hint: "Mount one of them, or both in containers of their own.",
      });
    }
    seen.set(name, image);
  }
}
