/** Packing: one small skill, a thousand of them in one call, one large skill. */
import { rmSync } from "node:fs";
import { join } from "node:path";

import { writeLargeSkill, writeSmallSkill } from "../content.mjs";
import { peer } from "../peers.mjs";
import { setAside } from "../set-aside.mjs";

const MiB = 1024 * 1024;
const AHEAD_OF_GO = { text: "ahead of the Go skillctl", peer: "Go skillctl", atMost: 1 };

export function* rows(bench) {
  const { directory, quick, runs } = bench;

  const small = join(directory, "small");
  writeSmallSkill(small, "small");
  yield {
    what: "pack a skill of 20 KB",
    unit: "ms",
    runs: runs(11),
    ...packers(bench, small),
    targets: [AHEAD_OF_GO],
  };

  const count = quick ? 20 : 1000;
  const many = Array.from({ length: count }, (_, number) => join(directory, "many", `skill-${number}`));
  for (const [seed, skill] of many.entries()) writeSmallSkill(skill, `skill-${seed}`, seed);
  yield {
    what: `pack ${count} skills of 20 KB`,
    unit: "ms",
    runs: runs(5),
    ...loops(bench, many),
    targets: [AHEAD_OF_GO],
  };

  const size = quick ? 8 : 64;
  const large = join(directory, "large");
  writeLargeSkill(large, "large", size * MiB);
  yield {
    what: `pack a skill of ${size} MiB`,
    unit: "ms",
    runs: runs(5),
    ...packers(bench, large),
    targets: [{ text: "not slower than tar + gzip", peer: "`tar \\| gzip -6`", atMost: 1 }, AHEAD_OF_GO],
  };
  rmSync(large, { recursive: true });
}

/** Packing one directory, each program into an empty place. */
function packers({ directory, skillctl, peers }, skill) {
  const out = join(directory, "packed");
  const prepare = () => rmSync(out, { recursive: true, force: true });
  const tarGzip = `mkdir '${out}'; tar -C '${skill}' -cf - . | gzip -6 > '${out}/layer.tar.gz'`;
  const build = `c=$(buildah from scratch) && buildah copy -q $c '${skill}' / &&
    buildah commit -q $c 'oci:${out}:skill' && buildah rm $c`;
  return {
    ours: { prepare, command: skillctl("pack", skill, "--store", out) },
    peers: [
      { name: "`tar \\| gzip -6`", task: { prepare, command: ["bash", "-c", tarGzip] } },
      peer("buildah from, copy, commit", peers.buildah, { prepare, command: ["sh", "-c", build] }),
      peer("Go skillctl", peers.go, {
        prepare,
        env: { XDG_DATA_HOME: out },
        command: [peers.go.path, peers.go.pack, skill],
      }),
    ],
  };
}

/** Packing many directories: one call where a program takes several, else a loop in one shell. */
function loops({ directory, skillctl, peers }, skills) {
  const out = join(directory, "packed");
  const prepare = () => setAside(out);
  const each = (command) => ["bash", "-c", `mkdir '${out}'; for each do ${command}; done`, "loop", ...skills];
  return {
    ours: { prepare, command: skillctl("pack", "--quiet", ...skills, "--store", out) },
    peers: [
      {
        name: "`tar \\| gzip -6`, a loop",
        task: { prepare, command: each(`tar -C "$each" -cf - . | gzip -6 > "${out}/\${each##*/}.tar.gz"`) },
      },
      peer("Go skillctl", peers.go, {
        prepare,
        env: { XDG_DATA_HOME: out },
        command: each(`'${peers.go.path}' ${peers.go.pack} "$each"`),
      }),
    ],
  };
}
