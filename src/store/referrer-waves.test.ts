import { expect, it } from "vitest";

import { describeManifest, digestOf, MediaType } from "../oci/index.ts";
import { MemoryStore } from "./index.ts";
import { referrerWaves } from "./referrer-waves.ts";

it("an index that lists more images than anybody makes ends the search, instead of one request for each", async () => {
  const repository = new MemoryStore().repository("examples/hello");
  const members = Array.from({ length: 10_001 }, (_, at) => ({
    mediaType: MediaType.manifest,
    digest: digestOf(String(at)),
    size: 2,
  }));
  const document = { schemaVersion: 2, mediaType: MediaType.index, manifests: members };
  const { descriptor, bytes } = describeManifest(document, MediaType.index);
  const asked: string[] = [];
  const counting = {
    ...repository,
    name: repository.name,
    fetch: () => ({ [Symbol.asyncIterator]: () => pieces(bytes) }),
    referrers: ({ digest }: { readonly digest: string }) => {
      asked.push(digest);
      return pieces();
    },
  } as unknown as typeof repository;
  await expect(referrerWaves(counting, descriptor).next()).rejects.toMatchObject({
    code: "RESPONSE_INVALID",
    message: expect.stringContaining("more than 10000 referrers"),
  });
  expect(asked).toEqual([]);
});

async function* pieces(...bytes: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* bytes;
}
