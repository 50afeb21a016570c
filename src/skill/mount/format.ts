/** What a mount format is given, and what it gives: pure functions from skills to text. */
import type { LifecycleState } from "../../lifecycle/index.ts";
import type { Digest } from "../../oci/index.ts";
import type { Deprecation } from "../deprecation.ts";

/** What runs the agent. */
export const MOUNT_FORMATS = ["podman", "docker", "kubernetes", "quadlet", "compose"] as const;
export type MountFormat = (typeof MOUNT_FORMATS)[number];

/** What Kubernetes is asked to run: one pod, or a Deployment that keeps one running. */
export const WORKLOAD_KINDS = ["pod", "deployment"] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

/** A skill on its way into a container. Every text but those of `deprecation` is of a grammar that no shell, YAML or systemd unit reads as anything but itself. */
export interface MountedSkill {
  /** The skill's name: `^[a-z0-9]+(-[a-z0-9]+)*$`, at most 64 characters. */
  readonly name: string;
  /** The directory of its files in the container. */
  readonly path: string;
  /** The reference by which the runtime gets it, with its registry. */
  readonly image: string;
  readonly digest: Digest;
  /** Absent when the image does not tell. */
  readonly status?: LifecycleState;
  /** Only of an image that was deprecated with a reason or a replacement. For whoever asks; no format writes such a text. */
  readonly deprecation?: Deprecation;
}

/** What the container is that the skills are mounted in; checked by `mount`. */
export interface Workload {
  /** Of the container, and of the pod, unit or service that it is in. A label of RFC 1123. */
  readonly name: string;
  /** The agent's image. Without it, a format gives what is added to a workload that exists. */
  readonly image?: string;
  /** Kubernetes only. */
  readonly kind: WorkloadKind;
  /** Kubernetes only: where the workload is; the current one when it is absent. */
  readonly namespace?: string;
  /** Kubernetes only: the secrets with which the node pulls. */
  readonly pullSecrets: readonly string[];
}

/** A text for a file. */
export interface MountDocument {
  /** Where it belongs, relative to the directory that the tool reads. */
  readonly file: string;
  readonly content: string;
}

/** Writes one format. Pure; gives at least one document. */
export type WriteMount = (
  skills: readonly MountedSkill[],
  workload: Workload,
) => readonly [MountDocument, ...MountDocument[]];
