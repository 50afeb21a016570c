import { expect, it } from "vitest";

import { digestOf, MediaType } from "../../oci/index.ts";
import { failingFileSystem } from "../testing/failing-file-system.ts";
import { layoutFixture } from "../testing/layout-fixture.ts";

const { open } = layoutFixture();
const MiB = 1024 * 1024;
const large = new Uint8Array(MiB).fill(1);

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < count; at++) yield large;
}

it("a large blob is on its way to the disk before all of it has come", async () => {
  let [syncs, before] = [0, 0];
  const count = (operation: string): undefined => void (syncs += operation === "sync" ? 1 : 0);
  const store = await open({ fs: failingFileSystem(count) });
  async function* content(): AsyncGenerator<Uint8Array> {
    yield* pieces(40);
    before = syncs;
  }
  await store.repository("examples/a").ingest(MediaType.layerGzip, content());
  expect(before).toBeGreaterThan(0);
});

it("a flush that failed while a blob came is no success because a later one did not fail", async () => {
  let syncs = 0;
  const fault = (operation: string): string | undefined => (operation === "sync" && ++syncs === 1 ? "EIO" : undefined);
  const store = await open({ fs: failingFileSystem(fault) });
  const repository = store.repository("examples/a");
  const bytes = Buffer.concat(Array.from({ length: 40 }, () => large));
  const descriptor = { mediaType: MediaType.layerGzip, digest: digestOf(bytes), size: bytes.byteLength };
  // The first file that is flushed may be one that makes the directory a store.
  await repository.push({ ...descriptor, digest: digestOf(large), size: MiB }, large).catch(() => undefined);
  syncs = 0;
  await expect(repository.push(descriptor, pieces(40))).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  expect(await repository.exists(descriptor)).toBe(false);
});
