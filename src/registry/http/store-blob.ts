/** A blob that has arrived becomes part of a repository. */
import type { Digest } from "../../oci/index.ts";
import { announcedLength, readSmallBody } from "./body.ts";
import { etagOf } from "./conditions.ts";
import type { Desk } from "./desk.ts";
import type { Exchange } from "./exchange.ts";
import { explained } from "./upload-errors.ts";
import { beginUpload, receive } from "./upload-session.ts";

/** Bytes up to which a blob goes through memory, in one step. */
const SMALL = 256 * 1024;

/** Puts it on record, has `store` store the bytes, gives the repository the blob, and answers. */
export async function keepBlob(
  desk: Desk,
  exchange: Exchange,
  repository: string,
  digest: Digest,
  store: () => Promise<void>,
): Promise<void> {
  await desk.recordAllowed(exchange, { action: "push", repository, reference: digest, digest });
  await store();
  await desk.repository(repository).linkBlob(digest, { quotas: desk.quotas });
  exchange.empty(201, {
    Location: `/v2/${repository}/blobs/${digest}`,
    "Docker-Content-Digest": digest,
    ETag: etagOf(digest),
  });
}

/** The whole blob in one POST. OCI distribution-spec "Single POST" (end-4b). */
export async function putBlob(desk: Desk, exchange: Exchange, repository: string, digest: Digest): Promise<void> {
  const { request } = exchange;
  const { uploads } = desk.storage.blobs;
  const size = announcedLength(request);
  if (size !== undefined && size <= Math.min(SMALL, desk.limits.blobSize)) {
    await desk.checkQuota(repository, size);
    const bytes = await readSmallBody(request, desk.limits, size);
    exchange.bytes.in += bytes.byteLength;
    return keepBlob(desk, exchange, repository, digest, async () =>
      explained(async () => desk.storage.blobs.put(digest, bytes)),
    );
  }
  // Nobody can go on with it but this request.
  const upload = await beginUpload(desk, exchange, repository);
  try {
    const { offset } = await receive(desk, exchange, upload);
    await desk.checkQuota(repository, offset);
    await keepBlob(desk, exchange, repository, digest, async () => {
      await explained(async () => uploads.finish(upload.id, digest));
    });
  } finally {
    await uploads.cancel(upload.id);
    desk.census.ended(repository);
  }
}
