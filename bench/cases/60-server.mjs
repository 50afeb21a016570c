/**
 * The registry of `skillctl serve` beside docker-registry, under the same load from a process of its own. Blobs also beside a
 * server that only streams. The memory is that of the server after the load.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { endsWithUs } from "../leave-nothing.mjs";
import { median } from "../measure.mjs";
import { freePort, startRegistry } from "../registry.mjs";

const MiB = 1024 * 1024;
/** docker-registry has no such manifest for whoever does not ask for it. */
const IMAGE = "application/vnd.oci.image.manifest.v1+json";
const LOAD = fileURLToPath(new URL("../load.mjs", import.meta.url));
const PLAIN = fileURLToPath(new URL("../plain-server.mjs", import.meta.url));
const PEER = "docker-registry";
const AHEAD = { text: `ahead of ${PEER}`, peer: PEER, atMost: 1 };
const STREAMING = { text: "70% of plain streaming", peer: "plain node:http", atMost: 1 / 0.7 };

export async function* rows(bench) {
  const { directory, quick, registries } = bench;
  const program = registries.find(({ name }) => name === PEER);
  if (program.path === undefined) {
    yield { what: "the server", missing: `${PEER} is not installed` };
    return;
  }
  const ours = await startRegistry({ name: "skillctl serve", path: process.execPath }, join(directory, "serve"));
  const theirs = await startRegistry(program, join(directory, "peer"));
  const plain = await startPlain(join(directory, "plain"));
  try {
    const servers = { ours, [PEER]: theirs };
    const count = quick ? 200 : 10_000;
    const images = quick ? 20 : 1000;
    let offset = 0; // Names are new for every sample, on both servers.
    yield* load(`push ${images} small images, 16 at a time`, servers, bench.runs(3), ({ url }) => {
      offset += images;
      return { kind: "pushes", base: url, count: images, concurrency: 16, offset };
    });
    for (const { url } of [ours, theirs]) run({ kind: "pushes", base: url, count: 1, concurrency: 1, offset: 0 });
    const manifest = ({ url }) => [`${url}/v2/load/image-0/manifests/1`];
    const requests = (method, urlsOf) => (server) => ({
      kind: "requests",
      method,
      urls: urlsOf(server),
      count,
      concurrency: 16,
      headers: { accept: IMAGE },
    });
    yield* load(`${count} times GET a manifest, 16 at a time`, servers, bench.runs(3), requests("GET", manifest));
    yield* load(`${count} times HEAD a manifest, 16 at a time`, servers, bench.runs(3), requests("HEAD", manifest));
    const configs = new Map([ours, theirs].map((server) => [server, [configOf(server)]]));
    const config = (server) => configs.get(server);
    yield* load(`${count} times GET a small blob, 16 at a time`, servers, bench.runs(3), requests("GET", config));
    for (const server of [ours, theirs]) tagMany(server, quick ? 100 : 10_000);
    const tags = ({ url }) => [`${url}/v2/load/image-0/tags/list`];
    const lists = (server) => ({ ...requests("GET", tags)(server), count: quick ? 2 : 50, concurrency: 4 });
    yield* load(`50 times list ${quick ? 100 : "10,000"} tags`, servers, bench.runs(3), lists);

    const size = (quick ? 16 : 256) * MiB;
    const withPlain = { ...servers, "plain node:http": plain };
    const uploads = ({ url, isPlain }) =>
      isPlain
        ? { kind: "upload", url: `${url}/blob`, bytes: size, registry: false }
        : { kind: "upload", url: `${url}/v2/load/large/blobs/uploads/`, bytes: size, registry: true };
    yield* load(`upload a blob of ${size / MiB} MiB`, withPlain, bench.runs(3), uploads, [AHEAD, STREAMING]);
    const large = new Map([ours, theirs].map((server) => [server, pushLarge(server, size)]));
    const downloads = (server) => ({
      kind: "download",
      url: server.isPlain ? `${server.url}/blob` : large.get(server),
    });
    yield* load(`download a blob of ${size / MiB} MiB`, withPlain, bench.runs(3), downloads, [AHEAD, STREAMING]);
  } finally {
    await Promise.all([ours.close(), theirs.close(), plain.close()]);
  }
}

