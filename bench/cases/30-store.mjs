/** Working in a store of ten thousand images, beside the tools that read and tag the same layout. */
import { join } from "node:path";

import { writeSmallSkill } from "../content.mjs";
import { executable } from "../executable.mjs";
import { execute } from "../measure.mjs";
import { peer } from "../peers.mjs";
import { growStore } from "../store.mjs";

const AHEAD_OF_GO = { text: "ahead of the Go skillctl", peer: "Go skillctl", atMost: 1 };

export function* rows({ directory, quick, runs, skillctl, peers }) {
  const count = quick ? 500 : 10_000;
  const images = count.toLocaleString("en");
  const data = join(directory, "ten-thousand"); // where the Go skillctl looks for its store, too
  const store = join(data, "skillctl/store");
  const ours = (...args) => skillctl(...args, "--store", store);
  const alone = (...args) => [executable, ...args, "--store", store];
  const go = (...args) => ({ env: { XDG_DATA_HOME: data }, command: [peers.go.path, ...args] });
  const pack = (name) => {
    const skill = join(directory, "skills", name);
    writeSmallSkill(skill, name);
    execute(ours("pack", skill), {}, directory);
  };
  pack("template");
  growStore(store, count);

  yield {
    what: `list a store of ${images} images`,
    unit: "ms",
    runs: runs(11),
    ours: { command: ours("list") },
    peers: [
      peer("`umoci ls` (names only)", peers.umoci, { command: ["umoci", "ls", "--layout", store] }),
      peer("Go skillctl", peers.go, go("list")),
    ],
    targets: [{ text: "under 300 ms", atMost: 300 }, AHEAD_OF_GO],
  };

  if (executable !== undefined) {
    yield {
      what: `list a store of ${images} images, by the executable`,
      unit: "ms",
      runs: runs(11),
      ours: { command: alone("list") },
      peers: [{ name: "the same on Node.js", task: { command: ours("list") } }],
      targets: [{ text: "under 300 ms", atMost: 300 }],
    };
  }

  const one = "bench/skill-0007:1.3.0-draft";
  yield {
    what: `inspect one of ${images} images`,
    unit: "ms",
    runs: runs(11),
    ours: { command: ours("inspect", one) },
    peers: [
      peer("`skopeo inspect`", peers.skopeo, { command: ["skopeo", "inspect", `oci:${store}:${one}`] }),
      peer("`umoci stat`", peers.umoci, { command: ["umoci", "stat", "--image", `${store}:${one}`] }),
      peer("Go skillctl", peers.go, go("inspect", one)),
    ],
    targets: [AHEAD_OF_GO],
  };

  // Every promotion needs a draft of its own; the sample before it, a warm-up included, used the last one up.
  const promoting = (family, command, more = {}) => {
    let used = 0;
    return {
      ...more,
      prepare: () => pack(`${family}-${used++}`),
      get command() {
        return command("promote", `bench/${family}-${used - 1}:1.0.0-draft`, "--to", "testing", "--local");
      },
    };
  };
  yield {
    what: `promote one of ${images} images`,
    unit: "ms",
    runs: runs(7),
    ours: promoting("ours", ours),
    peers: [
      peer("`umoci tag` (no new manifest)", peers.umoci, {
        command: ["umoci", "tag", "--image", `${store}:${one}`, "bench/tagged:1"],
      }),
      peer(
        "Go skillctl",
        peers.go,
        promoting("theirs", (...args) => go(...args).command, { env: { XDG_DATA_HOME: data } }),
      ),
    ],
    targets: [{ text: "under 150 ms", atMost: 150 }, AHEAD_OF_GO],
  };

  if (executable === undefined) return;
  yield {
    what: `promote one of ${images} images, by the executable`,
    unit: "ms",
    runs: runs(7),
    ours: promoting("alone", alone),
    peers: [{ name: "the same on Node.js", task: promoting("again", ours) }],
    targets: [{ text: "under 150 ms", atMost: 150 }],
  };
}
