/** Reading on where a connection broke, instead of from the start: of a blob, nothing is asked for twice. */
import { isSkillError, SkillError } from "../errors.ts";
import type { Descriptor } from "../oci/index.ts";
import type { OperationOptions } from "../store/types.ts";
import type { RegistryResponse } from "./client-types.ts";
import type { RepositoryClient } from "./repository-client.ts";

/** How often a broken connection is taken up again before there is progress, and the bytes that make it one. */
const MOST_RESUMPTIONS = 5;
const PROGRESS = 16 * 1024;

/**
 * The bytes of a blob from position `from` on. Throws `NOT_FOUND`; `SIZE_MISMATCH`, before any byte, when the registry
 * announces another size than the descriptor's; `REGISTRY_UNREACHABLE` when the connection broke too often. Not verified.
 */
export async function* readFrom(
  repository: RepositoryClient,
  descriptor: Descriptor,
  from: number,
  options: OperationOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = from;
  let idle = 0;
  const isSpent = (bytes: number): boolean => (idle = bytes < PROGRESS ? idle + 1 : 1) > MOST_RESUMPTIONS;
  for (;;) {
    const start = at;
    const response = await open(repository, descriptor, at, options);
    let skip = response.status === 206 ? 0 : at;
    try {
      for await (const chunk of response.body) {
        const part = chunk.subarray(Math.min(skip, chunk.byteLength));
        skip -= chunk.byteLength - part.byteLength;
        if (part.byteLength === 0) continue;
        at += part.byteLength;
        yield part;
      }
      // A server may give less than the range that it was asked for (RFC 9110, section 15.3.7): the rest is asked for next.
      if (response.status !== 206 || at >= descriptor.size || at === start) return;
    } catch (error) {
      if (!isSkillError(error, "REGISTRY_UNREACHABLE")) throw error;
      if (at >= descriptor.size) return;
      if (isSpent(at - start)) throw error;
      continue;
    }
    if (isSpent(at - start)) return;
  }
}

async function open(
  repository: RepositoryClient,
  descriptor: Descriptor,
  at: number,
  options: OperationOptions,
): Promise<RegistryResponse> {
  const response = await repository.request({
    method: "GET",
    path: `blobs/${descriptor.digest}`,
    access: "pull",
    doing: `read ${descriptor.digest}`,
    ...(at === 0 ? { expect: [200] } : { headers: { range: `bytes=${at}-` }, expect: [200, 206] }),
    ...options,
  });
  try {
    checkSize(repository, descriptor, at, response);
  } catch (error) {
    await response.discard();
    throw error;
  }
  return response;
}

const CONTENT_RANGE = /^bytes ([0-9]{1,15})-([0-9]{1,15})\/(?:([0-9]{1,15})|\*)$/;

function checkSize(
  repository: RepositoryClient,
  { digest, size }: Descriptor,
  at: number,
  { status, headers }: RegistryResponse,
): void {
  let total = headers["content-length"] === undefined ? size : Number(headers["content-length"]);
  if (status === 206) {
    const [, first, last, whole] = CONTENT_RANGE.exec(headers["content-range"] ?? "") ?? [];
    if (Number(first) !== at || Number(last) < at) {
      throw new SkillError(
        "RESPONSE_INVALID",
        `${repository.name}: asked for ${digest} from byte ${at} on, other bytes came`,
      );
    }
    total = Number(whole ?? size);
  }
  if (total === size) return;
  throw new SkillError("SIZE_MISMATCH", `${repository.name} has ${total} bytes for ${digest}, not ${size}`, {
    hint: "The manifest that refers to it and the registry disagree; push the image again from a good copy.",
  });
}
