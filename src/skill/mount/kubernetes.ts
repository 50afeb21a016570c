/**
 * Skills as image volumes of Kubernetes (KEP-4639: alpha in 1.31, beta in 1.33). The kubelet pulls each image and mounts it,
 * read-only and without running anything of it.
 */
import { writeYaml } from "../../skillcard/index.ts";
import type { MountedSkill, Workload, WriteMount } from "./format.ts";

/** The most characters of a volume's name, which is a label of RFC 1123. */
const MAX_LABEL = 63;
const PREFIX = "skill-";

/**
 * A manifest; without an image of the agent, a strategic merge patch for a workload whose container bears its name, for
 * `kubectl patch` and for Kustomize.
 */
export const kubernetes: WriteMount = (skills, workload) => {
  const content = writeYaml(workload.kind === "pod" ? pod(skills, workload) : deployment(skills, workload));
  return [{ file: `${workload.name}.yaml`, content }];
};

function pod(skills: readonly MountedSkill[], workload: Workload): object {
  return { apiVersion: "v1", kind: "Pod", metadata: metadata(workload), spec: podSpec(skills, workload) };
}

/** A patch names no selector: that of a Deployment cannot be changed. */
function deployment(skills: readonly MountedSkill[], workload: Workload): object {
  const labels = { "app.kubernetes.io/name": workload.name };
  const isPatch = workload.image === undefined;
  const template = { ...(isPatch ? {} : { metadata: { labels } }), spec: podSpec(skills, workload) };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadata(workload),
    spec: isPatch ? { template } : { replicas: 1, selector: { matchLabels: labels }, template },
  };
}

function metadata({ name, namespace }: Workload): object {
  return { name, ...(namespace === undefined ? {} : { namespace }) };
}

function podSpec(skills: readonly MountedSkill[], { name, image, pullSecrets }: Workload): object {
  const volumeMounts = skills.map((skill) => ({ name: volumeName(skill), mountPath: skill.path, readOnly: true }));
  return {
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map((secret) => ({ name: secret })) }),
    containers: [{ name, ...(image === undefined ? {} : { image }), volumeMounts }],
    volumes: skills.map((skill) => ({ name: volumeName(skill), image: { reference: skill.image } })),
  };
}

/** A skill's name may be longer than a label; then the digest of its image tells it from one that begins alike. */
function volumeName({ name, digest }: MountedSkill): string {
  const full = PREFIX + name;
  if (full.length <= MAX_LABEL) return full;
  const mark = digest.slice(digest.indexOf(":") + 1).slice(0, 12);
  return `${full.slice(0, MAX_LABEL - mark.length - 1)}-${mark}`;
}
