#!/usr/bin/env node
/**
 * The process around the command: arguments in, exit status out, and what signals and closed pipes mean.
 *
 * Asking for the version loads nothing else, because scripts do it often.
 */
import { writeSync } from "node:fs";

import { VERSION_LINE } from "./version.ts";

/** The descriptor; the stream behind it would take longer to make than the version to print. */
const STDOUT = 1;

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

const argv = process.argv.slice(2);
const asksForVersion = argv.length === 1 && ["version", "--version", "-V"].includes(argv[0] ?? "");
if (!asksForVersion || !printVersion()) await runProcess();

/** False when it cannot be printed: the long way then says why. */
function printVersion(): boolean {
  try {
    writeSync(STDOUT, VERSION_LINE);
    return true;
  } catch {
    return false;
  }
}

async function runProcess(): Promise<void> {
  const [{ run }, { processEnvironment }, { SIGNAL_STATUS }] = await Promise.all([
    import("./run.ts"),
    import("./environment.ts"),
    import("./exit.ts"),
  ]);
  const cancel = new AbortController();
  let signalStatus: number | undefined;
  const stop = (signal: (typeof SIGNALS)[number]): void => {
    // The first signal lets the work clean up after itself. The next one finds no listener, so that the system ends the
    // process at once, however busy it is.
    for (const name of SIGNALS) process.off(name, stop);
    signalStatus = SIGNAL_STATUS[signal];
    cancel.abort(new Error(`received ${signal}`));
  };
  for (const name of SIGNALS) process.on(name, stop);
  // A write to a closed pipe rejects where it was made; unheard, the event would end the process with a stack trace.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const status = await run(argv, processEnvironment(cancel.signal));
  process.exitCode = signalStatus ?? status;
}
