/** Bit rot: disks forget. Whoever looks in time still has the images elsewhere, and can push them again. */
import { isSkillError } from "../../errors.ts";
import type { Digest } from "../../oci/index.ts";
import type { OperationOptions } from "../../store/types.ts";
import type { RegistryStorage, StoredBlob } from "../storage/types.ts";
import { findUses, type BlobUse } from "./uses.ts";

export interface ScrubOptions extends OperationOptions {
  /** Only says what is damaged, and leaves it where it is. Default: false. */
  readonly dryRun?: boolean;
  /** Called after each blob. */
  readonly onProgress?: (progress: { readonly blobs: number; readonly bytes: number }) => void;
}

export interface DamagedBlob {
  readonly digest: Digest;
  /** What is wrong, for a person. */
  readonly message: string;
  /** Whether it was taken out of the way, so that a push of it heals. One that the disk cannot read stays where it is. */
  readonly isSetAside: boolean;
  /** Who needs it: a push of one of these images brings it back. Nobody, when it is garbage. */
  readonly uses: readonly BlobUse[];
}

export interface ScrubReport {
  readonly blobs: number;
  readonly bytes: number;
  readonly damaged: readonly DamagedBlob[];
}

/** Reads every blob and compares it with its digest; safe beside a server. Damaged ones are taken out of the way. */
export async function scrub(storage: RegistryStorage, options: ScrubOptions = {}): Promise<ScrubReport> {
  const damaged: Omit<DamagedBlob, "uses">[] = [];
  let [blobs, bytes] = [0, 0];
  for await (const blob of storage.blobs.list(options)) {
    const message = await findDamage(storage, blob, options);
    if (message !== undefined) {
      const isSetAside = options.dryRun !== true && (await setAside(storage, blob.digest, options));
      damaged.push({ digest: blob.digest, message, isSetAside });
    }
    blobs += 1;
    bytes += blob.size;
    options.onProgress?.({ blobs, bytes });
  }
  const uses = await findUses(storage, new Set(damaged.map(({ digest }) => digest)), options);
  return { blobs, bytes, damaged: damaged.map((each) => ({ ...each, uses: uses.get(each.digest) ?? [] })) };
}

/** What is wrong with a blob; `undefined` when nothing is, or it was removed meanwhile. */
async function findDamage(
  { blobs }: RegistryStorage,
  { digest }: StoredBlob,
  options: OperationOptions,
): Promise<string | undefined> {
  try {
    for await (const _ of blobs.read(digest, { ...options, fresh: true, transient: true }));
    return undefined;
  } catch (error) {
    if (isSkillError(error, "NOT_FOUND")) return undefined;
    if (isSkillError(error, "DIGEST_MISMATCH") || isSkillError(error, "FILE_UNREADABLE")) return error.message;
    throw error;
  }
}

async function setAside({ blobs }: RegistryStorage, digest: Digest, options: OperationOptions): Promise<boolean> {
  try {
    return await blobs.setAside(digest, options);
  } catch (error) {
    if (isSkillError(error, "FILE_UNREADABLE")) return false;
    throw error;
  }
}
