import { spawnSync } from "node:child_process";

/**
 * Asks ext4 to put each directory that will be made in `directory` into a part of the disk of its own. Whoever creates files there looks past
 * all that were removed in the same part in the last minutes, which without a journal takes up to a millisecond a file: what earlier
 * samples, or anybody's tests, removed would be paid for by the program that happens to come next. Elsewhere nothing is changed.
 */
export function spreadOut(directory) {
  spawnSync("chattr", ["+T", directory], { stdio: "ignore" });
}
