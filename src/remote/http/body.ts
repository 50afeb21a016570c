/** Bodies that are to be in memory as a whole. */
import { Pieces } from "../../content/index.ts";
import { SkillError } from "../../errors.ts";
import type { HttpResponse } from "./types.ts";

/**
 * The body of a response that must be small. Rejects with what `tooLong` makes, default a `RESPONSE_INVALID`, as soon as there are
 * more than `limit` bytes or are announced; the rest is not read. Rejects with what the body rejects with.
 */
export async function readBounded(
  response: HttpResponse,
  limit: number,
  tooLong: () => SkillError = () => tooLongFor(limit),
): Promise<Uint8Array> {
  if (Number(response.headers["content-length"] ?? 0) > limit) {
    await response.discard();
    throw tooLong();
  }
  const pieces = new Pieces();
  for await (const chunk of response.body) {
    if (pieces.size + chunk.byteLength > limit) throw tooLong();
    pieces.add(chunk);
  }
  // Copied even if there is but one: a chunk holds on to the whole of the socket's buffer, and a shared one on to others.
  return pieces.copy();
}

function tooLongFor(limit: number): SkillError {
  return new SkillError("RESPONSE_INVALID", `an answer is longer than the ${limit} bytes that it may have`, {
    hint: "Check that this is a registry, and not a page of something else.",
  });
}
