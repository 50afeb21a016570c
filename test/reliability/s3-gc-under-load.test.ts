/**
 * Figure: 0 missing blobs while 4 writers push, move and delete the same images through two replicas on one bucket, and a third
 * collects garbage all the time, for 8 seconds (soak: 3 minutes).
 */
import { it } from "vitest";

import { createS3Storage } from "../../src/registry/storage/s3/index.ts";
import { S3_TOOLS, startS3Services } from "../interop/s3-services.ts";
import { describeWith } from "../tools.ts";
import { pushWhileCollecting } from "./registry-load.ts";
import { figure } from "./soak.ts";

const SECONDS = figure(8, 180);

describeWith(S3_TOOLS, "a collector beside two replicas on one bucket", () => {
  it(`eats no push in ${SECONDS} seconds`, async () => {
    const services = await startS3Services();
    try {
      const place = await services.place();
      const [one, two, collector] = [
        await createS3Storage(place),
        await createS3Storage(place),
        await createS3Storage(place),
      ];
      await pushWhileCollecting({ servers: [one, two], collector, seconds: SECONDS, grace: 1500 });
      await Promise.all([one, two, collector].map(async (storage) => storage.close()));
    } finally {
      await services.close();
    }
  });
});
