#!/usr/bin/env node
/** The executable. Asking for the version loads nothing else, because scripts do it often. */
import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { loadScript } from "./code-cache/load-script.ts";
import { VERSION_LINE } from "./version.ts";

/** The build makes one script of all the rest and says here what it is called; run from source there is none. */
declare const __PROGRAM__: string | undefined;

/** The descriptor; the stream behind it would take longer to make than the version to print. */
const STDOUT = 1;

const argv = process.argv.slice(2);
const asksForVersion = argv.length === 1 && ["version", "--version", "-V"].includes(argv[0] ?? "");
if (!asksForVersion || !printVersion()) void start();

/** False when it cannot be printed: the long way then says why. */
function printVersion(): boolean {
  try {
    writeSync(STDOUT, VERSION_LINE);
    return true;
  } catch {
    return false;
  }
}

async function start(): Promise<void> {
  if (typeof __PROGRAM__ !== "string") {
    await (await import("./process.ts")).runProcess(argv);
  } else {
    const program = loadScript(fileURLToPath(new URL(__PROGRAM__, import.meta.url)), callName(), process.env);
    await (program.exports as typeof import("./process.ts")).runProcess(argv);
    // What is no command ends with another status, so there are no more names than commands.
    if (process.exitCode === 0) program.keep();
  }
  await end();
}

/**
 * Ends the process, whose work is done. To let it end by itself takes longer, as it would give back all its memory first; but after a
 * failure something may still be clearing up.
 */
async function end(): Promise<void> {
  if (process.exitCode !== 0) return;
  await Promise.all([process.stdout, process.stderr].map(flushed));
  process.exit();
}

/** Resolves when a stream has passed on what was written to it, or never will. */
async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength > 0) await new Promise((resolve) => stream.write("", resolve));
}

/** The command's name, if the call begins with something like one. */
function callName(): string | undefined {
  return /^[a-z_]{1,32}$/.exec(argv[0] ?? "")?.[0];
}
