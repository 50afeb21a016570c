/** Describes the machine that the figures come from, without its name or paths. */
import { spawnSync } from "node:child_process";
import { cpus, release, totalmem, type } from "node:os";
import process from "node:process";

/** Lines of "what: value". `directory` is where the work was done, `peers` what {@link findPeers} found. */
export function describeMachine(directory, peers) {
  const [{ model }] = cpus();
  const named = Object.entries(peers).map(([name, peer]) => ({ ...peer, name: name === "go" ? "Go skillctl" : name }));
  const measured = named
    .filter(({ missing }) => missing === undefined)
    .map(({ name, version }) => `${name} ${version}`);
  const absent = named.filter(({ missing }) => missing !== undefined).map(({ name, missing }) => `${name}, ${missing}`);
  return {
    processor: `${model.trim()}, ${cpus().length} cores`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    "file system": fileSystem(directory),
    kernel: `${type()} ${release()}`,
    node: process.version,
    "measured beside": measured.join(", "),
    ...(absent.length === 0 ? {} : { "could not be measured": absent.join("; ") }),
  };
}

function fileSystem(directory) {
  const { stdout } = spawnSync("df", ["--output=fstype", directory], { encoding: "utf8" });
  return stdout?.trim().split("\n").at(-1) ?? "unknown";
}
