/**
 * A registry: a thousand small skills and a large one, pushed, pulled, listed, copied and promoted, beside the programs
 * that move images. Where a program takes one image a call, it is called in a shell loop, as its user would; over an eighth of
 * the skills, which is counted eight times, because all of them would take half an hour. The thousand go through two registries:
 * in docker-registry, which needs more time for a skill than skillctl, it is what is measured most.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

import { writeLargeSkill, writeSmallSkill } from "../content.mjs";
import { BULK, FASTEST, loop, LOOP, PARTS } from "../many.mjs";
import { execute } from "../measure.mjs";
import { peer } from "../peers.mjs";
import { startRegistry } from "../registry.mjs";

const MiB = 1024 * 1024;

export async function* rows(bench) {
  const { directory, quick, peers, registries } = bench;
  const [program, listing] = registries;
  if (program.path === undefined) {
    yield { what: "skills through a registry", missing: `docker-registry is ${program.missing}` };
    return;
  }
  const registry = await startRegistry(program, join(directory, "registry"));
  try {
    const world = prepare(bench, registry, quick ? 20 : 1000, (quick ? 32 : 512) * MiB);
    yield* bulk(world, program.name);
    yield* inOurs(world);
    yield* one(world, registry, "docker-registry, which removes no tags", []);
    yield* inEmpty(world, program);
    if (listing.path === undefined)
      yield { what: "promote where referrers are listed", missing: `olareg is ${listing.missing}` };
    else yield* inListing(world, listing);
  } finally {
    await registry.close();
  }

  function prepare({ skillctl }, { host, requests }, count, size) {
    const store = join(directory, "registry-store");
    const skills = (kind) => Array.from({ length: count }, (_, at) => join(directory, kind, `${kind}-${at}`));
    const run = (...args) => execute(skillctl(...args, "--quiet", "--store", store), {}, directory);
    const small = skills("small");
    for (const [seed, skill] of small.entries()) writeSmallSkill(skill, `small-${seed}`, seed);
    run("pack", ...small);
    const versions = skills("version");
    for (const [seed, skill] of versions.entries()) writeSmallSkill(skill, "tagged", seed, `1.${seed}.0`);
    run("pack", ...versions);
    const huge = join(directory, "huge-one");
    writeLargeSkill(huge, "huge-one", size, "noise");
    run("pack", huge);
    rmSync(huge, { recursive: true });
    return {
      bench,
      host,
      requests,
      store,
      count,
      peers,
      size,
      ours: (...args) => skillctl(...args, "--quiet", "--store", store),
      /** A place that no sample used before. */
      fresh: (() => {
        let used = 0;
        return (name) => `${name}-${used++}`;
      })(),
    };
  }
}

/** The registry that needs least for a request. */
async function* inOurs(world) {
  const ours = { name: "skillctl serve", path: process.execPath };
  const { host, requests, close } = await startRegistry(ours, join(world.bench.directory, "ours"));
  try {
    yield* bulk({ ...world, host, requests }, ours.name);
  } finally {
    await close();
  }
}

