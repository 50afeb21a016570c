import { expect, it } from "vitest";

import { bytesOf, describeBytes } from "../store/testing/images.ts";
import { OwnMount } from "./own-mount.ts";
import { RepositoryClient } from "./repository-client.ts";
import { SinglePost } from "./single-post.ts";
import { setUpRemote } from "./testing/remote-fixture.ts";
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
    singlePost: new SinglePost(),
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

it("an upload that is given up is removed under its newest address, which a registry that signs offsets wants", async () => {
  const { registry, repository } = await setUpRemote();
  const newest = "newest=1";
  registry.fail({ method: "DELETE", path: /^(?!.*newest)/, status: 404 });
  registry.fail({ method: "GET", path: "uploads/", status: 204, headers: { location: `/v2/moved?${newest}` } });
  registry.fail({ method: "DELETE", path: newest, status: 204 });
  registry.fail({ method: "PUT", status: 400 });
  const bytes = bytesOf("content");
  await expect(repository.push(describeBytes(bytes), bytes)).rejects.toThrow();
  expect(registry.takeLog().at(-1)).toBe(`DELETE /v2/moved?${newest} 204`);
});

it("an upload that is given up is removed as soon as the registry is done with what came of it", async () => {
  const { registry, repository } = await setUpRemote();
  registry.fail({ method: "DELETE", status: 409, times: 2 });
  registry.fail({ method: "PUT", status: 400 });
  const bytes = bytesOf("content");
  await expect(repository.push(describeBytes(bytes), bytes)).rejects.toMatchObject({ code: "REGISTRY_ERROR" });
  const removals = registry.takeLog().filter((line) => line.startsWith("DELETE"));
  expect(removals.map((line) => line.split(" ").at(-1))).toEqual(["409", "409", "204"]);
});
