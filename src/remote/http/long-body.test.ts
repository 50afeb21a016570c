/** Long bodies, which are taken from the connection past Node's parser: everything that holds for an answer must hold for them. */
import type { Socket } from "node:net";

import { beforeAll, describe, expect, it, vi } from "vitest";

import { readAll } from "../../content/index.ts";
import { createAuthority } from "./testing/certificates.ts";
import { serve, serveRaw } from "./testing/servers.ts";
import { closing, PIECE } from "./testing/streams.ts";
import { createTransport } from "./transport.ts";
import type { HttpResponse, Transport } from "./types.ts";

const MIB = 1024 ** 2;
/** No two pieces of it are alike, wherever it is cut. */
const LONG = Buffer.alloc(24 * MIB);
for (let at = 0; at < LONG.byteLength; at += 4) LONG.writeUInt32LE(at, at);

let tls: Awaited<ReturnType<Awaited<ReturnType<typeof createAuthority>>["server"]>>;
beforeAll(async () => {
  tls = await (await createAuthority()).server();
});

const transport = createTransport();
const trusting = (): Transport => createTransport({ concurrency: 1, tls: () => ({ verify: false }) });
const head = (length: number): string => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`;
const isSame = (bytes: Uint8Array, expected: Uint8Array): boolean => Buffer.compare(bytes, expected) === 0;

/** A server whose answers are what `answer` writes. */
const serveAnswer = async (answer: (socket: Socket) => void): Promise<URL> =>
  serveRaw((socket) => void socket.on("data", () => undefined).once("data", () => answer(socket)));

/** What came before the failure, which is awaited. */
async function failing({ body }: HttpResponse): Promise<{ readonly read: Buffer; readonly error: unknown }> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of body) pieces.push(piece);
  } catch (error) {
    return { read: Buffer.concat(pieces), error };
  }
  throw new Error("it came whole");
}

describe.each(["http", "https"])("a long body over %s", (scheme) => {
  it("comes as it was sent, one after the other and beside short ones", async () => {
    const url = await serve(
      (request, response) => void response.end(request.url === "/long" ? LONG : request.url),
      scheme === "https" ? tls : undefined,
    );
    const ours = trusting();
    const get = async (path: string): Promise<Uint8Array> =>
      readAll((await ours.send({ method: "GET", url: new URL(path, url) })).body);
    for (const path of ["short", "long", "long", "short", "long"]) {
      expect(isSame(await get(path), path === "long" ? LONG : Buffer.from("/short"))).toBe(true);
    }
  });
});

describe("a long body", () => {
  it("comes in larger pieces than Node reads, where much is waiting", async () => {
    const url = await serve((_, response) => void response.end(LONG));
    let largest = 0;
    for await (const piece of (await transport.send({ method: "GET", url })).body) {
      largest = Math.max(largest, piece.byteLength);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(largest).toBeGreaterThan(64 * 1024);
  });

  it.each([1, 40, 70_000])("comes as it was sent when %i bytes of it come with the headers", async (first) => {
    const url = await serveAnswer((socket) => {
      const start = Buffer.concat([Buffer.from(head(LONG.byteLength)), LONG.subarray(0, first)]);
      socket.write(start, () => setImmediate(() => socket.write(LONG.subarray(first))));
    });
    expect(isSame(await readAll((await transport.send({ method: "GET", url })).body), LONG)).toBe(true);
  });

  it("ends where its length says, whatever comes after it", async () => {
    let closed: Promise<void> | undefined;
    const url = await serveAnswer((socket) => {
      closed = closing(socket);
      socket.write(head(10 * MIB));
      socket.write(LONG);
    });
    const { body } = await transport.send({ method: "GET", url });
    expect(isSame(await readAll(body), LONG.subarray(0, 10 * MIB))).toBe(true);
    await closed;
  });

  it("fails when the connection is closed in the middle of it, after what came", async () => {
    const url = await serveAnswer((socket) => {
      socket.write(head(LONG.byteLength));
      socket.end(LONG.subarray(0, 9 * MIB));
    });
    const { read, error } = await failing(await transport.send({ method: "GET", url }));
    expect(isSame(read, LONG.subarray(0, 9 * MIB))).toBe(true);
    expect(error).toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: `the answer of ${url.host} was cut off: the connection broke`,
    });
  });

  it("fails when no more of it comes, after what came", async () => {
    const url = await serveAnswer((socket) => void socket.write(Buffer.concat([Buffer.from(head(10 * MIB)), PIECE])));
    const { read, error } = await failing(
      await createTransport({ timeouts: { idle: 60 } }).send({ method: "GET", url }),
    );
    expect(isSame(read, PIECE)).toBe(true);
    expect(error).toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: `the answer of ${url.host} was cut off: hardly anything moved for 0.06 s`,
    });
  });

  it("is only read as fast as somebody wants it", async () => {
    let sent = 0;
    const url = await serve((_, response) => {
      response.setHeader("content-length", 256 * MIB);
      const more = (): void => {
        for (let room = true; room && sent < 256 * MIB; sent += PIECE.byteLength) room = response.write(PIECE);
      };
      response.on("drain", more);
      more();
    });
    let read = 0;
    for await (const piece of (await transport.send({ method: "GET", url })).body) {
      read += piece.byteLength;
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      if (read > 4 * MIB) break;
    }
    expect(sent).toBeLessThan(64 * MIB);
  });

  it("leaves no connection behind when the reader leaves, or gives it up", async () => {
    const closed: Promise<void>[] = [];
    const url = await serve((request, response) => {
      closed.push(closing(request.socket));
      response.end(LONG);
    });
    for await (const piece of (await transport.send({ method: "GET", url })).body) {
      expect(piece.byteLength).toBeGreaterThan(0);
      break;
    }
    await (await transport.send({ method: "GET", url })).discard();
    await Promise.all(closed);
    expect(closed).toHaveLength(2);
  });

  it("can be cancelled in the middle of it", async () => {
    const cancel = new AbortController();
    let closed: Promise<void> | undefined;
    const url = await serveAnswer((socket) => {
      closed = closing(socket);
      socket.write(Buffer.concat([Buffer.from(head(10 * MIB)), LONG.subarray(0, 9 * MIB)]));
    });
    const { body } = await transport.send({ method: "GET", url, signal: cancel.signal });
    const reading = async (): Promise<void> => {
      let read = 0;
      for await (const piece of body) if ((read += piece.byteLength) === 9 * MIB) cancel.abort();
    };
    await expect(reading()).rejects.toMatchObject({ code: "ABORTED" });
    await closed;
  });

  it("leaves nothing on a signal that lives longer", async () => {
    const { signal } = new AbortController();
    const [added, removed] = [vi.spyOn(signal, "addEventListener"), vi.spyOn(signal, "removeEventListener")];
    const url = await serve((_, response) => void response.end(LONG));
    await readAll((await transport.send({ method: "GET", url, signal })).body);
    expect(added).toHaveBeenCalled();
    expect(removed).toHaveBeenCalledTimes(added.mock.calls.length);
  });
});

it("a length that is only announced, to HEAD, is not waited for", async () => {
  const sockets = new Set<Socket>();
  const url = await serve((request, response) => {
    sockets.add(request.socket);
    response.setHeader("content-length", request.method === "HEAD" ? LONG.byteLength : 0).end();
  });
  const ours = trusting();
  for (const method of ["GET", "HEAD", "HEAD"] as const) await readAll((await ours.send({ method, url })).body);
  expect(sockets.size).toBe(1);
});