/** One command for all skills, and loops. */
function* bulk(world, where) {
  const { bench, host, requests, store, count, peers, ours, fresh } = world;
  const { skillctl } = bench;
  const names = Array.from({ length: count }, (_, at) => `small-${at}`);
  const part = Math.ceil(count / PARTS);
  const times = count / part;
  const some = names.slice(0, part);
  const tag = "1.0.0-draft";
  const row = { runs: 1, requests };

  let first; // What is pulled later.
  const target = () => {
    const to = `${host}/${fresh("pushed")}`;
    first ??= to;
    return to;
  };
  const skopeoPush = () =>
    loop(
      `skopeo copy -q --dest-tls-verify=false oci:${store}:bench/$each:${tag} docker://${host}/skopeo/$each:${tag}`,
      some,
    );
  // oras reads a layout's tags only where they have no slash; it finds images by digest.
  const digests = digestsIn(world);
  const orasPush = () => {
    const images = some.map((name) => `${name}@${digests.get(`bench/${name}:${tag}`)}`);
    const from = `${store}@\${each#*@}`;
    const command = `oras cp --from-oci-layout --to-plain-http ${from} ${host}/oras/\${each%@*}:${tag} >/dev/null`;
    return loop(command, images);
  };
  yield {
    ...row,
    what: `push ${count} small skills to ${where}`,
    ours: lazily(() => ours("push", "--all", "small-*", "--to", target())),
    peers: [
      peer(`\`skopeo copy\`, ${LOOP}`, peers.skopeo, lazily(skopeoPush, times)),
      peer(`\`oras cp\`, ${LOOP}`, peers.oras, lazily(orasPush, times)),
    ],
    targets: [BULK(`\`skopeo copy\`, ${LOOP}`), BULK(`\`oras cp\`, ${LOOP}`)],
  };

  const remote = names.map((name) => `${first}/${name}:${tag}`);
  const into = (name) => join(bench.directory, fresh(name));
  const skopeoPull = (to) =>
    loop(`skopeo copy -q --src-tls-verify=false docker://${first}/$each:${tag} oci:${to}:$each`, some);
  const orasPull = (to) =>
    loop(`oras cp --from-plain-http --to-oci-layout ${first}/$each:${tag} ${to}:$each >/dev/null`, some);
  const pulled = into("pulled");
  const [bySkopeo, byOras] = [into("skopeo"), into("oras")];
  for (const warmth of ["cold", "warm"]) {
    yield {
      ...row,
      what: `pull ${count} small skills from ${where}, ${warmth}`,
      ours: { command: skillctl("pull", "--quiet", ...remote, "--store", pulled) },
      peers: [
        peer(`\`skopeo copy\`, ${LOOP}`, peers.skopeo, { command: skopeoPull(bySkopeo), times }),
        peer(`\`oras cp\`, ${LOOP}`, peers.oras, { command: orasPull(byOras), times }),
      ],
      targets: [BULK(`\`skopeo copy\`, ${LOOP}`), BULK(`\`oras cp\`, ${LOOP}`)],
    };
  }

  const tagged = `${host}/tagged/tagged`;
  const someTags = `$(crane ls ${tagged} | head -n ${part})`;
  execute(ours("push", "--all", "tagged", "--to", `${host}/tagged`), {}, bench.directory);
  yield {
    ...row,
    runs: bench.runs(3),
    what: `list a repository of ${count} tags of ${where}`,
    ours: { command: ours("list", tagged) },
    peers: [
      peer("`crane ls` (names only)", peers.crane, { command: ["crane", "ls", tagged] }),
      peer(`\`crane manifest\`, ${LOOP}`, peers.crane, {
        command: ["bash", "-c", `for tag in ${someTags}; do crane manifest ${tagged}:$tag >/dev/null; done`],
        times,
      }),
    ],
    targets: [BULK(`\`crane manifest\`, ${LOOP}`)],
  };

  const mirror = () => `${host}/${fresh("mirror")}/tagged`;
  yield {
    ...row,
    what: `copy a repository of ${count} tags of ${where}`,
    ours: lazily(() => ours("copy", "--all-tags", tagged, mirror())),
    peers: [
      peer(
        "`crane copy --all-tags`",
        peers.crane,
        lazily(() => ["crane", "copy", "--all-tags", tagged, mirror()]),
      ),
      peer(
        `\`skopeo copy\`, ${LOOP}`,
        peers.skopeo,
        lazily(() => {
          const options = "-q --src-tls-verify=false --dest-tls-verify=false";
          const to = mirror();
          const copies = `skopeo copy ${options} docker://${tagged}:$tag docker://${to}:$tag`;
          return ["bash", "-c", `for tag in ${someTags}; do ${copies}; done`];
        }, times),
      ),
    ],
    targets: [BULK(`\`skopeo copy\`, ${LOOP}`)],
  };
}

