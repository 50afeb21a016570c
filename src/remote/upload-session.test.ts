import { expect, it } from "vitest";

import { OwnMount } from "./own-mount.ts";
import { RepositoryClient } from "./repository-client.ts";
import { UploadSession } from "./upload-session.ts";

/** A session that was begun with these headers. */
async function begun(headers: Readonly<Record<string, string>>): Promise<UploadSession> {
  const url = new URL("https://registry.example/v2/a/blobs/uploads/");
  const request = async () => ({
    status: 202,
    url,
    isRepeated: false,
    headers: { location: "/upload", ...headers },
    body: (async function* () {})(),
    discard: async () => undefined,
  });
  const client = new RepositoryClient({ registry: "registry.example", request }, "a", {
    listsReferrers: undefined,
    ownMount: new OwnMount(),
  });
  return UploadSession.begin(client, {});
}

it.each([
  ["5242880", 5_242_880],
  ["999999999", 64 * 1024 * 1024],
  ["99999999999999999999", 0],
  ["-1", 0],
  ["1e9", 0],
])("a registry that wants chunks of at least %s bytes cannot make us hold more than 64 MiB", async (wanted, taken) => {
  expect((await begun({ "oci-chunk-min-length": wanted })).minChunk).toBe(taken);
});

it("a registry that does not say where an upload goes on is refused", async () => {
  for (const location of ["http://", "http://[::1", "//"]) {
    await expect(begun({ location })).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
  }
});
