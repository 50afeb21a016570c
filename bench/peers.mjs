/** The programs that skillctl is measured beside, and the environment that they all run in. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

const GO_MODULE = "github.com/redhat-et/skillimage/cmd/skillctl@v0.7.1";

/** Arguments that make a program print its version on its first line. */
const VERSIONS = {
  tar: ["--version"],
  gzip: ["--version"],
  buildah: ["--version"],
  skopeo: ["--version"],
  umoci: ["--version"],
  crane: ["version"],
  oras: ["version"],
};

/** Looks for every peer: { name: { path?, version?, missing? } }, `missing` being the reason to print. */
export function findPeers(directory) {
  const found = Object.entries(VERSIONS).map(([name, args]) => [name, findProgram(name, args)]);
  return { ...Object.fromEntries(found), go: findGoSkillctl(directory) };
}

/** A row's peer: the task when the program is there, the reason when it is not. */
export function peer(name, program, task) {
  return program.path === undefined ? { name, missing: program.missing } : { name, task };
}

/** What measured programs see: their own home, the container tools' own storage, and nothing that slows node down. */
export function peerEnvironment(directory) {
  return {
    PATH: process.env.PATH,
    HOME: directory,
    TMPDIR: directory,
    XDG_DATA_HOME: join(directory, "data"),
    XDG_RUNTIME_DIR: join(directory, "runtime"),
    CONTAINERS_STORAGE_CONF: storageConfiguration(directory),
    LC_ALL: "C.UTF-8",
  };
}

function storageConfiguration(directory) {
  const file = join(directory, "storage.conf");
  if (existsSync(file)) return file;
  mkdirSync(join(directory, "runtime"), { recursive: true, mode: 0o700 });
  const root = join(directory, "containers");
  writeFileSync(file, `[storage]\ndriver = "overlay"\ngraphroot = "${root}/root"\nrunroot = "${root}/run"\n`);
  return file;
}

/** Looks for a program on the PATH: { path, version }, or { missing }. */
export function findProgram(name, versionArguments) {
  const path = process.env.PATH.split(delimiter)
    .map((each) => join(each, name))
    .find((each) => existsSync(each));
  if (path === undefined) return { missing: "not installed" };
  const { stdout } = spawnSync(path, versionArguments, { encoding: "utf8" });
  return { path, version: /\d+\.[\w.+-]+/.exec(stdout)?.[0] ?? "of unknown version" };
}

/** The Go skillctl; `pack` is what it calls packing, which is another word in its later versions. */
function findGoSkillctl(directory) {
  const program = locateGoSkillctl(directory);
  if (program.path === undefined) return program;
  const { stdout } = spawnSync(program.path, ["--help"], { encoding: "utf8" });
  return { ...program, pack: /^ +build /m.test(stdout) ? "build" : "pack" };
}

/** The binary that SKILLCTL_GO names, else what `go install` can fetch. */
function locateGoSkillctl(directory) {
  const given = process.env.SKILLCTL_GO;
  if (given !== undefined) return { path: given, version: "as given by SKILLCTL_GO" };
  const bin = join(directory, "go-bin");
  const { status } = spawnSync("go", ["install", GO_MODULE], {
    env: { ...process.env, GOBIN: bin },
    timeout: 120_000,
  });
  if (status === 0) return { path: join(bin, "skillctl"), version: "0.7.1" };
  return { missing: "not installed (name its binary in SKILLCTL_GO)" };
}
