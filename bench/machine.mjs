/** Describes the machine that the figures come from, without its name or paths. */
import { spawnSync } from "node:child_process";
import { cpus, release, totalmem, type } from "node:os";
import process from "node:process";

/** Lines of "what: value". `directory` is where the work was done, `peers` what {@link findPeers} found. */
export function describeMachine(directory, peers) {
  const [{ model }] = cpus();
  const versions = Object.entries(peers).flatMap(([name, { version }]) =>
    version === undefined ? [] : [`${name === "go" ? "Go skillctl" : name} ${version}`],
  );
  return {
    processor: `${model.trim()}, ${cpus().length} cores`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    "file system": fileSystem(directory),
    kernel: `${type()} ${release()}`,
    node: process.version,
    peers: versions.join(", "),
  };
}

function fileSystem(directory) {
  const { stdout } = spawnSync("df", ["--output=fstype", directory], { encoding: "utf8" });
  return stdout?.trim().split("\n").at(-1) ?? "unknown";
}
