/** How long skillctl takes to do nothing, beside node doing nothing. */
import process from "node:process";

import { peer } from "../peers.mjs";

export function* rows({ skillctl, runs, peers }) {
  yield {
    what: "start-up: `skillctl version`",
    unit: "ms",
    runs: runs(31),
    ours: { command: skillctl("version") },
    peers: [
      { name: "`node -e 0`", task: { command: [process.execPath, "-e", "0"] } },
      peer("Go skillctl", peers.go, { command: [peers.go.path, "version"] }),
    ],
    targets: [{ text: "at most 1.6 × node", peer: "`node -e 0`", atMost: 1.6 }],
  };
}
