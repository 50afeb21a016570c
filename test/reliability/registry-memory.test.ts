/** Figures: a server stays under 256 MiB of memory with 10,000 open uploads, huge pages and blobs of 1 GiB (short: 1,000, 256 MiB). */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { request } from "node:http";

import { afterAll, beforeAll, expect, it } from "vitest";

import { startEmbeddedRegistry } from "../interop/embedded.ts";
import { describeWhere } from "../tools.ts";
import { canMeasureMemory } from "./peak-memory.ts";
import { figure, report } from "./soak.ts";

const MiB = 1024 ** 2;
const MOST = 256 * MiB;
const UPLOADS = figure(1000, 10_000);
const SIZE = figure(256, 1024);
const UNMEASURED = "the peak memory of a process is told by Linux's /proc only";

let registry: Awaited<ReturnType<typeof startEmbeddedRegistry>>;
beforeAll(async () => {
  registry = await startEmbeddedRegistry({ config: { log: { level: "warn" } } });
});
// There are many files to remove.
afterAll(async () => registry.close(), 120_000);

/** The most memory that the server has had resident, in bytes. */
async function peak(): Promise<number> {
  const status = await readFile(`/proc/${registry.pid}/status`, "utf8");
  return Number(/VmHWM:\s+([0-9]+) kB/.exec(status)?.[1]) * 1024;
}

/** {@link SIZE} times the same. */
function* copies(piece: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < SIZE; at++) yield new Uint8Array(piece);
}

describeWhere(canMeasureMemory, UNMEASURED, `a server stays under ${MOST / MiB} MiB`, () => {
  it(`with ${UPLOADS} uploads under way`, async () => {
    let left = UPLOADS;
    const work = async (): Promise<void> => {
      while (left-- > 0) {
        const begun = await fetch(`${registry.url}/v2/memory/uploads/blobs/uploads/`, { method: "POST" });
        await begun.arrayBuffer();
        const location = new URL(begun.headers.get("location") ?? "", registry.url);
        const patched = await fetch(location, { method: "PATCH", body: new Uint8Array(1024) });
        await patched.arrayBuffer();
        expect(patched.status).toBe(202);
      }
    };
    await Promise.all(Array.from({ length: 32 }, work));
    const metrics = await (await fetch(`${registry.url}/metrics`)).text();
    expect(metrics).toContain(`skillctl_open_uploads ${UPLOADS}`);
    expect(await peak()).toBeLessThan(MOST);
  });
  it("when somebody asks for a page of a billion", async () => {
    for (const path of ["_catalog", "memory/uploads/tags/list"]) {
      await (await fetch(`${registry.url}/v2/${path}?n=1000000000`)).arrayBuffer();
    }
    expect(await peak()).toBeLessThan(MOST);
  });
  it("when 32 clients push manifests of one byte over 4 MiB, whether they say so before or not", async () => {
    const large = Buffer.alloc(4 * MiB + 1, " ");
    const push = async (at: number): Promise<number> => {
      // A stream is sent without its length.
      const body = at % 2 === 0 ? large : new Blob([large]).stream();
      const headers = { "content-type": "application/vnd.oci.image.manifest.v1+json" };
      const init = { method: "PUT", headers, body, duplex: "half" };
      const response = await fetch(`${registry.url}/v2/memory/manifests/manifests/v${at}`, init as RequestInit);
      await response.arrayBuffer();
      return response.status;
    };
    for (let round = 0; round < 4; round += 1) {
      const statuses = await Promise.all(Array.from({ length: 32 }, async (_, at) => push(at)));
      expect(new Set(statuses)).toEqual(new Set([413]));
    }
    expect(await peak()).toBeLessThan(MOST);
  });
  it(`while ${SIZE} MiB go in and out, and to a reader who takes his time`, async () => {
    const piece = Buffer.alloc(MiB, "0123456789abcdef");
    const hash = createHash("sha256");
    for (let at = 0; at < SIZE; at++) hash.update(piece);
    const digest = `sha256:${hash.digest("hex")}`;
    const begun = await fetch(`${registry.url}/v2/memory/large/blobs/uploads/`, { method: "POST" });
    const location = new URL(begun.headers.get("location") ?? "", registry.url);
    location.searchParams.set("digest", digest);
    const put = await fetch(location, { method: "PUT", body: ReadableStream.from(copies(piece)), duplex: "half" });
    expect(put.status).toBe(201);

    const path = `${registry.url}/v2/memory/large/blobs/${digest}`;
    // One that never reads, as long as the others do.
    const stuck = request(path).end();
    const received = await Promise.all(
      Array.from({ length: 3 }, async () => {
        let size = 0;
        const response = await fetch(path);
        for await (const chunk of response.body ?? []) size += (chunk as Uint8Array).byteLength;
        return size;
      }),
    );
    stuck.destroy();
    expect(received).toEqual([SIZE * MiB, SIZE * MiB, SIZE * MiB]);
    report(`a server took ${Math.round((await peak()) / MiB)} MiB at most`);
    expect(await peak()).toBeLessThan(MOST);
  });
});
