/** The s3 driver over a real S3 server and a real PostgreSQL. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { afterAll, beforeAll, expect, it } from "vitest";

import { createS3Storage } from "../../src/registry/storage/s3/index.ts";
import { describeRegistryStorage } from "../../src/registry/storage/testing/contract.ts";
import { incoming, storeImage } from "../../src/registry/storage/testing/images.ts";
import { makeImage } from "../../src/store/testing/images.ts";
import { describeWith } from "../tools.ts";
import { S3_TOOLS, select, startS3Services, type S3Services } from "./s3-services.ts";

/** Bytes that are in use. */
function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

describeWith(S3_TOOLS, "a registry in an S3 bucket and PostgreSQL", () => {
  let services: S3Services;
  beforeAll(async () => {
    services = await startS3Services();
  });
  afterAll(async () => services?.close());

  describeRegistryStorage("s3", async ({ now }) => {
    const place = await services.place();
    const storage = await createS3Storage({ ...place, now });
    const opened = [storage];
    return {
      storage,
      reopen: async () => {
        const again = await createS3Storage({ ...place, now });
        opened.push(again);
        return again;
      },
      damage: async (digest) => {
        const [row] = await select<{ object: string }>(place, `SELECT object FROM blobs WHERE digest = '${digest}'`);
        const path = join(services.directory, place.bucket, "skills", row?.object ?? "");
        const bytes = readFileSync(path);
        bytes[0] = (bytes[0] ?? 0) ^ 1;
        writeFileSync(path, bytes);
      },
      dispose: async () => {
        await Promise.all(opened.slice(1).map(async (each) => each.close()));
      },
    };
  });

  it("holds few of a list's manifests in memory, however much their annotations say", async () => {
    const storage = await createS3Storage(await services.place());
    const name = "examples/large";
    const { manifest: subject } = await storeImage(storage, name, "one");
    const annotations = { note: "x".repeat(2 * 1024 ** 2) };
    for (let at = 0; at < 24; at += 1) {
      const image = makeImage(`signature ${at}`, { subject });
      const said = { ...image, manifest: { ...image.manifest, annotations } };
      await storage.metadata.repository(name).putManifest(incoming(said, subject));
    }
    const before = heapInUse();
    let count = 0;
    for await (const _ of storage.metadata.repository(name).referrers(subject.digest)) {
      if (count === 0) expect(heapInUse() - before).toBeLessThan(16 * 1024 ** 2);
      count += 1;
    }
    expect(count).toBe(24);
    await storage.close();
  });
});
