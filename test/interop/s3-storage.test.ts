/** The s3 driver over a real S3 server and a real PostgreSQL. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll } from "vitest";

import { createS3Storage } from "../../src/registry/storage/s3/index.ts";
import { describeRegistryStorage } from "../../src/registry/storage/testing/contract.ts";
import { describeWith } from "../tools.ts";
import { S3_TOOLS, select, startS3Services, type S3Services } from "./s3-services.ts";

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
});
