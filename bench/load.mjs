/**
 * A load on a server, from a process of its own: `node load.mjs '<json>'`, prints `{ ms, p50, p99 }` in milliseconds.
 *
 *   { kind: "requests", method, urls, count, concurrency, headers? }   each answer is read to its end
 *   { kind: "pushes", base, count, concurrency, offset }               small images, as a client pushes them: blobs, then the manifest
 *   { kind: "upload", url, bytes, registry, fixed? } | { kind: "download", url }
 */
import { createHash, randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import process from "node:process";

const MiB = 1024 * 1024;
const load = JSON.parse(process.argv[2]);
const agent = new Agent({ keepAlive: true, maxSockets: load.concurrency ?? 1 });
const latencies = [];
const started = performance.now();
await { requests, pushes, upload, download }[load.kind](load);
const ms = performance.now() - started;
agent.destroy();
const sorted = latencies.toSorted((a, b) => a - b);
const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? ms;
console.log(JSON.stringify({ ms, p50: at(0.5), p99: at(0.99) }));

async function requests({ method, urls, count, concurrency, headers }) {
  await inParallel(count, concurrency, (number) => send(method, urls[number % urls.length], { headers }));
}

async function pushes({ base, count, concurrency, offset }) {
  await inParallel(count, concurrency, async (number) => {
    const repository = `${base}/v2/load/image-${offset + number}`;
    const config = JSON.stringify({ os: "linux", architecture: "amd64", number: offset + number });
    const blobs = [Buffer.from(config), randomBytes(4096)];
    const [configDigest, layerDigest] = blobs.map(digestOf);
    for (const blob of blobs) await put(repository, blob);
    const descriptor = (mediaType, digest, { byteLength: size }) => ({ mediaType, digest, size });
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: descriptor("application/vnd.oci.image.config.v1+json", configDigest, blobs[0]),
      layers: [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layerDigest, blobs[1])],
    });
    await send("PUT", `${repository}/manifests/1`, { headers: { "content-type": mediaType }, body: manifest });
  });
}

/** One blob, as clients send it: is it there, a session, the bytes. */
async function put(repository, blob) {
  const digest = digestOf(blob);
  await send("HEAD", `${repository}/blobs/${digest}`, { expect: 404 });
  await upload({ url: `${repository}/blobs/uploads/`, body: blob, digest, registry: true });
}

async function upload({
  url,
  bytes,
  fixed,
  body = fixed ? Buffer.alloc(bytes, "skill") : randomBytes(bytes),
  digest = digestOf(body),
  registry,
}) {
  if (!registry) return send("PUT", url, { body });
  const { headers } = await send("POST", url, {});
  const place = new URL(headers.location, url);
  place.searchParams.set("digest", digest);
  return send("PUT", place, { body, headers: { "content-type": "application/octet-stream" } });
}

/** Reads what comes into one piece of memory and drops it: a client that costs more than the server would measure itself. */
async function download({ url }) {
  const { hostname, port, pathname } = new URL(url);
  const head = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`;
  await new Promise((resolve, reject) => {
    let [left, answer] = [undefined, ""];
    const taken = (length, bytes) => {
      if (left === undefined) {
        answer += bytes.toString("latin1", 0, length);
        const end = answer.indexOf("\r\n\r\n");
        if (end < 0) return;
        const size = /^content-length: (\d+)\r$/im.exec(answer.slice(0, end + 1))?.[1];
        if (!answer.startsWith("HTTP/1.1 200 ") || size === undefined)
          return socket.destroy(new Error(answer.slice(0, end)));
        left = Number(size) - (answer.length - end - 4);
      } else left -= length;
      if (left === 0) socket.destroy();
    };
    const onread = { buffer: Buffer.alloc(MiB), callback: taken };
    const socket = connect({ host: hostname, port: Number(port), onread }, () => socket.write(head));
    socket.on("error", reject);
    socket.on("close", () => (left === 0 ? resolve() : reject(new Error(`${url} broke off`))));
  });
}

async function inParallel(count, concurrency, work) {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const number = next++;
      const begun = performance.now();
      await work(number);
      latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

function send(method, url, { headers = {}, body, expect }) {
  return new Promise((resolve, reject) => {
    const length = body === undefined && method !== "POST" ? {} : { "content-length": Buffer.byteLength(body ?? "") };
    const outgoing = request(url, { method, agent, headers: { ...headers, ...length } }, (response) => {
      response.resume();
      response.on("end", () => {
        const isRight = expect === undefined ? response.statusCode < 300 : response.statusCode === expect;
        if (isRight) resolve(response);
        else reject(new Error(`${method} ${url} was answered with ${response.statusCode}`));
      });
      response.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function digestOf(bytes) {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
