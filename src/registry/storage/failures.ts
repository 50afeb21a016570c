/** What drivers throw, in the same words whichever driver it is. */
import { SkillError } from "../../errors.ts";
import type { Digest } from "../../oci/index.ts";
import type { TagMove } from "./types.ts";

export function blobAbsent(digest: Digest, cause?: unknown): SkillError {
  return new SkillError("NOT_FOUND", `${digest} is not in the registry`, { cause });
}

export function blobDamaged(digest: Digest, actual: string): SkillError {
  return new SkillError("DIGEST_MISMATCH", `content of ${digest} hashes to ${actual}`, {
    hint: "It was damaged or changed on its way; push it again.",
  });
}

export function uploadAbsent(id: string): SkillError {
  return new SkillError("NOT_FOUND", `there is no upload ${id}`, { hint: "It ended, or expired. Begin a new one." });
}

export function uploadBusy(id: string): SkillError {
  return new SkillError("CONFLICT", `another request works on upload ${id}`, {
    hint: "Ask where the upload ends, and go on from there.",
  });
}

export function uploadElsewhere(id: string, end: number, offset: number): SkillError {
  return new SkillError("CONFLICT", `upload ${id} ends at ${end}, not at ${offset}`, {
    hint: "Ask where the upload ends, and go on from there.",
  });
}

export function uploadTooLarge(limit: number): SkillError {
  return new SkillError("ARCHIVE_LIMIT", `the upload is larger than ${limit} bytes`, {
    hint: "Whoever runs the registry can raise the limit.",
  });
}

/** Throws `CONFLICT` when a tag does not name what the move expects. */
export function checkExpectation(repository: string, move: TagMove, current: Digest | undefined): void {
  if (move.expect === undefined || (move.expect ?? undefined) === current) return;
  throw new SkillError("CONFLICT", `${repository}:${move.tag} names ${current ?? "nothing"} now`, {
    hint: "Somebody changed the tag meanwhile. Look at it and decide again.",
  });
}

export function manifestAbsent(repository: string, tag: string, digest: Digest): SkillError {
  return new SkillError("BLOB_MISSING", `${repository} has no manifest ${digest}; the tag ${tag} would point at it`);
}
