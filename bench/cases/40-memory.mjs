/** Peak memory of packing and unpacking a skill of 1 GiB, the unpacking limits raised. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

import { writeLargeSkill } from "../content.mjs";
import { canMeasureMemory, execute } from "../measure.mjs";
import { peer } from "../peers.mjs";

const MiB = 1024 * 1024;

export function* rows({ directory, quick, skillctl, peers }) {
  const size = quick ? 64 : 1024;
  const label = quick ? `${size} MiB` : "1 GiB";
  const [skill, store, image] = ["huge", "huge-store", "huge-image"].map((name) => join(directory, name));
  const reference = "bench/huge:1.0.0-draft";
  const beside = (name, program, task) =>
    canMeasureMemory ? peer(name, program, task) : { name, missing: "not measured (/usr/bin/time not installed)" };
  const target = { text: "under 150 MB", atMost: 150 };
  writeLargeSkill(skill, "huge", size * MiB);

  // buildah's child processes are many; its memory is that of the one that compresses, `commit`.
  const container = `bench-${process.pid}`;
  yield {
    what: `memory: pack ${label}`,
    unit: "MB",
    runs: 1,
    ours: { command: skillctl("pack", skill, "--store", store) },
    peers: [
      beside("`buildah commit`", peers.buildah, {
        prepare: () => {
          execute(["buildah", "from", "--name", container, "scratch"], {}, directory);
          execute(["buildah", "copy", "-q", container, skill, "/"], {}, directory);
        },
        command: ["buildah", "commit", "-q", "--rm", container, `oci:${image}:skill`],
      }),
    ],
    targets: [target],
  };
  rmSync(skill, { recursive: true });

  const limits = ["--limit", "compressedSize=2GiB", "--limit", "expandedSize=2GiB"];
  yield {
    what: `memory: unpack ${label}`,
    unit: "MB",
    runs: 1,
    ours: { command: skillctl("unpack", reference, "-o", join(directory, "unpacked"), "--store", store, ...limits) },
    peers: [
      beside("`umoci unpack`", peers.umoci, {
        command: ["umoci", "raw", "unpack", "--image", `${store}:${reference}`, join(directory, "umoci-unpacked")],
      }),
    ],
    targets: [target],
  };
}
