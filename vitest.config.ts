import { availableParallelism } from "node:os";

import { defineConfig } from "vitest/config";

/** Most tests wait for programs that they start, so each processor has a file of them at work. The last two kinds measure, or want the machine. */
const maxWorkers = availableParallelism();
const SOAK = process.env["SKILLIMAGE_SOAK"] === "1";

export default defineConfig({
  test: {
    reporters: ["default"],
    projects: [
      {
        test: {
          name: "unit",
          maxWorkers,
          // A busy machine is no failure.
          testTimeout: 30_000,
          include: [
            "src/**/*.test.ts",
            "test/*.test.ts",
            "test/golden/**/*.test.ts",
            "test/security/**/*.test.ts",
            "test/conformance/**/*.test.ts",
          ],
        },
      },
      {
        test: { name: "e2e", maxWorkers, include: ["test/e2e/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 },
      },
      {
        test: {
          name: "interop",
          include: ["test/interop/**/*.test.ts"],
          maxWorkers,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "delivery",
          include: ["test/delivery/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "reliability",
          include: ["test/reliability/**/*.test.ts"],
          testTimeout: SOAK ? 7_200_000 : 300_000,
          hookTimeout: SOAK ? 600_000 : 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
