/**
 * A disk that fails when a change is in the journal already, and is only to be put in its place: whoever asked is told that it
 * failed, and it is made when the disk works again. What is decided meanwhile is decided on what there will be.
 */
import { expect, it } from "vitest";

import type { Digest } from "../../../oci/index.ts";
import { failingFileSystem, type FileOperation } from "../../../store/testing/failing-file-system.ts";
import { makeImage } from "../../../store/testing/images.ts";
import { fsck } from "../../maintenance/fsck.ts";
import { fsFixture } from "../testing/fs-fixture.ts";
import { incoming, listOf, storeImage } from "../testing/images.ts";
import type { RegistryStorage, RepositoryMetadata } from "../types.ts";

const NAME = "examples/hello-world";
const { open } = fsFixture();

interface World {
  readonly storage: RegistryStorage;
  readonly repository: RepositoryMetadata;
  /** Lets an operation fail on paths with this in them; `undefined`: none. */
  readonly breaks: (operation: FileOperation, part: string | undefined) => void;
}

async function world(): Promise<World> {
  let [broken, where]: [FileOperation, string | undefined] = ["unlink", undefined];
  const fs = failingFileSystem((operation, path) =>
    where !== undefined && operation === broken && path.includes(where) ? "EIO" : undefined,
  );
  const storage = await open({ fs });
  return {
    storage,
    repository: storage.metadata.repository(NAME),
    breaks: (operation, part) => void ([broken, where] = [operation, part]),
  };
}

async function digests(repository: RepositoryMetadata, remembered = false): Promise<Digest[]> {
  const manifests = await listOf(repository.manifests({ remembered }));
  return manifests.map(({ descriptor }) => descriptor.digest).toSorted();
}

/** What whoever opens the registry next finds of it. */
async function afterwards({ storage }: World): Promise<RegistryStorage> {
  await storage.close();
  return open();
}

it("a manifest that is put again after a delete that failed stays", async () => {
  const its = await world();
  const { repository, storage, breaks } = its;
  const image = await storeImage(storage, NAME, "one");
  breaks("unlink", "/manifests/");
  await expect(repository.deleteManifest(image.manifest.digest)).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  breaks("unlink", undefined);
  await repository.putManifest(incoming(image));
  await storeImage(storage, NAME, "two");
  expect(await digests(repository)).toContain(image.manifest.digest);
  const next = await afterwards(its);
  expect(await digests(next.metadata.repository(NAME))).toContain(image.manifest.digest);
});

it("a tag that is set after a delete that failed names what is there", async () => {
  const its = await world();
  const { repository, storage, breaks } = its;
  const image = await storeImage(storage, NAME, "one", { tag: "x" });
  const { digest } = image.manifest;
  breaks("unlink", "/manifests/");
  await expect(repository.deleteManifest(digest)).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  breaks("unlink", undefined);
  await expect(repository.moveTags([{ tag: "y", to: digest }])).rejects.toMatchObject({ code: "BLOB_MISSING" });
  await repository.putManifest(incoming(image), { tag: "z", to: digest });
  const next = await afterwards(its);
  const again = next.metadata.repository(NAME);
  expect(await listOf(again.tags())).toEqual(["z"]);
  expect((await again.manifest(digest))?.descriptor.digest).toBe(digest);
  expect(await listOf(fsck(next))).toEqual([]);
});

it("a blob that is linked after an unlinking that failed is linked", async () => {
  const its = await world();
  const { repository, storage, breaks } = its;
  const { layer } = await storeImage(storage, NAME, "one");
  breaks("unlink", "/_/blobs/");
  await expect(repository.unlinkBlob(layer.digest)).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  breaks("unlink", undefined);
  await repository.linkBlob(layer.digest);
  await storeImage(storage, NAME, "two");
  expect(await repository.hasBlob(layer.digest)).toBe(true);
});

it("whoever decides alone sees what was put late", async () => {
  const { repository, storage, breaks } = await world();
  const one = makeImage("one");
  breaks("rename", "/tags/");
  const late = storeImage(storage, NAME, "one", { tag: "1.0.0" });
  await expect(late).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  breaks("rename", undefined);
  const { digest } = one.manifest;
  await repository.exclusively(async (held) => {
    expect(await held.tag("1.0.0")).toBe(digest);
    expect(await digests(held, true)).toEqual([digest]);
    const move = held.moveTags([{ tag: "1.0.0", to: digest, expect: null }]);
    await expect(move).rejects.toMatchObject({ code: "CONFLICT" });
  });
});

it("while the disk fails, nothing is decided, and what is remembered is what the disk has", async () => {
  const { repository, storage, breaks } = await world();
  const base = await storeImage(storage, NAME, "base");
  const image = await storeImage(storage, NAME, "one", { tag: "x", subject: base.manifest });
  breaks("unlink", "/tags/");
  const remove = repository.deleteManifest(image.manifest.digest);
  await expect(remove).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  await digests(repository, true);
  breaks("unlink", "/referrers/");
  await expect(storeImage(storage, NAME, "two")).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  const decide = repository.exclusively(async () => "decided");
  await expect(decide).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
  expect(await digests(repository, true)).toEqual(await digests(repository));
  breaks("unlink", undefined);
  await storeImage(storage, NAME, "two");
  expect(await digests(repository, true)).toEqual(await digests(repository));
  expect(await listOf(fsck(storage))).toEqual([]);
});
