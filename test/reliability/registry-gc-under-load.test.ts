/**
 * Figure: 0 missing blobs while 4 writers push, move and delete the same images and another process's collector works all the
 * time, for 6 seconds (soak: 3 minutes).
 */
import { it } from "vitest";

import { fsFixture } from "../../src/registry/storage/testing/fs-fixture.ts";
import { pushWhileCollecting } from "./registry-load.ts";
import { figure } from "./soak.ts";

const SECONDS = figure(6, 180);
const { open } = fsFixture();

it(`eats no push in ${SECONDS} seconds`, async () => {
  const server = await open();
  // Opened as a command beside the server is.
  const collector = await open({ purpose: "maintain" });
  await pushWhileCollecting({ servers: [server], collector, seconds: SECONDS, grace: 1000 });
});
