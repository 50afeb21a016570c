/** Manifests come in. OCI distribution-spec "Pushing Manifests" (end-7), "Pushing Manifests with Subject". */
import { algorithmOf, digestOf, hasMoreValues, parseManifest, type Digest } from "../../oci/index.ts";
import type { HeldManifest } from "../hooks.ts";
import { RegistryRefusal } from "../refusal.ts";
import { DAMAGED, orDamaged } from "../storage/damaged.ts";
import { artifactTypeOf, incomingManifest } from "../storage/incoming.ts";
import type { RepositoryMetadata } from "../storage/types.ts";
import { beginReview } from "./admission-context.ts";
import { readSmallBody } from "./body.ts";
import { checkConditions, etagOf } from "./conditions.ts";
import type { Desk } from "./desk.ts";
import type { Exchange } from "./exchange.ts";
import { healing } from "./healing.ts";
import { heldManifest } from "./held.ts";
import { findPromotion } from "./promotion.ts";
import { holdReferences } from "./references.ts";
import type { ManifestReference } from "./route.ts";

/** Stores the body under a tag, or under its digest alone. Everything is decided while nobody else writes to the repository. */
export async function putManifest(
  desk: Desk,
  exchange: Exchange,
  repository: string,
  reference: ManifestReference,
): Promise<void> {
  const manifest = await readManifest(desk, exchange, reference);
  const { digest } = manifest.descriptor;
  await desk.storage.blobs.put(digest, manifest.bytes);
  const { signal } = exchange;
  await desk
    .repository(repository)
    .exclusively(async (held) => new Put(desk, exchange, held, manifest, reference.tag).run(), { signal });
  const { subject } = manifest.parsed;
  exchange.empty(201, {
    Location: `/v2/${repository}/manifests/${digest}`,
    "Docker-Content-Digest": digest,
    ETag: etagOf(digest),
    ...(subject === undefined ? {} : { "OCI-Subject": subject.digest }),
  });
}

async function readManifest(desk: Desk, exchange: Exchange, reference: ManifestReference): Promise<HeldManifest> {
  const bytes = await readSmallBody(exchange.request, desk.limits, desk.limits.manifestSize);
  exchange.bytes.in += bytes.byteLength;
  if (hasMoreValues(bytes, desk.limits.manifestValues)) {
    throw new RegistryRefusal(
      413,
      "MANIFEST_INVALID",
      `a manifest may hold at most ${desk.limits.manifestValues} values`,
      { hint: "Put what it says into a blob, or list fewer images." },
    );
  }
  const parsed = parseManifest(bytes, contentType(exchange));
  const digest = digestOf(bytes, reference.digest === undefined ? "sha256" : algorithmOf(reference.digest));
  if (reference.digest !== undefined && digest !== reference.digest) {
    throw new RegistryRefusal(400, "DIGEST_INVALID", `the manifest hashes to ${digest}, not to ${reference.digest}`);
  }
  return { parsed, bytes, descriptor: { mediaType: parsed.mediaType, digest, size: bytes.byteLength } };
}

/** Without parameters; `undefined` when there is none, and the manifest itself must say what it is. */
function contentType({ headers }: Exchange): string | undefined {
  const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  return type === "" ? undefined : type;
}

class Put {
  readonly #desk: Desk;
  readonly #exchange: Exchange;
  readonly #held: RepositoryMetadata;
  readonly #manifest: HeldManifest;
  readonly #tag: string | undefined;

  constructor(
    desk: Desk,
    exchange: Exchange,
    held: RepositoryMetadata,
    manifest: HeldManifest,
    tag: string | undefined,
  ) {
    this.#desk = desk;
    this.#exchange = exchange;
    this.#held = held;
    this.#manifest = manifest;
    this.#tag = tag;
  }

  async run(): Promise<void> {
    await healing(this.#desk, this.#held, this.#exchange.signal, async () => this.#decide());
  }

  async #decide(): Promise<void> {
    const { parsed, descriptor } = this.#manifest;
    const tag = this.#tag;
    const named = tag === undefined ? undefined : await orDamaged(async () => this.#held.tag(tag));
    const previous = named === DAMAGED ? undefined : named;
    await this.#checkConditions(previous);
    await this.#checkType();
    const references = await holdReferences(this.#desk.storage.blobs, this.#held, parsed);
    const made = await this.#review(previous, named === DAMAGED);
    const promotion = await findPromotion(this.#desk, this.#held, this.#manifest);
    await this.#desk.recordAllowed(this.#exchange, {
      action: "push",
      repository: this.#held.name,
      reference: this.#tag ?? descriptor.digest,
      digest: descriptor.digest,
      ...(previous === undefined ? {} : { previous }),
    });
    const move =
      this.#tag === undefined ? undefined : { tag: this.#tag, to: descriptor.digest, expect: previous ?? null };
    await this.#held.putManifest(incomingManifest(parsed, descriptor, references), move, { quotas: this.#desk.quotas });
    made();
    this.#tell(previous);
    if (promotion !== undefined) this.#desk.tell(this.#exchange, { ...promotion, tag: this.#tag });
  }

  async #checkConditions(previous: Digest | undefined): Promise<void> {
    const { headers } = this.#exchange;
    const { digest } = this.#manifest.descriptor;
    if (headers["if-match"] === undefined && headers["if-none-match"] === undefined) return;
    if (this.#tag !== undefined) return checkConditions(headers, `${this.#held.name}:${this.#tag}`, previous);
    const isThere = (await this.#held.manifest(digest)) !== undefined;
    checkConditions(headers, `${this.#held.name}@${digest}`, isThere ? digest : undefined);
  }

  /** The same bytes are of the same type for good, also where they do not tell it themselves. `DENIED`: at other codes, clients convert. */
  async #checkType(): Promise<void> {
    const { parsed, descriptor } = this.#manifest;
    if (parsed.document["mediaType"] === parsed.mediaType) return;
    const { digest, mediaType } = descriptor;
    const known = (await this.#held.manifest(digest))?.descriptor.mediaType;
    if (known === undefined || known === mediaType) return;
    throw new RegistryRefusal(403, "DENIED", `${this.#held.name}@${digest} is here as ${known}, not as ${mediaType}`, {
      hint: "Push it as the same type, and name that in the manifest.",
    });
  }

  /** Resolves to what is to be called when the manifest is stored. */
  async #review(previous: Digest | undefined, isTagDamaged: boolean): Promise<() => void> {
    const { context, made } = beginReview(this.#desk, this.#held, this.#exchange.signal);
    const { admission } = this.#desk.options;
    if (admission === undefined) return made;
    await admission.review(
      {
        kind: "put",
        repository: this.#held.name,
        identity: this.#exchange.identity,
        manifest: this.#manifest,
        tag: this.#tag,
        current: await heldManifest(this.#desk, this.#held, previous),
        isTagDamaged,
      },
      context,
    );
    return made;
  }

  #tell(previous: Digest | undefined): void {
    const { parsed, descriptor } = this.#manifest;
    const repository = this.#held.name;
    const { digest, mediaType, size } = descriptor;
    this.#desk.tell(this.#exchange, {
      kind: "push",
      repository,
      digest,
      mediaType,
      size,
      tag: this.#tag,
      artifactType: artifactTypeOf(parsed),
      subject: parsed.subject?.digest,
    });
    if (this.#tag === undefined || previous === digest) return;
    this.#desk.tell(this.#exchange, { kind: "tag", repository, tag: this.#tag, digest, previous });
  }
}
