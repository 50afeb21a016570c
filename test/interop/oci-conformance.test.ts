/** The official conformance program of OCI distribution-spec, against `skillctl serve`. docs/conformance.md shows its counts. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

import { expect, it } from "vitest";

import { temporaryDirectory } from "../fixtures/temporary-directory.ts";
import { describeWith, ociConformance } from "../tools.ts";
import { startEmbeddedRegistry } from "./embedded.ts";

describeWith([ociConformance], "the official conformance program", () => {
  it("finds nothing to complain of, with everything of version 1.1 turned on", async () => {
    const { path, remove } = await temporaryDirectory();
    const registry = await startEmbeddedRegistry();
    try {
      await promisify(execFile)(ociConformance.path ?? "", [], {
        cwd: path,
        maxBuffer: 64 * 1024 * 1024,
        env: {
          HOME: path,
          OCI_REGISTRY: registry.host,
          OCI_TLS: "disabled",
          OCI_VERSION: "1.1",
          OCI_RESULTS_DIR: path,
          // Off unless asked for: what the specification leaves to a registry, and ours does.
          OCI_API_BLOBS_UPLOAD_CANCEL: "true",
          OCI_API_BLOBS_DIGEST_HEADER: "true",
          OCI_API_MANIFESTS_DIGEST_HEADER: "true",
        },
      });
      const report = await readFile(`${path}/junit.xml`, "utf8");
      const counts = /<testsuites [^>]*>/.exec(report)?.[0] ?? "";
      const count = (name: string): number => Number(new RegExp(` ${name}="([0-9]+)"`).exec(counts)?.[1] ?? 0);
      expect(count("tests")).toBeGreaterThan(800);
      expect([count("failures"), count("errors"), count("skipped")]).toEqual([0, 0, 0]);
    } finally {
      await registry.close();
      await remove();
    }
  });
});
