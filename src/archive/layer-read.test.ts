import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { crc32, gzipSync } from "node:zlib";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { inPieces, longName, pax, paxRecord, type RawEntry, rawTar, rawTarOpen } from "../../test/fixtures/raw-tar.ts";
import { digestOf } from "../oci/digest.ts";
import { readLayer, readLayers, readTar } from "./layer-read.ts";
import type { LayerEntry } from "./types.ts";
import type { Content } from "../content/index.ts";
import { describeWith, gnuTar } from "../../test/tools.ts";

type Seen = [path: string, type: string, mode: string, content: string];

async function text(content: Content): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of content) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

async function list(entries: AsyncIterable<LayerEntry>): Promise<Seen[]> {
  const seen: Seen[] = [];
  for await (const entry of entries)
    seen.push([entry.path, entry.type, entry.mode.toString(8), await text(entry.content)]);
  return seen;
}

/** Bytes that are still needed. */
function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

function plain(...parts: (RawEntry | Uint8Array)[]): Promise<Seen[]> {
  return list(readLayer(inPieces(rawTar(...parts)), { compression: "none" }));
}

describe("what real tools write is accepted", () => {
  test("names that begin with ./ and an entry for the root", async () => {
    expect(
      await plain(
        { name: "./", type: "5", mode: "0000700\0" },
        { name: "./d/", type: "5" },
        { name: "./d/f", content: "x" },
      ),
    ).toEqual([
      ["d", "directory", "755", ""],
      ["d/f", "file", "644", "x"],
    ]);
  });

  test("directories without a trailing slash, and files of the old type", async () => {
    expect(await plain({ name: ".", type: "5" }, { name: "d", type: "5" }, { name: "d/f", type: "\0" })).toEqual([
      ["d", "directory", "755", ""],
      ["d/f", "file", "644", ""],
    ]);
  });

  test("modes of every kind, clamped: set-id and sticky bits go, the owner's executable bit decides", async () => {
    const modes = ["0004755\0", "0002644\0", "0000777\0", "0000600\0", "0100755\0", "0000011\0"];
    const seen = await plain(...modes.map((mode, index) => ({ name: `f${index}`, mode })));
    expect(seen.map(([, , mode]) => mode)).toEqual(["755", "644", "755", "644", "755", "644"]);
  });

  test("pax headers with names, times, owners and extended attributes", async () => {
    const records = {
      path: "données/ﬁn.txt",
      mtime: "1700000000.123456789",
      atime: "1",
      ctime: "1",
      uname: "üser",
      gid: "4294967296",
      "SCHILY.xattr.security.capability": "\u0001\u0000\u0000\u0002=\n",
      "LIBARCHIVE.creationtime": "1",
      comment: "",
    };
    expect(await plain(pax(records), { name: "donn_es", content: "x" })).toEqual([
      ["données/ﬁn.txt", "file", "644", "x"],
    ]);
  });

  test("a pax size that only repeats the header's", async () => {
    expect(await plain(pax({ size: "1" }), { content: "x" })).toHaveLength(1);
  });

  test("one GNU long name, times in the GNU header, base-256 owners and times", async () => {
    const name = `${"d".repeat(120)}/f`;
    const negative = new Uint8Array(12).fill(255);
    const entry = {
      name: name.slice(0, 100),
      magic: "ustar  \0",
      patch: { 136: negative, 345: "14543533333\0", 108: Uint8Array.of(128, 0, 0, 1, 0, 0, 0, 0) },
    };
    expect(await plain(longName(name), entry)).toEqual([[name, "file", "644", ""]]);
  });

  test("a ustar prefix", async () => {
    expect(await plain({ prefix: "a/b", name: "c" })).toEqual([["a/b/c", "file", "644", ""]]);
  });

  test("padding to GNU tar's records of 10 KiB", async () => {
    expect(await plain({ name: "a" }, Buffer.alloc(9728))).toEqual([["a", "file", "644", ""]]);
  });

  test("gzip headers with a name, a comment, extra fields and a checksum", async () => {
    const zipped = gzipSync(rawTar({ name: "a" }));
    const header = Buffer.concat([
      Buffer.of(0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 1, 2, 3, 4, 0, 3, 2, 0),
      Buffer.from("xxname\0comment\0"),
    ]);
    const checksum = Buffer.alloc(2);
    checksum.writeUInt16LE(crc32(header) & 0xffff);
    const content = inPieces(Buffer.concat([header, checksum, zipped.subarray(10)]), 3);
    expect(await list(readLayer(content, { compression: "gzip" }))).toHaveLength(1);
  });
});

describeWith([gnuTar], "GNU tar's own archives are read", () => {
  let room: string;

  beforeAll(async () => {
    room = await mkdtemp(join(tmpdir(), "gnu-"));
    await mkdir(join(room, "in", "sub"), { recursive: true });
    await writeFile(join(room, "in", "sub", "run.sh"), "#!/bin/sh\n");
    await chmod(join(room, "in", "sub", "run.sh"), 0o755);
    await writeFile(join(room, "in", "é".repeat(60)), "long and not ASCII");
  });

  afterAll(async () => {
    await rm(room, { recursive: true, force: true });
  });

  test.each(["gnu", "oldgnu", "pax", "ustar"])("format %s", async (format) => {
    const file = join(room, `${format}.tar.gz`);
    const only = format === "ustar" ? ["sub"] : ["."];
    execFileSync("tar", [`--format=${format}`, "--sort=name", "-czf", file, "-C", join(room, "in"), ...only]);
    const seen = await list(readLayer(inPieces(await readFile(file)), { compression: "gzip" }));
    expect(seen).toContainEqual(["sub/run.sh", "file", "755", "#!/bin/sh\n"]);
    expect(seen).toHaveLength(format === "ustar" ? 2 : 3);
  });
});

