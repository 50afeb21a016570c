#!/usr/bin/env node
/** The executable. Asking for the version loads nothing else, because scripts do it often. */
import { writeSync } from "node:fs";

import { VERSION_LINE } from "./version.ts";

/** The descriptor; the stream behind it would take longer to make than the version to print. */
const STDOUT = 1;

const argv = process.argv.slice(2);
const asksForVersion = argv.length === 1 && ["version", "--version", "-V"].includes(argv[0] ?? "");
// Not awaited: a script in CommonJS, as the executables are made from, cannot wait at its top.
if (!asksForVersion || !printVersion()) void import("./process.ts").then(({ runProcess }) => runProcess(argv));

/** False when it cannot be printed: the long way then says why. */
function printVersion(): boolean {
  try {
    writeSync(STDOUT, VERSION_LINE);
    return true;
  } catch {
    return false;
  }
}
