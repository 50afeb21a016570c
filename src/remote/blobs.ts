/** Blobs at one endpoint: whether they are there. How they are read is in `ranged-read.ts`, how written in `upload.ts`. */
import type { Descriptor } from "../oci/index.ts";
import type { OperationOptions } from "../store/types.ts";
import { hasStatus } from "./registry-error.ts";
import type { RepositoryClient } from "./repository-client.ts";

/** Whether the registry holds a blob of this digest and size. OCI distribution-spec "Checking if content exists". */
export async function hasBlob(
  repository: RepositoryClient,
  blob: Pick<Descriptor, "digest" | "size">,
  options: OperationOptions = {},
): Promise<boolean> {
  try {
    return await ask("HEAD", repository, blob, options);
  } catch (error) {
    if (hasStatus(error, 405)) return ask("GET", repository, blob, options);
    throw error;
  }
}

async function ask(
  method: "HEAD" | "GET",
  repository: RepositoryClient,
  { digest, size }: Pick<Descriptor, "digest" | "size">,
  options: OperationOptions,
): Promise<boolean> {
  const response = await repository.request({
    method,
    path: `blobs/${digest}`,
    access: "pull",
    doing: `look for ${digest}`,
    expect: [200, 404],
    ...options,
  });
  await response.discard();
  const length = response.headers["content-length"];
  return response.status === 200 && (length === undefined || Number(length) === size);
}
