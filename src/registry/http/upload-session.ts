/** An upload session: begun, found again, and filled. OCI distribution-spec "Pushing a blob in chunks" (end-5). */
import { RegistryRefusal } from "../refusal.ts";
import type { Upload } from "../storage/types.ts";
import { announcedLength, counting, hasBody, readBody } from "./body.ts";
import type { Desk } from "./desk.ts";
import type { Exchange } from "./exchange.ts";
import { parseChunkRange } from "./ranges.ts";
import type { Route } from "./route.ts";
import { explained } from "./upload-errors.ts";

/** Throws a 429 refusal where too many are under way. */
export async function beginUpload(desk: Desk, { request, signal }: Exchange, repository: string): Promise<Upload> {
  await desk.checkQuota(repository, announcedLength(request) ?? 0);
  if (!(await desk.census.hasRoom(repository, desk.limits))) {
    throw new RegistryRefusal(429, "TOOMANYREQUESTS", "too many uploads are under way", {
      hint: "Finish or cancel some, or wait until those that were given up expire.",
      headers: { "Retry-After": "60" },
    });
  }
  const upload = await desk.storage.blobs.uploads.begin(repository, { signal });
  desk.census.began(repository);
  return upload;
}

/** The upload of this id, if it was begun in this repository. */
export async function findUpload(
  desk: Desk,
  { signal }: Exchange,
  { repository, id }: Extract<Route, { kind: "upload" }>,
): Promise<Upload> {
  const upload = await desk.storage.blobs.uploads.find(id, { signal });
  if (upload?.repository === repository) return upload;
  throw new RegistryRefusal(404, "BLOB_UPLOAD_UNKNOWN", `${repository} has no upload ${id}`, {
    hint: "It ended, or expired. Begin a new one.",
  });
}

/** Appends the body, if there is one, where it says that it belongs. What has arrived when it breaks off stays. */
export async function receive(desk: Desk, exchange: Exchange, upload: Upload): Promise<Upload> {
  const { request, bytes } = exchange;
  const expected = checkChunk(exchange, upload);
  const announced = announcedLength(request) ?? 0;
  const limit = desk.limits.blobSize;
  if (upload.offset + announced > limit) {
    throw new RegistryRefusal(413, "SIZE_INVALID", `a blob may have at most ${limit} bytes`);
  }
  await desk.checkQuota(upload.repository, upload.offset + announced);
  if (!hasBody(request)) return upload;
  const body = counting(readBody(request, desk.limits, expected), (count) => (bytes.in += count));
  return explained(async () => desk.storage.blobs.uploads.append(upload.id, upload.offset, body, { limit }));
}

/** Holds `Content-Range` against the upload and `Content-Length`; the bytes that it announces, if it is there. */
function checkChunk({ request, headers }: Exchange, upload: Upload): number | undefined {
  const header = headers["content-range"];
  if (header === undefined) return undefined;
  const range = parseChunkRange(header);
  if (range === undefined) {
    throw new RegistryRefusal(400, "BLOB_UPLOAD_INVALID", "Content-Range is not <first>-<last>", {
      hint: "Count bytes from 0, and name the last one, too: 0-1023.",
    });
  }
  const expected = range.end - range.start + 1;
  if (range.start !== upload.offset) throw outOfOrder(upload, range.start);
  if ((announcedLength(request) ?? expected) !== expected) {
    throw new RegistryRefusal(400, "SIZE_INVALID", "Content-Range and Content-Length say different sizes");
  }
  return expected;
}

/** Where an upload goes on. That there is no byte yet has no spelling of its own in the specification. */
export function progressOf({ repository, id, offset }: Upload): Record<string, string> {
  return {
    Location: `/v2/${repository}/blobs/uploads/${id}`,
    Range: `0-${Math.max(0, offset - 1)}`,
    "Docker-Upload-UUID": id,
  };
}

function outOfOrder(upload: Upload, start: number): RegistryRefusal {
  return new RegistryRefusal(
    416,
    "BLOB_UPLOAD_INVALID",
    `the upload goes on at byte ${upload.offset}, not at ${start}`,
    {
      headers: progressOf(upload),
    },
  );
}
