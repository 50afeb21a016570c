/**
 * What a referrer says, as far as it can be told without knowing whom to trust: that it is of the form of a signature, or of a
 * scan, and speaks of this very image. Whether a signature is good, and whose, is for whoever verifies it with a key.
 */
import { isSkillError, SkillError } from "../../errors.ts";
import {
  encodedOf,
  hasMoreValues,
  MediaType,
  parseStrictJson,
  PromotionAnnotation,
  type Descriptor,
  type Digest,
} from "../../oci/index.ts";
import type { AdmissionContext, HeldManifest } from "../hooks.ts";
import { RegistryRefusal } from "../refusal.ts";

/** Bytes of a layer that are read. */
const MAX_CONTENT = 8 * 1024 * 1024;
/** Values of a document that is read, as nobody else is answered meanwhile: sixteen bytes are left for each in the largest one. */
const MAX_VALUES = 500_000;
const SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1";

/** Says what is wrong with the content of a layer, `undefined` when nothing is. */
type Judge = (content: Uint8Array, subject: Digest, layer: Descriptor) => string | undefined;

/** What can be required by its usual name: any of these artifact types, whose first layer must pass. */
export const KINDS: Readonly<
  Record<string, { readonly types: readonly string[]; readonly judges: Readonly<Record<string, Judge>> }>
> = {
  signature: kind({
    "application/vnd.dev.sigstore.bundle.v0.3+json": judgeBundle,
    [MediaType.cosignSignature]: judgeSimpleSigning,
    "application/vnd.cncf.notary.signature": judgeNotation,
  }),
  scan: kind({
    "application/sarif+json": judgeSarif,
    "application/vnd.in-toto+json": judgeStatement,
  }),
  promotion: kind({ [MediaType.promotion]: () => undefined }),
};

function kind(judges: Readonly<Record<string, Judge>>) {
  return { types: Object.keys(judges), judges };
}

/** Says what is wrong with `referrer`, which is there as `name` for the image `subject`; `undefined` when nothing is. */
export async function whatIsWrong(
  name: string,
  type: string,
  { parsed }: HeldManifest,
  subject: Descriptor,
  context: AdmissionContext,
): Promise<string | undefined> {
  if (parsed.kind === "index") return "it is an index";
  const said = parsed.subject;
  if (said !== undefined && (said.mediaType !== subject.mediaType || said.size !== subject.size))
    return "it describes its subject as something else";
  if (name === "promotion")
    return parsed.annotations[PromotionAnnotation.to] === "testing" ? undefined : "of another step";
  const judge = KINDS[name]?.judges[type];
  if (judge === undefined) return undefined;
  const [layer] = parsed.layers;
  if (layer === undefined) return "it is empty";
  try {
    return judge(await context.readBlob(layer, MAX_CONTENT), subject.digest, layer);
  } catch (error) {
    if (error instanceof RegistryRefusal || isSkillError(error, "JSON_INVALID")) return "it cannot be read";
    throw error;
  }
}

/** A Sigstore bundle with a signature over the image: over its digest itself, or over a statement about it. */
function judgeBundle(content: Uint8Array, subject: Digest): string | undefined {
  const bundle = readJson(content);
  if (!isObject(at(bundle, "verificationMaterial"))) return "it is no Sigstore bundle";
  const envelope = at(bundle, "dsseEnvelope");
  if (envelope !== undefined) return judgeEnvelope(envelope, subject, SIGN_PREDICATE);
  const hash = at(bundle, "messageSignature", "messageDigest", "digest");
  if (bytesOf(hash)?.toString("hex") !== encodedOf(subject)) return "it signs something else";
  return bytesOf(at(bundle, "messageSignature", "signature")) === undefined ? "it holds no signature" : undefined;
}

/** Cosign's "simple signing": the layer is what is signed, an annotation of it the signature. */
function judgeSimpleSigning(
  content: Uint8Array,
  subject: Digest,
  { annotations = {} }: Descriptor,
): string | undefined {
  if (bytesOf(annotations["dev.cosignproject.cosign/signature"]) === undefined) return "it holds no signature";
  const critical = at(readJson(content), "critical");
  if (at(critical, "type") !== "cosign container image signature") return "it is not what cosign signs";
  return at(critical, "image", "docker-manifest-digest") === subject ? undefined : "it signs something else";
}

/** A notation signature: JWS, or COSE, in which what is signed stands as it is. Notary Project, "Signature Envelope". */
function judgeNotation(content: Uint8Array, subject: Digest, { mediaType }: Descriptor): string | undefined {
  if (mediaType === "application/cose")
    return Buffer.from(content).includes(`"${subject}"`) ? undefined : "it signs something else";
  if (mediaType !== "application/jose+json") return "it is no envelope of notation";
  const envelope = readJson(content);
  if (bytesOf(at(envelope, "signature")) === undefined) return "it holds no signature";
  const payload = bytesOf(at(envelope, "payload"));
  const signed = payload === undefined ? undefined : at(readJson(payload), "targetArtifact", "digest");
  return signed === subject ? undefined : "it signs something else";
}

/** SARIF 2.1.0 names no image; that it is about this one is what its subject says. */
function judgeSarif(content: Uint8Array): string | undefined {
  const log = readJson(content);
  const runs = at(log, "runs");
  const isLog = at(log, "version") === "2.1.0" && Array.isArray(runs) && runs.length > 0;
  return isLog && runs.every((run) => typeof at(run, "tool", "driver", "name") === "string")
    ? undefined
    : "it is no SARIF log of a run";
}

/** An in-toto statement, signed or not. */
function judgeStatement(content: Uint8Array, subject: Digest): string | undefined {
  const document = readJson(content);
  if (at(document, "payloadType") !== undefined) return judgeEnvelope(document, subject, undefined);
  return isAbout(document, subject) ? undefined : "it is about something else";
}

/** A DSSE envelope around an in-toto statement. */
function judgeEnvelope(envelope: unknown, subject: Digest, predicate: string | undefined): string | undefined {
  const signatures = at(envelope, "signatures");
  const isSigned =
    Array.isArray(signatures) && signatures.length > 0 && signatures.every((each) => bytesOf(at(each, "sig")));
  if (!isSigned) return "it holds no signature";
  const payload = bytesOf(at(envelope, "payload"));
  if (at(envelope, "payloadType") !== "application/vnd.in-toto+json" || payload === undefined)
    return "it holds no statement";
  const statement = readJson(payload);
  if (!isAbout(statement, subject)) return "it is about something else";
  const isOther = predicate !== undefined && at(statement, "predicateType") !== predicate;
  return isOther ? "it states something, and is no signature of the image" : undefined;
}

function isAbout(statement: unknown, subject: Digest): boolean {
  const [algorithm = ""] = subject.split(":", 1);
  const subjects = at(statement, "subject");
  return Array.isArray(subjects) && subjects.some((each) => at(each, "digest", algorithm) === encodedOf(subject));
}

function readJson(bytes: Uint8Array): unknown {
  if (!hasMoreValues(bytes, MAX_VALUES)) return parseStrictJson(bytes);
  throw new SkillError("JSON_INVALID", `the document holds more than ${MAX_VALUES} values`);
}

/** What stands under keys within keys. */
function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (found, key) => (isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined),
    value,
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Base64, of either alphabet; `undefined` when it is none, or nothing. */
function bytesOf(text: unknown): Buffer | undefined {
  return typeof text === "string" && /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, "base64") : undefined;
}
