import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";

import { build } from "esbuild";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { readAll, type Content } from "../content/index.ts";
import { digestOf } from "../oci/digest.ts";
import { collectFiles } from "./collect.ts";
import { BLOCK_SIZE } from "./deflate-block.ts";
import { DeflatePool } from "./deflate-pool.ts";
import { gzip } from "./gzip-write.ts";
import { demandsOf } from "./demands.ts";
import { createLayer } from "./layer.ts";
import { readLayer } from "./layer-read.ts";
import { pathRefusal } from "./path-rules.ts";
import { PathTable } from "./path-table.ts";
import { writeTar } from "./tar-write.ts";
import { file, pieces, prose, SAMPLE } from "./testing/layer-files.ts";
import { describeWith, gnuTar } from "../../test/tools.ts";

let room: string;

beforeAll(async () => {
  room = await mkdtemp(join(tmpdir(), "layer-"));
});

afterAll(async () => {
  await rm(room, { recursive: true, force: true });
});

describe("the same directory gives the same bytes", () => {
  async function directory(name: string, paths: readonly string[], mode: number, time: number): Promise<string> {
    const root = join(room, name);
    for (const path of paths) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), `content of ${path}`);
      await chmod(join(root, path), path.endsWith(".sh") ? mode | 0o100 : mode);
      await utimes(join(root, path), time, time);
    }
    return root;
  }

  test("whatever modes, times, order of creation, umask, time zone and locale", async () => {
    const paths = ["b.md", "a/z.sh", "a/é.md", "a-b/x.md", "c/d/e.md"];
    const first = await directory("first", paths, 0o644, 1);
    const before = { umask: process.umask(0o077), zone: process.env["TZ"] };
    process.env["TZ"] = "Pacific/Kiritimati";
    try {
      const second = await directory("second", paths.toReversed(), 0o600, 1_700_000_000);
      const digests = [];
      for (const root of [first, second])
        digests.push(digestOf(await readAll(createLayer((await collectFiles(root)).files).content)));
      expect(digests[0]).toBe(digests[1]);
    } finally {
      process.umask(before.umask);
      if (before.zone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = before.zone;
    }
  });

  test("whatever the order of the files and the pieces in which they are read", async () => {
    const content = prose(BLOCK_SIZE + 99);
    const layers = [1, 511, 70_000, 10_000_000].map((size) => ({
      ...file("p", content),
      open: () => pieces(content, size),
    }));
    const digests = await Promise.all(
      layers.map(async (one, index) =>
        digestOf(await readAll(createLayer(index % 2 ? [one, ...SAMPLE] : [...SAMPLE, one]).content)),
      ),
    );
    expect(new Set(digests).size).toBe(1);
  });
});

describe("worker threads", () => {
  let worker: URL;

  beforeAll(async () => {
    const outfile = join(room, "deflate-worker.mjs");
    await build({
      entryPoints: [join(import.meta.dirname, "deflate-worker.ts")],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
    });
    worker = pathToFileURL(outfile);
  });

  async function compress(content: Content, workers: number, file: URL | undefined = worker): Promise<Buffer> {
    const pool = new DeflatePool(workers, file);
    try {
      return Buffer.from(await readAll(gzip(content, pool, () => undefined)));
    } finally {
      await pool.close();
    }
  }

  test("yield the same bytes as this thread, for any content", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(3 * BLOCK_SIZE),
        fc.nat(),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        async (size, seed, workers, text) => {
          const content = text
            ? prose(size, seed)
            : Buffer.from(prose(size, seed)).map((byte, index) => Math.imul(byte * index, 2654435761) >>> 24);
          const inline = await compress(pieces(content), 0);
          expect((await compress(pieces(content), workers)).equals(inline)).toBe(true);
          expect(gunzipSync(inline).equals(content)).toBe(true);
        },
      ),
      { numRuns: 12 },
    );
  }, 60_000);

  test("that cannot start are done without", async () => {
    const broken = join(room, "broken.mjs");
    await writeFile(broken, "throw new Error('no')");
    const content = prose(5 * BLOCK_SIZE);
    const bytes = await compress(pieces(content), 2, pathToFileURL(broken));
    expect(bytes.equals(await compress(pieces(content), 0))).toBe(true);
  });

  test("that end in the middle are done without", async () => {
    const dying = join(room, "dying.mjs");
    await writeFile(
      dying,
      "import { parentPort } from 'node:worker_threads'; parentPort.once('message', () => process.exit(1));",
    );
    const content = prose(5 * BLOCK_SIZE);
    const bytes = await compress(pieces(content), 2, pathToFileURL(dying));
    expect(bytes.equals(await compress(pieces(content), 0))).toBe(true);
  });

  test("are not missed when their file is not there", async () => {
    const content = prose(BLOCK_SIZE);
    expect((await readAll(createLayer([file("f", content)], { workers: 4 }).content)).length).toBeGreaterThan(0);
  });
});

