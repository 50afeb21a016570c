import { absentAsUndefined } from "../../../errno.ts";
import type { Digest } from "../../../oci/index.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import { inOrder } from "../../../store/in-order.ts";
import { unlessDamaged } from "../damaged.ts";
import type { Count } from "./ledger.ts";
import { BlobLinks } from "./links.ts";
import { ALGORITHMS, fileToDigest, type RegistryPaths } from "./paths.ts";
import { decodeRecord, MAX_RECORD } from "./records.ts";

/** Looks what a repository holds on the disk. A manifest whose record cannot be read counts when it is pushed again. */
export async function countRepository(disk: Disk<RegistryPaths>, name: string): Promise<Count> {
  const paths = disk.paths.repository(name);
  const absent = new Set<Digest>();
  let bytes = 0;
  let manifests = 0;
  for await (const { digest, size } of new BlobLinks(disk, paths).sizes()) {
    if (size === undefined) absent.add(digest);
    else bytes += size;
  }
  for (const algorithm of ALGORITHMS) {
    const directory = paths.manifests(algorithm);
    const names = (await disk.fs.list(directory).catch(absentAsUndefined)) ?? [];
    const digests = names.flatMap((each) => fileToDigest(algorithm, each, ".json") ?? []);
    const look = async (digest: Digest): Promise<number | undefined> => {
      const path = paths.manifest(digest);
      const record = await disk.fs.readFile(path, MAX_RECORD).catch(absentAsUndefined);
      if (record === undefined) return undefined;
      return (await unlessDamaged(async () => decodeRecord(path, digest, record)))?.descriptor.size;
    };
    for await (const size of inOrder(digests, 16, look)) {
      if (size === undefined) continue;
      bytes += size;
      manifests += 1;
    }
  }
  return { bytes, manifests, absent };
}
