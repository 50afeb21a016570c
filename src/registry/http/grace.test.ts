/** What a client is told to be there stays, however short the collector's grace period is. */
import { afterEach, expect, it } from "vitest";

import { digestOf } from "../../oci/index.ts";
import { createMemoryStorage } from "../storage/memory/index.ts";
import { startRegistry, type RunningRegistry } from "./testing/running-registry.ts";

let running: RunningRegistry;
afterEach(async () => running.close());

it.each([1000, 400_000])(
  "a blob that is asked for again is young again, with a grace period of %i ms",
  async (grace) => {
    let time = 0;
    const now = (): number => time;
    const storage = createMemoryStorage({ now });
    running = await startRegistry({ storage, now, grace });
    const digest = digestOf("{}");
    await running.fetch(`/v2/a/b/blobs/uploads/?digest=${digest}`, { method: "POST", body: "{}" });
    for (let asked = 0; asked < 10; asked++) {
      time += grace * 0.6;
      expect((await running.fetch(`/v2/a/b/blobs/${digest}`, { method: "HEAD" })).status).toBe(200);
      const { touched = -Infinity } = (await storage.blobs.stat(digest)) ?? {};
      expect(time - touched).toBeLessThanOrEqual(grace / 4);
    }
  },
);
