/**
 * Figure: a replica is killed after each thing (in CI, every fourth) that it does to the bucket, before it can tell the database: 0 blobs missing,
 * 0 objects left after garbage collections, and the next one is not in its way.
 */
import { expect, it } from "vitest";

import { fsck, gc } from "../../src/registry/maintenance/index.ts";
import { createS3Storage } from "../../src/registry/storage/s3/index.ts";
import { listOf } from "../../src/registry/storage/testing/images.ts";
import { S3_TOOLS, select, startS3Services, type S3Place, type S3Services } from "../interop/s3-services.ts";
import { describeWith } from "../tools.ts";
import { startKillingProxy, type KillingProxy } from "./killing-proxy.ts";
import { figure, report } from "./soak.ts";
import { startWorker, type Worker } from "./worker.ts";

const DAY = 86_400_000;
/** All of them take two minutes. */
const STRIDE = figure(4, 1);
const STEPS = ["open", "pushed", "deleted", "collected"];

describeWith(S3_TOOLS, "a replica that is killed between S3 and PostgreSQL", () => {
  it("leaves garbage only, which a collector finds", async () => {
    const services = await startS3Services();
    const proxy = await startKillingProxy(services.endpoint);
    try {
      const whole = run(proxy, await services.place(), Infinity);
      expect([await whole.ended, whole.errors()]).toEqual([0, expect.not.stringContaining("Error")]);
      expect(whole.lines).toEqual(STEPS);
      const { changes } = proxy;
      expect(changes).toBeGreaterThan(12);
      for (let change = 1; change <= changes; change += STRIDE) await killAfter(change, services, proxy);
      report(`killed after ${Math.ceil(changes / STRIDE)} of ${changes} changes`);
    } finally {
      await proxy.close();
      await services.close();
    }
  });
});

function run(proxy: KillingProxy, place: S3Place, change: number): Worker {
  const worker = startWorker("s3-writer", JSON.stringify({ ...place, endpoint: proxy.url }));
  proxy.arm(change, () => worker.kill());
  return worker;
}

async function killAfter(change: number, services: S3Services, proxy: KillingProxy): Promise<void> {
  const place = await services.place();
  const killed = run(proxy, place, change);
  expect(await killed.ended, `after change ${change} it went on: ${killed.errors()}`).toBeUndefined();
  const storage = await createS3Storage(place);
  try {
    expect(await listOf(fsck(storage)), `after change ${change}`).toEqual([]);
    const isPushed = killed.lines.includes("pushed") && !killed.lines.includes("deleted");
    // Days later nothing of it is young, nor held.
    await select(place, "UPDATE uploads SET held_until = now() - interval '1 second'");
    const now = (): number => Date.now() + 2 * DAY;
    for (let round = 0; round < 2; round += 1) await gc(storage, { now });
    expect(await listOf(storage.blobs.uploads.list())).toEqual([]);
    expect(await services.keysOf(place), `after change ${change}`).toHaveLength(isPushed ? 4 : 1);
  } finally {
    await storage.close();
  }
  const next = run(proxy, place, Infinity);
  expect([await next.ended, next.lines], next.errors()).toEqual([0, STEPS]);
}