/** A promotion, where the registry lists referrers and removes tags, as the specification has it since 1.1. */
async function* inListing(world, program) {
  const { bench, ours } = world;
  const registry = await startRegistry(program, join(bench.directory, program.name));
  try {
    execute(ours("push", "--all", "small-?", "--to", `${registry.host}/pushed-0`), {}, bench.directory);
    yield* one(world, registry, `${program.name}, which does`, [
      { text: "at most 6 requests", unit: "requests", atMost: 6 },
    ]);
  } finally {
    await registry.close();
  }
}

/** A promotion, which no other program knows; beside the same change of the manifest, made by hand. */
function* one({ bench, ours, peers }, { host, requests }, where, targets) {
  let used = 0;
  const skill = () => `${host}/pushed-0/small-${used++}:1.0.0-draft`;
  const [last, status] = [`${host}/pushed-0/small-9`, "io.skillimage.status=testing"];
  yield {
    runs: bench.runs(7),
    requests,
    what: `promote in ${where}`,
    ours: lazily(() => ours("promote", skill(), "--to", "testing")),
    peers: [
      peer("`crane mutate` (no record, no rules)", peers.crane, {
        command: ["crane", "mutate", "--annotation", status, "--tag", `${last}:1.0.0-testing`, `${last}:1.0.0-draft`],
      }),
    ],
    targets,
  };
}

/** A large skill, in a registry of its own, which holds nothing before a push: skopeo remembers where else a blob is. */
async function* inEmpty(world, program) {
  const registry = await startRegistry(program, join(world.bench.directory, "empty-registry"));
  try {
    yield* large(world, registry);
  } finally {
    await registry.close();
  }
}

/** One skill of half a gigabyte that does not compress. */
function* large({ bench, store, size, peers, ours }, { host, requests, empty }) {
  const label = `a skill of ${size / MiB} MiB`;
  const name = "bench/huge-one:1.0.0-draft";
  const digest = digestsIn({ bench, ours }).get(name);
  const row = { runs: bench.runs(3), requests, targets: [FASTEST] };
  const there = `${host}/large/huge-one:1.0.0-draft`;
  const skopeo = (...args) => ["skopeo", "copy", "-q", "--src-tls-verify=false", "--dest-tls-verify=false", ...args];
  yield {
    ...row,
    what: `push ${label}`,
    ours: { prepare: empty, command: ours("push", name, there) },
    peers: [
      peer("`skopeo copy`", peers.skopeo, {
        prepare: empty,
        command: skopeo(`oci:${store}:${name}`, `docker://${there}`),
      }),
      peer("`oras cp`", peers.oras, {
        prepare: empty,
        command: ["oras", "cp", "--from-oci-layout", "--to-plain-http", `${store}@${digest}`, there],
      }),
    ],
  };
  execute(ours("push", name, there), {}, bench.directory);
  const place = join(bench.directory, "large-pulled");
  const prepare = () => {
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place);
  };
  yield {
    ...row,
    what: `pull ${label}`,
    ours: { prepare, command: bench.skillctl("pull", there, "--quiet", "--store", place) },
    peers: [
      peer("`skopeo copy`", peers.skopeo, { prepare, command: skopeo(`docker://${there}`, `oci:${place}:huge`) }),
      peer("`oras cp`", peers.oras, {
        prepare,
        command: ["oras", "cp", "--from-plain-http", "--to-oci-layout", there, `${place}:huge`],
      }),
    ],
  };
}

/** The digests of the local images, by reference. */
function digestsIn({ bench, ours }) {
  const listed = execute([...ours("list"), "--json"], {}, bench.directory);
  return new Map(JSON.parse(listed).map(({ reference, digest }) => [reference, digest]));
}

/** A task whose command is another one at every sample; `times`: see `measureWhole`. */
function lazily(command, times = 1) {
  return {
    times,
    get command() {
      return command();
    },
  };
}
