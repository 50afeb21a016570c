/** Taking a blob over from another repository. OCI distribution-spec "Mounting a blob from another repository" (end-11). */
import { isRepositoryPath, type Digest } from "../../oci/index.ts";
import type { Desk } from "./desk.ts";
import type { Exchange } from "./exchange.ts";
import { keepBlob } from "./store-blob.ts";

/**
 * Gives the repository a blob that another one has which the client may read: the one that `from` names; without `from`,
 * any. Answers and resolves to true, or resolves to false; whoever may not read a repository does not learn what it has.
 */
export async function mountBlob(desk: Desk, exchange: Exchange, repository: string, digest: Digest): Promise<boolean> {
  const stored = await desk.storage.blobs.stat(digest);
  if (stored === undefined) return false;
  const from = exchange.query.get("from");
  const isReadable =
    from === null || from === ""
      ? await isAnywhere(desk, exchange, repository, digest)
      : isRepositoryPath(from) && (await isIn(desk, exchange, from, digest));
  if (!isReadable) return false;
  await desk.checkQuota(repository, stored.size);
  if (!(await desk.storage.blobs.touch(digest))) return false;
  await keepBlob(desk, exchange, repository, digest, async () => undefined);
  return true;
}

async function isIn(desk: Desk, exchange: Exchange, repository: string, digest: Digest): Promise<boolean> {
  return (await desk.repository(repository).hasBlob(digest)) && (await desk.mayRead(exchange, repository));
}

/** Looks through the first repositories, the client's own one before all others. */
async function isAnywhere(desk: Desk, exchange: Exchange, own: string, digest: Digest): Promise<boolean> {
  const { signal } = exchange;
  if (await isIn(desk, exchange, own, digest)) return true;
  const { mountSearch: limit } = desk.limits;
  for await (const name of desk.storage.metadata.repositories({ limit, signal })) {
    if (await isIn(desk, exchange, name, digest)) return true;
  }
  return false;
}
