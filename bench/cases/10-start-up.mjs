/** How long skillctl takes to do nothing, beside node doing nothing. */
import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { peer } from "../peers.mjs";

/** Where `npm run release:build -- linux-amd64` puts it; measured where it has been made. */
const EXECUTABLE = fileURLToPath(new URL("../../release/linux-amd64/skillctl", import.meta.url));
const validate = ["validate", fileURLToPath(new URL("../../examples/hello-world", import.meta.url))];

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

  if (!existsSync(EXECUTABLE)) return;
  for (const args of [["version"], validate]) {
    yield {
      what: `start-up of the executable: \`skillctl ${args[0]}\``,
      unit: "ms",
      runs: runs(31),
      ours: { command: [EXECUTABLE, ...args] },
      peers: [{ name: "the same on Node.js", task: { command: skillctl(...args) } }],
      targets: [],
    };
  }
}
