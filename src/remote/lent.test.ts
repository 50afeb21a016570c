/** A layer's memory is used again while it is pulled, and nobody who keeps a part of it sees it change. */
import { describe, expect, it, onTestFinished } from "vitest";

import { temporaryDirectory } from "../../test/fixtures/temporary-directory.ts";
import { isLent, lent, readAll, type Content } from "../content/index.ts";
import { digestOf, type Descriptor } from "../oci/index.ts";
import { LayoutStore, type Repository } from "../store/index.ts";
import type { RemoteRepository } from "./repository.ts";
import { setUpRemote } from "./testing/remote-fixture.ts";

const MIB = 1024 ** 2;
const LAYER = Buffer.alloc(24 * MIB);
for (let at = 0; at < LAYER.byteLength; at += 4) LAYER.writeUInt32LE(at, at);
const DESCRIPTOR: Descriptor = {
  mediaType: "application/octet-stream",
  digest: digestOf(LAYER),
  size: LAYER.byteLength,
};

async function withLayer(): Promise<RemoteRepository> {
  const { repository } = await setUpRemote();
  await repository.push(DESCRIPTOR, LAYER);
  return repository;
}

const sizeOf = (memory: ReadonlySet<ArrayBufferLike>): number =>
  [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);

/** An empty layout's repository. */
async function emptyLayout(): Promise<Repository> {
  const { path, remove } = await temporaryDirectory();
  onTestFinished(remove);
  return (await LayoutStore.open(path)).repository("a/b");
}

async function* tellingOf(content: Content, tell: (chunk: Uint8Array) => void): Content {
  for await (const chunk of content) {
    tell(chunk);
    yield chunk;
  }
}

describe("a layer that is pulled into a layout", () => {
  it("passes through a part of its size, and arrives as it is", async () => {
    const [remote, local] = [await withLayer(), await emptyLayout()];
    const content = remote.fetch(DESCRIPTOR);
    expect(isLent(content)).toBe(true);
    const passed = new Set<ArrayBufferLike>();
    await local.push(DESCRIPTOR, lent(tellingOf(content, ({ buffer }) => void passed.add(buffer))));
    expect(digestOf(await readAll(local.fetch(DESCRIPTOR)))).toBe(DESCRIPTOR.digest);
    expect(sizeOf(passed)).toBeLessThan(LAYER.byteLength / 2);
  });

  it("can be kept by whoever stands between the two", async () => {
    const [remote, local] = [await withLayer(), await emptyLayout()];
    const kept: Uint8Array[] = [];
    await local.push(
      DESCRIPTOR,
      tellingOf(remote.fetch(DESCRIPTOR), (chunk) => void kept.push(chunk)),
    );
    expect(digestOf(Buffer.concat(kept))).toBe(DESCRIPTOR.digest);
  });
});

it("a layer that is read for oneself can be kept", async () => {
  const remote = await withLayer();
  const kept: Uint8Array[] = [];
  for await (const chunk of remote.fetch(DESCRIPTOR)) kept.push(chunk);
  expect(digestOf(Buffer.concat(kept))).toBe(DESCRIPTOR.digest);
});
