/** The process around a call: what signals and closed pipes mean to it, and its exit status. */
import { compileLess } from "./compile-less.ts";
import { processEnvironment } from "./environment.ts";
import { ExitStatus, SIGNAL_STATUS } from "./exit.ts";
import { run } from "./run.ts";

/** `SIGHUP` comes when the terminal is closed. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** {@link run} for the process as it is, whose exit status it sets. */
export async function runProcess(argv: readonly string[]): Promise<void> {
  // On which Node.js this runs is not decided by who reads what a command says.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  const cancel = new AbortController();
  let signalStatus: number | undefined;
  const stop = (signal: (typeof SIGNALS)[number]): void => {
    // A server has a use of its own for that one.
    if (signal === "SIGHUP" && process.listenerCount(signal) > 1) return;
    // The first signal lets the work clean up after itself. The next one finds no listener, so that the system ends the
    // process at once, however busy it is.
    for (const name of SIGNALS) process.off(name, stop);
    signalStatus = SIGNAL_STATUS[signal];
    cancel.abort(new Error(`received ${signal}`));
  };
  for (const name of SIGNALS) process.on(name, stop);
  // A write to a closed pipe rejects where it was made; unheard, the event would end the process with a stack trace.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  // If nothing is left to wait for before the work is done, it was not done.
  process.exitCode = ExitStatus.failed;
  const compileAsUsual = compileLess();
  const status = await run(argv, processEnvironment(cancel.signal));
  compileAsUsual();
  process.exitCode = signalStatus ?? status;
}
