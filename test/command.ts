/** The command that the tests run as a process. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The build that the command is, unless SKILLCTL names another. */
export const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const OTHER = process.env["SKILLCTL"] ?? "";

/** The command under test: the build on this Node.js, or the program that SKILLCTL names (an executable, a script). */
export const COMMAND: readonly [string, ...string[]] = OTHER === "" ? [process.execPath, MAIN] : [resolve(OTHER)];
for (const file of COMMAND) if (!existsSync(file)) throw new Error(`${file} is missing: npm run build`);

/** Whether the command is the build on this Node.js, into which the V8 inside can be asked to look. */
export const IS_BUILD = OTHER === "";
