/** Blobs at one endpoint: whether they are there. How they are read is in `ranged-read.ts`, how written in `upload.ts`. */
import type { Descriptor } from "../oci/index.ts";
import type { OperationOptions } from "../store/types.ts";
import { hasStatus } from "./registry-error.ts";
import type { Access } from "./client-types.ts";
import type { RepositoryClient } from "./repository-client.ts";

/** Whether the registry holds a blob of this digest and size. `access`: what is to be done next, default `pull`. OCI distribution-spec "Checking if content exists". */
export async function hasBlob(
  repository: RepositoryClient,
  blob: Pick<Descriptor, "digest" | "size">,
  options: OperationOptions & { readonly access?: Access } = {},
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
  { access = "pull", ...options }: OperationOptions & { readonly access?: Access },
): Promise<boolean> {
  const response = await repository.request({
    method,
    path: `blobs/${digest}`,
    access,
    doing: `look for ${digest}`,
    expect: [200, 404],
    ...options,
  });
  await response.discard();
  const length = response.headers["content-length"];
  return response.status === 200 && (length === undefined || Number(length) === size);
}
