/** Upload sessions. OCI distribution-spec "Pushing blobs" (end-4 to end-6, end-11, end-13, end-14). */
import { RegistryRefusal } from "../refusal.ts";
import type { Desk } from "./desk.ts";
import { refuseMethod, type Exchange } from "./exchange.ts";
import { mountBlob } from "./mount.ts";
import { digestIn, type Route } from "./route.ts";
import { keepBlob, putBlob } from "./store-blob.ts";
import { explained } from "./upload-errors.ts";
import { beginUpload, findUpload, progressOf, receive } from "./upload-session.ts";

type UploadsRoute = Extract<Route, { kind: "uploads" }>;
type UploadRoute = Extract<Route, { kind: "upload" }>;

/** Begins an upload; or takes a blob over from elsewhere, or in this one request, where there is no more to be done. */
export async function answerUploads(desk: Desk, exchange: Exchange, { repository }: UploadsRoute): Promise<void> {
  const { method, query } = exchange;
  if (method !== "POST") return refuseMethod(exchange, "POST");
  const mount = query.get("mount");
  if (mount !== null && (await mountBlob(desk, exchange, repository, digestIn(mount)))) return;
  const digest = query.get("digest");
  if (mount === null && digest !== null) return putBlob(desk, exchange, repository, digestIn(digest));
  const upload = await beginUpload(desk, exchange, repository);
  exchange.empty(202, progressOf(upload));
}

export async function answerUpload(desk: Desk, exchange: Exchange, route: UploadRoute): Promise<void> {
  switch (exchange.method) {
    case "GET":
    case "HEAD":
      return exchange.empty(204, progressOf(await findUpload(desk, exchange, route)));
    case "PATCH":
      return exchange.empty(202, progressOf(await receive(desk, exchange, await findUpload(desk, exchange, route))));
    case "PUT":
      return finish(desk, exchange, route);
    case "DELETE":
      return cancel(desk, exchange, route);
    default:
      return refuseMethod(exchange, "GET", "HEAD", "PATCH", "PUT", "DELETE");
  }
}

async function finish(desk: Desk, exchange: Exchange, route: UploadRoute): Promise<void> {
  const digest = digestIn(exchange.query.get("digest") ?? "");
  const upload = await receive(desk, exchange, await findUpload(desk, exchange, route));
  await desk.checkQuota(route.repository, upload.offset);
  await keepBlob(desk, exchange, route.repository, digest, async () => {
    try {
      await explained(async () => desk.storage.blobs.uploads.finish(upload.id, digest));
      desk.census.ended(route.repository);
    } catch (error) {
      // One of another digest is gone; one that could not be stored is still there, to be tried again.
      if ((await desk.storage.blobs.uploads.find(upload.id)) === undefined) desk.census.ended(route.repository);
      throw error;
    }
  });
}

async function cancel(desk: Desk, exchange: Exchange, route: UploadRoute): Promise<void> {
  const { id, repository } = await findUpload(desk, exchange, route);
  const { uploads } = desk.storage.blobs;
  if (await uploads.cancel(id)) desk.census.ended(repository);
  else if ((await uploads.find(id)) !== undefined) {
    throw new RegistryRefusal(409, "BLOB_UPLOAD_INVALID", `another request works on upload ${id}`, {
      hint: "End that one, and cancel it then.",
    });
  }
  exchange.empty(204);
}
