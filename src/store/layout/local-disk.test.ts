import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

import { isOnLocalDisk } from "./local-disk.ts";

it.runIf(existsSync("/dev/shm"))("memory of the machine is local, also where nothing is yet", async () => {
  expect(await isOnLocalDisk("/dev/shm")).toBe(true);
  expect(await isOnLocalDisk(join("/dev/shm", "not", "there"))).toBe(true);
});

it.runIf(existsSync("/proc/self"))(
  "what is no file system on a disk is not, nor what cannot be looked at",
  async () => {
    expect(await isOnLocalDisk("/proc/self")).toBe(false);
    expect(await isOnLocalDisk("/proc/self/status/below-a-file")).toBe(false);
  },
);
