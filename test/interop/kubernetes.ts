/** What an API server of Kubernetes says to a manifest, and what a kubelet makes of a pod: as far as can be had without a cluster. */
import { readFileSync } from "node:fs";

import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { parse, parseAllDocuments } from "yaml";

import { KUBERNETES_SCHEMAS, ROUTE_DEFINITION, type Tool } from "../tools.ts";
import type { ImageVolume } from "./cri.ts";

/** A manifest, as far as these tests look into one. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** The part of a pod's specification that says what is mounted. */
export interface PodSpec {
  readonly containers: readonly [Container, ...Container[]];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly { readonly name: string; readonly image?: { readonly reference: string } }[];
}

interface Container {
  readonly image?: string;
  readonly command?: readonly [string, ...string[]];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
}

/** All documents of a text. */
export function readManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

/** What every version of the schemas has against a manifest; empty when it is accepted. Keys that are not known are refused. */
export function violations(manifest: Manifest): readonly string[] {
  return KUBERNETES_SCHEMAS.flatMap((schema) => {
    const validate = validatorFor(schema, manifest);
    const isAccepted = validate(manifest) === true;
    const errors = isAccepted ? [] : (validate.errors ?? []);
    return errors.map(({ instancePath, message }) => `${schema.name}: ${manifest.kind} ${instancePath} ${message}`);
  });
}

const compiled = new Map<string, Ajv2020>();

function validatorFor(schema: Tool, { apiVersion, kind }: Manifest): ValidateFunction {
  if (apiVersion === "route.openshift.io/v1") return routeValidator();
  let ajv = compiled.get(schema.name);
  if (ajv === undefined) {
    ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(JSON.parse(readFileSync(schema.path ?? schema.name, "utf8")) as object, "kubernetes");
    compiled.set(schema.name, ajv);
  }
  const [version, group = "core"] = apiVersion.split("/").toReversed();
  const name = `io.k8s.api.${group.replace(/\..*/, "")}.${version}.${kind}`;
  const validate = ajv.getSchema(`kubernetes#/$defs/${name}`);
  if (validate === undefined) throw new Error(`${schema.name} does not know ${name}`);
  return validate;
}

/** A server prunes keys that a custom resource's definition does not have; here they are refused. */
function routeValidator(): ValidateFunction {
  const definition = parse(readFileSync(ROUTE_DEFINITION.path ?? "", "utf8")) as {
    readonly spec: { readonly versions: readonly [{ readonly schema: { readonly openAPIV3Schema: object } }] };
  };
  const schema = JSON.stringify(definition.spec.versions[0].schema.openAPIV3Schema);
  const closed = JSON.parse(schema, (key, value: unknown) => {
    // What the definition has where an alternative was taken out; JSON Schema knows no such thing.
    if (key === "anyOf" && value === null) return undefined;
    const isObject = isRecord(value) && value["type"] === "object" && value["properties"] !== undefined;
    return isObject ? { ...value, additionalProperties: false } : value;
  }) as object;
  return new Ajv2020({ strict: false, validateFormats: false }).compile(closed);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a kubelet mounts into the first container of a pod: the volumes that are images. */
export function imageVolumes({ containers, volumes = [] }: PodSpec): readonly ImageVolume[] {
  const images = new Map(volumes.map(({ name, image }) => [name, image?.reference]));
  return (containers[0].volumeMounts ?? []).flatMap(({ name, mountPath, subPath }) => {
    const image = images.get(name);
    return image === undefined ? [] : [{ image, path: mountPath, ...(subPath === undefined ? {} : { subPath }) }];
  });
}

/** The pod of a manifest: its own, or that of its template. */
export function podSpecOf(manifest: Manifest): PodSpec {
  const { spec } = manifest as unknown as { spec: PodSpec & { readonly template?: { readonly spec: PodSpec } } };
  return spec.template?.spec ?? spec;
}
