/** Tags and manifests go. OCI distribution-spec "Deleting tags", "Deleting Manifests" (end-9). */
import { isSkillError } from "../../errors.ts";
import type { Digest } from "../../oci/index.ts";
import type { HeldManifest } from "../hooks.ts";
import { subjectOfTag } from "../admission/referrer-tags.ts";
import { DAMAGED, orDamaged } from "../storage/damaged.ts";
import type { RepositoryMetadata } from "../storage/types.ts";
import { beginReview } from "./admission-context.ts";
import { checkConditions } from "./conditions.ts";
import type { Desk } from "./desk.ts";
import type { Exchange } from "./exchange.ts";
import { healing, requireAdmin } from "./healing.ts";
import { heldManifest } from "./held.ts";
import { unknownManifest } from "./unknown-manifest.ts";

/** Removes a tag; its manifest stays. */
export async function deleteTag(desk: Desk, exchange: Exchange, repository: string, tag: string): Promise<void> {
  const { identity, headers, signal } = exchange;
  await desk.repository(repository).exclusively(
    async (held) => {
      if ((await orDamaged(async () => held.tag(tag))) === DAMAGED) {
        checkConditions(headers, `${repository}:${tag}`, undefined);
        requireAdmin(desk, exchange, repository, `${repository}:${tag}`);
        await desk.recordAllowed(exchange, { action: "delete", repository, reference: tag });
        return held.moveTags([{ tag, to: undefined }]);
      }
      await healing(desk, held, signal, async () => remove(held));
    },
    { signal },
  );
  exchange.empty(202);

  async function remove(held: RepositoryMetadata): Promise<void> {
    const digest = await held.tag(tag);
    checkConditions(headers, `${repository}:${tag}`, digest);
    if (digest === undefined) throw unknownManifest(repository, { tag });
    const { context, made } = beginReview(desk, held, signal);
    await desk.options.admission?.review(
      { kind: "untag", repository, identity, tag, current: await current(desk, held, digest) },
      context,
    );
    await desk.recordAllowed(exchange, { action: "delete", repository, reference: tag, previous: digest });
    await held.moveTags([{ tag, to: undefined, expect: digest }]);
    made();
    desk.tell(exchange, { kind: "untag", repository, tag, digest });
  }
}

/** Removes a manifest, and with it its tags. */
export async function deleteManifest(
  desk: Desk,
  exchange: Exchange,
  repository: string,
  digest: Digest,
): Promise<void> {
  const { identity, headers, signal } = exchange;
  await desk.repository(repository).exclusively(
    async (held) => {
      try {
        await healing(desk, held, signal, async () => remove(held));
      } catch (error) {
        if (!isSkillError(error, "STORE_CORRUPT")) throw error;
        if ((await orDamaged(async () => held.manifest(digest))) !== DAMAGED) throw error;
        requireAdmin(desk, exchange, repository, `${repository}@${digest}`);
        await removeStored(held);
      }
    },
    { signal },
  );
  exchange.empty(202);

  async function remove(held: RepositoryMetadata): Promise<void> {
    const stored = await held.manifest(digest);
    checkConditions(headers, `${repository}@${digest}`, stored?.descriptor.digest);
    if (stored === undefined) throw unknownManifest(repository, { digest });
    const { context, made } = beginReview(desk, held, signal);
    if (desk.options.admission !== undefined) {
      const change = {
        kind: "delete",
        repository,
        identity,
        current: await current(desk, held, digest),
        tags: await tagsOf(held, digest),
      } as const;
      await desk.options.admission.review(change, context);
    }
    await removeStored(held);
    made();
  }

  async function removeStored(held: RepositoryMetadata): Promise<void> {
    await desk.recordAllowed(exchange, { action: "delete", repository, reference: digest, previous: digest });
    const tags = (await held.deleteManifest(digest)) ?? [];
    for (const tag of tags) desk.tell(exchange, { kind: "untag", repository, tag, digest });
    desk.tell(exchange, { kind: "delete", repository, digest });
  }
}

async function current(desk: Desk, held: RepositoryMetadata, digest: Digest): Promise<HeldManifest> {
  const found = await heldManifest(desk, held, digest);
  if (found === undefined) throw unknownManifest(held.name, { digest });
  return found;
}

async function tagsOf(held: RepositoryMetadata, digest: Digest): Promise<readonly string[]> {
  const tags: string[] = [];
  for await (const tag of held.tags()) {
    const named = await orDamaged(async () => held.tag(tag));
    // Nobody knows which signatures a damaged one held: rules must look at it.
    const isIts = named === DAMAGED ? subjectOfTag(tag) !== undefined : named === digest;
    if (isIts) tags.push(tag);
  }
  return tags;
}