describe("reading", () => {
  test("content that is not consumed, or only begun, is skipped", async () => {
    const paths: string[] = [];
    const tar = rawTar(
      { name: "a", content: "x".repeat(5000) },
      { name: "b", content: "y".repeat(5000) },
      { name: "c" },
    );
    for await (const entry of readLayer(inPieces(tar, 700), { compression: "none" })) {
      paths.push(entry.path);
      if (entry.path === "b") for await (const _ of entry.content) break;
    }
    expect(paths).toEqual(["a", "b", "c"]);
  });

  test("content cannot be read after the reader has moved on", async () => {
    const entries: LayerEntry[] = [];
    for await (const entry of readLayer(inPieces(rawTar({ content: "x" })), { compression: "none" }))
      entries.push(entry);
    await expect(text((entries[0] as LayerEntry).content)).rejects.toMatchObject({ code: "USAGE" });
  });

  test("the diff_id is checked over every byte, padding included", async () => {
    const tar = rawTar({ content: "x" });
    expect(await list(readLayer(inPieces(tar), { compression: "none", diffId: digestOf(tar) }))).toHaveLength(1);
    expect(await list(readLayer(inPieces(tar), { compression: "none", diffId: digestOf(tar, "sha512") }))).toHaveLength(
      1,
    );
    const padded = Buffer.concat([tar, Buffer.alloc(512)]);
    await expect(
      list(readLayer(inPieces(padded), { compression: "none", diffId: digestOf(tar) })),
    ).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  });

  test("a source that fails is reported as it failed, and is let go of", async () => {
    let closed = false;
    async function* failing(): AsyncGenerator<Uint8Array> {
      try {
        yield gzipSync(rawTar({ content: "x" })).subarray(0, 30);
        await Promise.reject(new Error("the network is gone"));
      } finally {
        closed = true;
      }
    }
    await expect(list(readLayer(failing(), { compression: "gzip" }))).rejects.toThrow("the network is gone");
    expect(closed).toBe(true);
  });

  test("a reader that is left early lets go of its source", async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        yield* inPieces(gzipSync(rawTar({ name: "a" }, { name: "b" })), 20);
      } finally {
        closed = true;
      }
    }
    for await (const _ of readLayer(endless(), { compression: "gzip" })) break;
    await new Promise((resume) => setImmediate(resume));
    expect(closed).toBe(true);
  });

  test("a layout tar may be larger than a layer", async () => {
    const tar = rawTar({ name: "blobs/sha256/a", content: Buffer.alloc(17 << 20) });
    expect(await list(readTar(inPieces(tar, 1 << 20)))).toHaveLength(1);
    await expect(list(readLayer(inPieces(tar, 1 << 20), { compression: "none" }))).rejects.toMatchObject({
      code: "ARCHIVE_LIMIT",
    });
    await expect(list(readTar(inPieces(tar, 1 << 20), { limits: { entries: 0 } }))).rejects.toMatchObject({
      code: "ARCHIVE_LIMIT",
    });
  });

  test("an operation that was cancelled", async () => {
    await expect(list(readTar(inPieces(rawTar({})), { signal: AbortSignal.abort() }))).rejects.toMatchObject({
      code: "ABORTED",
    });
  });

  test("layers are read one after the other, and those that nobody asks for are not touched", async () => {
    let opened = 0;
    const layers = ["a", "b", "c"].map((name) => ({ content: opening(name), compression: "none" as const }));
    async function* opening(name: string): AsyncGenerator<Uint8Array> {
      opened++;
      yield* inPieces(rawTar({ name: "same" }, { name }));
    }
    const paths: string[] = [];
    for await (const { path } of readLayers(layers)) {
      paths.push(path);
      if (path === "b") break;
    }
    expect(paths).toEqual(["same", "a", "same", "b"]);
    expect(opened).toBe(2);
  });

  test("thousands of deep paths take little memory", async () => {
    const deep = (at: number): string => `${`${"d".repeat(26)}${at.toString(36).padStart(4, "0")}/`.repeat(31)}f`;
    async function* tar(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < 2000; at++) yield rawTarOpen(longName(deep(at)), { name: "f" });
      yield Buffer.alloc(1024);
    }
    const before = heapInUse();
    let growth = Number.NaN;
    const limits = { entries: 1_000_000, expandedSize: 2 ** 30 };
    let count = 0;
    for await (const _ of readLayer(tar(), { compression: "none", limits })) {
      if (++count === 2000) growth = heapInUse() - before;
    }
    expect(growth / 64_000).toBeLessThan(300);
  });

  test("pax records are counted in bytes", () => {
    expect(paxRecord(["path", "é"])).toBe("11 path=é\n");
    expect(paxRecord(["p", "x".repeat(94)]).slice(0, 4)).toBe("101 ");
  });
});
