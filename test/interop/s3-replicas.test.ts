/** Several processes on one bucket: what one decides holds for the others, and nothing depends on who was asked before. */
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";

import { readAll } from "../../src/content/index.ts";
import { digestOf } from "../../src/oci/index.ts";
import { fsck, gc, scrub } from "../../src/registry/maintenance/index.ts";
import { createS3Storage } from "../../src/registry/storage/s3/index.ts";
import { bytesOf, contentOf, incoming, listOf, storeImage } from "../../src/registry/storage/testing/images.ts";
import type { RegistryStorage } from "../../src/registry/storage/types.ts";
import { makeImage } from "../../src/store/testing/images.ts";
import { describeWith } from "../tools.ts";
import { S3_TOOLS, select, startS3Services, type S3Place, type S3Services } from "./s3-services.ts";

const NAME = "examples/hello-world";
const MEBIBYTE = 1024 * 1024;

describeWith(S3_TOOLS, "two replicas on one bucket", () => {
  let services: S3Services;
  let place: S3Place;
  let one: RegistryStorage;
  let two: RegistryStorage;
  let opened: RegistryStorage[];
  const open = async (changes: Partial<S3Place> = {}): Promise<RegistryStorage> => {
    const storage = await createS3Storage({ ...place, ...changes });
    opened.push(storage);
    return storage;
  };
  const objectOf = async (digest: string): Promise<string> => {
    const [row] = await select<{ object: string }>(place, `SELECT object FROM blobs WHERE digest = '${digest}'`);
    return `skills/${row?.object}`;
  };
  const remove = async (Key: string): Promise<void> => {
    const client = services.client();
    await client.send(new DeleteObjectCommand({ Bucket: place.bucket, Key }));
    client.destroy();
  };

  beforeAll(async () => {
    services = await startS3Services();
  });
  afterAll(async () => services?.close());
  beforeEach(async () => {
    opened = [];
    place = await services.place();
    // Both make the tables at the same time.
    [one, two] = await Promise.all([open(), open()]);
  });
  afterEach(async () => {
    await Promise.all(opened.map(async (storage) => storage.close()));
  });

  it("let one of many racing pushes win a tag", async () => {
    const images = Array.from({ length: 50 }, (_, at) => makeImage(`image ${at}`));
    const outcomes = await Promise.allSettled(
      images.map(async (image, at) => {
        const { metadata } = at % 2 === 0 ? one : two;
        const move = { tag: "1.0.0", to: image.manifest.digest, expect: null };
        await metadata.repository(NAME).putManifest(incoming(image), move);
      }),
    );
    const winners = images.filter((_, at) => outcomes[at]?.status === "fulfilled");
    expect(winners).toHaveLength(1);
    for (const { metadata } of [one, two]) {
      expect(await metadata.repository(NAME).tag("1.0.0")).toBe(winners[0]?.manifest.digest);
      expect(await listOf(metadata.repository(NAME).manifests())).toHaveLength(1);
    }
  });

  it("decide on several tags one after the other", async () => {
    const { manifest } = await storeImage(one, NAME, "one", { tag: "count-0" });
    const { digest: to } = manifest;
    await Promise.all(
      Array.from({ length: 20 }, async (_, at) =>
        (at % 2 === 0 ? one : two).metadata.repository(NAME).exclusively(async (held) => {
          const [tag = ""] = await listOf(held.tags());
          const next = `count-${Number(tag.slice("count-".length)) + 1}`;
          await held.moveTags([
            { tag, to: undefined, expect: to },
            { tag: next, to, expect: null },
          ]);
        }),
      ),
    );
    expect(await listOf(one.metadata.repository(NAME).tags())).toEqual(["count-20"]);
  });

  it("write to more repositories at the same time than they have connections, each with work of its own inside", async () => {
    const small = await open({ postgres: { ...place.postgres, connections: 2 } });
    await Promise.all(
      Array.from({ length: 12 }, async (_, at) => {
        const name = `examples/r${at}`;
        const image = await storeImage(small, name, `image ${at}`);
        await small.metadata.repository(name).exclusively(async (held) => {
          await Promise.all([image.config, image.layer].map(async ({ digest }) => small.blobs.touch(digest)));
          expect(await held.touchBlob(image.layer.digest)).toBe(true);
          await held.moveTags([{ tag: "latest", to: image.manifest.digest }]);
        });
      }),
    );
    expect(await listOf(two.metadata.repositories())).toHaveLength(12);
  });

  it("stop waiting for a repository when whoever asked has gone", async () => {
    const gone = new AbortController();
    await one.metadata.repository(NAME).exclusively(async () => {
      const waiting = two.metadata.repository(NAME).exclusively(async () => undefined, { signal: gone.signal });
      gone.abort();
      await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    });
    await storeImage(two, NAME, "one", { tag: "1.0.0" });
    expect(await listOf(one.metadata.repository(NAME).tags())).toEqual(["1.0.0"]);
  });

  it("take an upload in turns, of parts and of pieces that are too small for a part", async () => {
    const bytes = new Uint8Array(16 * MEBIBYTE).map((_, at) => (at * 7) % 251);
    const { id } = await one.blobs.uploads.begin(NAME);
    let at = 0;
    for (const [turn, size] of [6, 1, 1, 7, 0.5, 0.5].entries()) {
      const piece = bytes.subarray(at, at + size * MEBIBYTE);
      const { blobs } = turn % 2 === 0 ? one : two;
      const chunks = [piece.subarray(0, 1000), piece.subarray(1000)];
      await blobs.uploads.append(id, at, contentFrom(chunks));
      at += piece.byteLength;
      expect((await one.blobs.uploads.find(id))?.offset).toBe(at);
    }
    const digest = digestOf(bytes);
    expect(await one.blobs.uploads.finish(id, digest)).toMatchObject({ size: bytes.byteLength });
    expect(digestOf(await readAll(two.blobs.read(digest)))).toBe(digest);
    const [start, end] = [5 * MEBIBYTE - 10, 6 * MEBIBYTE + 10];
    const range = await readAll(two.blobs.read(digest, { range: { start, end } }));
    expect(Buffer.compare(range, bytes.subarray(start, end + 1))).toBe(0);
  });

  it("refuse what another digest was meant by, also when each has only half of it", async () => {
    const { id } = await one.blobs.uploads.begin(NAME);
    await one.blobs.uploads.append(id, 0, contentOf("01234"));
    await two.blobs.uploads.append(id, 5, contentOf("56789"));
    await expect(two.blobs.uploads.finish(id, digestOf("another"))).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(await one.blobs.uploads.find(id)).toBeUndefined();
  });

  it("keep an upload from each other while one works on it, and no longer when that one was killed", async () => {
    const { id } = await one.blobs.uploads.begin(NAME);
    const hold = async (until: string): Promise<unknown> =>
      select(place, `UPDATE uploads SET holder = 'killed', held_until = now() + interval '${until}'`);
    await hold("30 seconds");
    await expect(two.blobs.uploads.append(id, 0, contentOf("0"))).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(two.blobs.uploads.finish(id, digestOf(""))).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await two.blobs.uploads.cancel(id)).toBe(false);
    await hold("-1 seconds");
    expect(await two.blobs.uploads.append(id, 0, contentOf("0123"))).toMatchObject({ offset: 4 });
    expect(await two.blobs.uploads.finish(id, digestOf("0123"))).toMatchObject({ size: 4 });
  });

  it("take nothing more from one that was thought dead and went on", async () => {
    const { id } = await one.blobs.uploads.begin(NAME);
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield bytesOf("zombie");
      await select(place, "UPDATE uploads SET held_until = now() - interval '1 second'");
      await two.blobs.uploads.append(id, 0, contentOf("0123"));
    }
    await expect(one.blobs.uploads.append(id, 0, slow())).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await two.blobs.uploads.finish(id, digestOf("0123"))).toMatchObject({ size: 4 });
    expect(await readAll(one.blobs.read(digestOf("0123")))).toEqual(bytesOf("0123"));
  });

  it("stop reading in the middle when whoever asked has gone", async () => {
    const bytes = new Uint8Array(8 * MEBIBYTE);
    await one.blobs.put(digestOf(bytes), bytes);
    const gone = new AbortController();
    const reading = async (): Promise<void> => {
      for await (const _ of two.blobs.read(digestOf(bytes), { signal: gone.signal })) gone.abort();
    };
    await expect(reading()).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("leave bytes in the bucket for the grace period after they were removed, and then nothing", async () => {
    let hours = 0;
    const now = (): number => Date.now() + hours * 3_600_000;
    const storage = await createS3Storage({ ...place, now });
    opened.push(storage);
    const { manifest } = await storeImage(storage, NAME, "one", { tag: "1.0.0" });
    await storage.metadata.repository(NAME).deleteManifest(manifest.digest);
    hours += 2;
    expect(await gc(storage, { now })).toMatchObject({ removed: { length: 3 }, unlinked: 2, swept: 0 });
    expect(await services.keysOf(place)).toHaveLength(4);
    expect(await listOf(fsck(two))).toEqual([]);
    hours += 2;
    expect(await gc(storage, { now })).toMatchObject({ removed: [], swept: 3 });
    expect(await services.keysOf(place)).toEqual(["skills/registry.json"]);
  });

  it("say what is missing in the bucket, and what nobody knows; a push heals", async () => {
    const { layer } = await storeImage(one, NAME, "one", { tag: "1.0.0" });
    const object = await objectOf(layer.digest);
    await remove(object);
    const client = services.client();
    const stray = { Bucket: place.bucket, Key: "skills/objects/00/stray", Body: "stray" };
    await client.send(new PutObjectCommand(stray));
    client.destroy();
    const issues = (await listOf(fsck(two))).map(({ kind, path }) => ({ kind, path }));
    expect(issues).toContainEqual({ kind: "file", path: object.slice("skills/".length) });
    expect(issues).toContainEqual({ kind: "file", path: "objects/00/stray" });
    await expect(readAll(two.blobs.read(layer.digest))).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
    expect((await scrub(two)).damaged).toMatchObject([{ digest: layer.digest, isSetAside: true }]);
    await storeImage(one, NAME, "one");
    await remove("skills/objects/00/stray");
    expect(await listOf(fsck(two))).toEqual([]);
  });

  it("are refused when bucket and database are not of one registry", async () => {
    await storeImage(one, NAME, "one", { tag: "1.0.0" });
    const other = await services.place();
    await (await createS3Storage(other)).close();
    const mixed = [open({ bucket: other.bucket }), open({ prefix: "elsewhere" }), open({ postgres: other.postgres })];
    for (const outcome of await Promise.allSettled(mixed)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "CONFIG_INVALID" } });
    }
  });

  it("are refused when the tables are of a newer version", async () => {
    await select(place, "INSERT INTO migrations VALUES (1000, now())");
    await expect(open()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });

  it("say which of the two does not answer", async () => {
    const endpoint = "http://127.0.0.1:1";
    await expect(open({ endpoint })).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE", message: /^S3 / });
    const connectionString = "postgres://somebody:secret@127.0.0.1:1/postgres";
    const refused = open({ postgres: { ...place.postgres, connectionString } });
    await expect(refused).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: expect.not.stringContaining("secret") as string,
    });
    const credentials = { accessKeyId: "loopback", secretAccessKey: "wrong" };
    await expect(open({ credentials })).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });
});

async function* contentFrom(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