describe("round trip", () => {
  const name = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 60 })
    .filter((part) => pathRefusal(part) === undefined && !part.includes("/"));
  const path = fc.array(name, { minLength: 1, maxLength: 8 }).map((parts) => parts.join("/"));
  const files = fc
    .uniqueArray(fc.tuple(path, fc.uint8Array({ maxLength: 2000 }), fc.boolean()), {
      maxLength: 12,
      selector: ([at]) => at,
    })
    .map((list) => {
      const names = new PathTable();
      return list.filter(([at]) => names.claim(at, "file") === undefined);
    });

  test("what is packed is what is read", async () => {
    await fc.assert(
      fc.asyncProperty(files, async (list) => {
        const layer = createLayer(list.map(([at, content, executable]) => file(at, content, executable)));
        const bytes = await readAll(layer.content);
        const found = new Map<string, string>();
        for await (const entry of readLayer(pieces(bytes, 777), {
          compression: "gzip",
          diffId: layer.summary().diffId,
        })) {
          if (entry.type === "file")
            found.set(entry.path, `${entry.mode} ${Buffer.from(await readAll(entry.content)).toString("hex")}`);
        }
        expect(found).toEqual(
          new Map(list.map(([at, content, x]) => [at, `${x ? 0o755 : 0o644} ${Buffer.from(content).toString("hex")}`])),
        );
      }),
      { numRuns: 60 },
    );
  });

  describeWith([gnuTar], "GNU tar", () => {
    test("lists it", async () => {
      const tar = join(room, "sample.tar.gz");
      await writeFile(tar, await readAll(createLayer(SAMPLE, { mtime: 86_400 }).content));
      const env = { ...process.env, TZ: "UTC", LC_ALL: "C.UTF-8" };
      const lines = execFileSync("tar", ["-tvf", tar], { encoding: "utf8", env, stdio: ["ignore", "pipe", "pipe"] })
        .trim()
        .split("\n");
      expect(lines).toContain("-rwxr-xr-x 0/0              21 1970-01-02 00:00 scripts/run.sh");
      expect(lines).toContain("-rw-r--r-- 0/0               2 1970-01-02 00:00 références/données.txt");
      expect(lines).toContain("drwxr-xr-x 0/0               0 1970-01-02 00:00 références/");
      expect(lines.at(0)).toContain("SKILL.md");
      expect(lines.filter((line) => line.includes(`${"long/".repeat(30)}name.txt`))).toHaveLength(1);
    });
  });
});

test("a layer's summary counts what unpacking counts: files, and the directories they lie in", async () => {
  const layer = createLayer([file("a/b/c"), file("a/b/d"), file("a/e"), file("f")]);
  const bytes = await readAll(layer.content);
  let read = 0;
  for await (const _ of readLayer(pieces(bytes), { compression: "gzip" })) read++;
  expect(layer.summary()).toMatchObject({ files: 4, entries: 6 });
  expect(read).toBe(6);
  const drain = async (entries: number): Promise<void> => {
    for await (const _ of readLayer(pieces(bytes), { compression: "gzip", limits: { entries } })) continue;
  };
  await drain(6);
  await expect(drain(5)).rejects.toMatchObject({ code: "ARCHIVE_LIMIT" });
});

describe("what is refused", () => {
  test.each(["../x", "/x", "a//b", "con", "a:b", "", "a\u200b", "a\u{fe0f}"])("the path %j", (path) => {
    expect(() => createLayer([file(path)])).toThrow(expect.objectContaining({ code: "FILE_UNSUPPORTED" }));
  });

  test("a path given twice", () => {
    expect(() => createLayer([file("a"), file("a")])).toThrow(expect.objectContaining({ code: "FILE_UNSUPPORTED" }));
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 40])("the mtime %d", (mtime) => {
    expect(() => createLayer([], { mtime })).toThrow(expect.objectContaining({ code: "USAGE" }));
  });

  test.each([0, 4, 6])("a file that yields %i bytes instead of 5", async (size) => {
    const lying = { ...file("f", "x".repeat(size)), size: 5 };
    await expect(readAll(createLayer([lying]).content)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });

  test("a summary before the end", () => {
    expect(() => createLayer([]).summary()).toThrow(expect.objectContaining({ code: "USAGE" }));
  });

  test("an operation that is cancelled", async () => {
    const controller = new AbortController();
    const stopping = { ...file("f", prose(BLOCK_SIZE * 3)), open: () => stop(controller) };
    await expect(readAll(createLayer([stopping], controller).content)).rejects.toMatchObject({ code: "ABORTED" });
  });
});

async function* stop(controller: AbortController): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < 3; index++) {
    yield prose(BLOCK_SIZE);
    controller.abort();
  }
}

describe("headers", () => {
  const header = async (path: string, size = 0): Promise<Buffer> =>
    Buffer.from(await readAll(writeTar([{ path, executable: false, size, open: () => pieces(Buffer.alloc(size)) }])));

  test("a long ASCII path is divided over ustar's two fields, without pax", async () => {
    const path = `${"d".repeat(150)}/${"f".repeat(100)}`;
    const bytes = await header(path);
    expect(bytes.includes("PaxHeaders")).toBe(true); // its parent, one name of 151 bytes with its slash
    expect(bytes.subarray(1536, 1636).toString()).toBe("f".repeat(100));
    expect(bytes.subarray(1881, 2031).toString()).toBe("d".repeat(150));
  });

  test("nothing needs pax that ustar can say", async () => {
    const bytes = await header(`${"dir/".repeat(25)}${"f".repeat(99)}`);
    expect(bytes.includes("PaxHeaders")).toBe(false);
  });

  test("a size of 8 GiB or more is a pax record", async () => {
    const { encodeHeader } = await import("./tar-header.ts");
    const fields = { path: "f", type: "0", mode: 0o644, mtime: 0 } as const;
    expect(encodeHeader({ ...fields, size: 2 ** 33 - 1 })).toHaveLength(512);
    expect(Buffer.from(encodeHeader({ ...fields, size: 2 ** 33 })).includes("19 size=8589934592\n")).toBe(true);
  });
});

test("what a layer will ask is told from its files as from its bytes", async () => {
  const files = [file("a/b/c"), file("a/é"), file("f", "x".repeat(1000)), file(`${"d/".repeat(20)}${"n".repeat(120)}`)];
  const layer = createLayer(files);
  await readAll(layer.content);
  const { entries, uncompressedSize } = layer.summary();
  expect(demandsOf(files)).toEqual({ entries, expandedSize: uncompressedSize, fileSize: 1000 });
});
