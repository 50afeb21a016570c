/** How long skillctl takes to do nothing, beside node doing nothing. */
import process from "node:process";
import { fileURLToPath } from "node:url";

import { executable } from "../executable.mjs";
import { peer } from "../peers.mjs";

const validate = ["validate", fileURLToPath(new URL("../../examples/hello-world", import.meta.url))];

export function* rows({ skillctl, runs, peers }) {
  yield {
    what: "start-up: `skillctl version`",
    unit: "ms",
    runs: runs(31),
    ours: { command: skillctl("version") },
    peers: [
      { name: "`node -e 0`", task: { command: [process.execPath, "-e", "0"] } },
      peer("Go skillctl", peers.go, { command: [peers.go.path, "--version"] }),
    ],
    targets: [{ text: "at most 1.6 × node", peer: "`node -e 0`", atMost: 1.6 }],
  };

  if (executable === undefined) return;
  for (const args of [["version"], validate]) {
    yield {
      what: `start-up of the executable: \`skillctl ${args[0]}\``,
      unit: "ms",
      runs: runs(31),
      ours: { command: [executable, ...args] },
      peers: [{ name: "the same on Node.js", task: { command: skillctl(...args) } }],
      targets: [],
    };
  }
}
