/** The command as most people install it: one file without Node. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const EXECUTABLE = fileURLToPath(new URL("../release/linux-amd64/skillctl", import.meta.url));

/** Where `npm run release:build -- linux-amd64` puts it; `undefined` where that was not done, and nothing of it is measured. */
export const executable = existsSync(EXECUTABLE) ? EXECUTABLE : undefined;