/** Measures one load on each server, in turns: its time, the slowest of a hundred requests, the server's memory afterwards. */
function* load(what, servers, runs, loadOf, targets = [AHEAD]) {
  const names = Object.keys(servers);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < runs; round++) {
    for (const name of names) {
      const figures = run(loadOf(servers[name]));
      samples[name].push({ ...figures, MB: memoryOf(servers[name].pid) });
    }
  }
  const row = (title, unit, key, wanted) => {
    const figures = Object.fromEntries(names.map((name) => [name, median(samples[name].map((sample) => sample[key]))]));
    const peers = names.slice(1).map((name) => ({ name, figure: figures[name] }));
    return { what: title, runs, unit, ours: figures.ours, peers, targets: wanted, isMeasured: true };
  };
  yield row(what, "ms", "ms", targets);
  if (loadOf(servers.ours).concurrency !== undefined) {
    yield row("— half within", "ms", "p50", []);
    yield row("— 99 of 100 within", "ms", "p99", []);
  }
  yield row("— memory of the server", "MB", "MB", []);
}

function run(what) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [LOAD, JSON.stringify(what)], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** GETs or PUTs, one after the other, in a process of their own: this one must not wait for its own servers. */
function inTurn(calls) {
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", FETCH], {
    input: JSON.stringify(calls),
    encoding: "utf8",
    maxBuffer: 64 * MiB,
  });
  return JSON.parse(stdout);
}

const FETCH = `
import { readFileSync } from "node:fs";
const calls = JSON.parse(readFileSync(0, "utf8"));
const answers = [];
for (const { url, ...options } of calls) {
  const response = await fetch(url, options);
  answers.push({ headers: Object.fromEntries(response.headers), text: await response.text() });
}
console.log(JSON.stringify(answers));
`;

function manifestOf({ url }) {
  return inTurn([{ url: `${url}/v2/load/image-0/manifests/1`, headers: { accept: IMAGE } }])[0].text;
}

function configOf(server) {
  return `${server.url}/v2/load/image-0/blobs/${JSON.parse(manifestOf(server)).config.digest}`;
}

function tagMany(server, count) {
  const body = manifestOf(server);
  const headers = { "content-type": JSON.parse(body).mediaType };
  const at = (tag) => ({ url: `${server.url}/v2/load/image-0/manifests/t${tag}`, method: "PUT", body, headers });
  for (let tag = 0; tag < count; tag += 500) {
    inTurn(Array.from({ length: Math.min(500, count - tag) }, (_, number) => at(tag + number)));
  }
}

/** A blob to download; its address. */
function pushLarge({ url }, bytes) {
  const base = `${url}/v2/load/large/blobs`;
  run({ kind: "upload", url: `${base}/uploads/`, bytes, registry: true, fixed: true });
  return `${base}/${fixedDigest(bytes)}`;
}

function fixedDigest(bytes) {
  const { stdout } = spawnSync("sha256sum", { input: Buffer.alloc(bytes, "skill"), encoding: "utf8" });
  return `sha256:${stdout.slice(0, 64)}`;
}

async function startPlain(directory) {
  mkdirSync(directory);
  const port = await freePort();
  const child = spawn(process.execPath, [PLAIN, directory, String(port)], { stdio: "ignore" });
  endsWithUs(child);
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(`${url}/none`).then(
      () => true,
      () => false,
    ))
  );
  return { url, pid: child.pid, isPlain: true, close: async () => void child.kill("SIGKILL") };
}

/** Resident, in MB. */
function memoryOf(pid) {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return (Number(kilobytes) * 1024) / 1e6;
}
