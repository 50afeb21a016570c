/** How much memory a command took at its worst. */
import { readFile } from "node:fs/promises";

import type { Result, Workspace } from "../e2e/skillctl.ts";

/** Known where there is a /proc. */
export const canMeasureMemory = process.platform === "linux";

const PRELOAD = new URL("../../bench/peak-memory.mjs", import.meta.url).href;

/** Runs the command to its end; `peak` is the most memory that it had resident, all threads counted, in MB (10^6). */
export async function runMeasured(
  user: Workspace,
  ...args: readonly string[]
): Promise<Result & { readonly peak: number }> {
  const file = user.path("peak-memory");
  const env = { NODE_OPTIONS: `--import ${PRELOAD}`, PEAK_MEMORY_FILE: file };
  const result = await user.run(args, { env });
  return { ...result, peak: (Number(await readFile(file, "utf8")) * 1024) / 1e6 };
}
