/**
 * Through a registry beside the Go skillctl. That speaks TLS alone, so this is docker-registry with a certificate, which neither program
 * looks at; and it takes one image a call, so it is called in a shell loop, over an eighth of the skills, which is counted eight times.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { writeLargeSkill, writeSmallSkill } from "../content.mjs";
import { BULK, FASTEST, loop, LOOP, PARTS } from "../many.mjs";
import { execute } from "../measure.mjs";
import { startRegistry } from "../registry.mjs";

const MiB = 1024 * 1024;
const PEER = `Go skillctl, ${LOOP}`;
const UNVERIFIED = "--tls-verify=false";
const TAG = "1.0.0-draft";

export async function* rows(bench) {
  const { directory, quick, peers, registries } = bench;
  const program = registries.find(({ name }) => name === "docker-registry");
  const missing = Object.entries({ "Go skillctl": peers.go, "docker-registry": program }).find(
    ([, { path }]) => path === undefined,
  );
  if (missing !== undefined) {
    yield { what: "skills through a registry with TLS", missing: `${missing[0]} is ${missing[1].missing}` };
    return;
  }
  const registry = await startRegistry(program, join(directory, "tls-registry"), { isEncrypted: true });
  try {
    const world = prepare(bench, registry, quick ? 16 : 1000, (quick ? 32 : 512) * MiB);
    yield* small(world);
    yield* promote(world);
    yield* large(world);
  } finally {
    await registry.close();
  }
}

/** The skills, in a store of each program. */
function prepare({ directory, skillctl, peers, runs }, { host, requests, empty }, count, size) {
  const [store, data] = [join(directory, "tls-store"), join(directory, "go-data")];
  const names = Array.from({ length: count }, (_, at) => `small-${at}`);
  const part = names.slice(0, count / PARTS);
  const placeOf = (name) => join(directory, "tls-skills", name);
  const ours = (...args) => skillctl(...args, "--quiet", "--store", store);
  const go = (where, ...args) => ({ env: { XDG_DATA_HOME: where }, command: [peers.go.path, ...args] });
  const run = ({ command, env }) => execute(command, { env }, directory);
  for (const [seed, name] of names.entries()) writeSmallSkill(placeOf(name), name, seed);
  writeLargeSkill(placeOf("huge-one"), "huge-one", size, "noise");
  run({ command: ours("pack", ...names.map(placeOf), placeOf("huge-one")) });
  for (const name of [...part, "huge-one"]) {
    run(go(data, peers.go.pack, placeOf(name)));
    run(go(data, "tag", `bench/${name}:${TAG}`, `${host}/go/${name}:${TAG}`));
  }
  rmSync(placeOf("huge-one"), { recursive: true });
  const world = { directory, skillctl, runs, host, requests, empty, names, part, data, ours, go };
  return { ...world, program: peers.go.path, label: `a skill of ${size / MiB} MiB` };
}

function* small({ directory, skillctl, host, requests, names, part, data, ours, program }) {
  const row = { runs: 1, requests, targets: [BULK(PEER)] };
  const inALoop = (where, verb) => ({
    times: PARTS,
    env: { XDG_DATA_HOME: where },
    command: loop(`'${program}' ${verb} ${UNVERIFIED} ${host}/go/$each:${TAG} >/dev/null`, part),
  });
  yield {
    ...row,
    what: `push ${names.length} small skills over TLS`,
    ours: { command: ours("push", "--all", "small-*", "--to", `${host}/ours`, UNVERIFIED) },
    peers: [{ name: PEER, task: inALoop(data, "push") }],
  };
  const references = names.map((name) => `${host}/ours/${name}:${TAG}`);
  const [mine, theirs] = ["tls-pulled", "go-pulled"].map((name) => join(directory, name));
  yield {
    ...row,
    what: `pull ${names.length} small skills over TLS, cold`,
    ours: { command: skillctl("pull", "--quiet", ...references, "--store", mine, UNVERIFIED) },
    peers: [{ name: PEER, task: inALoop(theirs, "pull") }],
  };
}

/** Each sample has a draft of its own. */
function* promote({ runs, host, requests, part, data, ours, go }) {
  const drafts = (owner) => part.map((name) => `${host}/${owner}/${name}:${TAG}`).values();
  const [mine, theirs] = [drafts("ours"), drafts("go")];
  const to = ["--to", "testing", UNVERIFIED];
  yield {
    runs: runs(7),
    requests,
    what: "promote in docker-registry over TLS",
    ours: {
      get command() {
        return ours("promote", mine.next().value, ...to);
      },
    },
    peers: [
      {
        name: "Go skillctl (no record, no rules)",
        task: {
          env: { XDG_DATA_HOME: data },
          get command() {
            return go(data, "promote", theirs.next().value, ...to).command;
          },
        },
      },
    ],
    targets: [],
  };
}

function* large({ directory, skillctl, runs, host, requests, empty, data, ours, go, label }) {
  const row = { runs: runs(3), requests, targets: [FASTEST] };
  const there = `${host}/go/huge-one:${TAG}`;
  yield {
    ...row,
    what: `push ${label} over TLS`,
    ours: { prepare: empty, command: ours("push", `bench/huge-one:${TAG}`, there, UNVERIFIED) },
    peers: [{ name: "Go skillctl", task: { prepare: empty, ...go(data, "push", there, UNVERIFIED) } }],
  };
  const place = join(directory, "tls-large-pulled");
  const prepare = () => {
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place);
  };
  yield {
    ...row,
    what: `pull ${label} over TLS`,
    ours: { prepare, command: skillctl("pull", there, "--quiet", "--store", place, UNVERIFIED) },
    peers: [{ name: "Go skillctl", task: { prepare, ...go(place, "pull", there, UNVERIFIED) } }],
  };
}
