/**
 * Figures: memory stays under 150 MB for every command that moves the content of a skill of 1 GiB (short: 256 MiB), and
 * under 180 MB for one of 50,000 files (short: 10,000). What hostile documents claim to hold is not taken into memory.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { readFile, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";

import { Annotation, digestOf, encodedOf, MediaType, type Digest } from "../../src/oci/index.ts";
import { createWorkspace, type Workspace } from "../e2e/skillctl.ts";
import { rawTar } from "../fixtures/raw-tar.ts";
import { describeWhere } from "../tools.ts";
import { canMeasureMemory, runMeasured } from "./peak-memory.ts";
import { figure, report, seededRandom } from "./soak.ts";

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;
const LARGE = figure(256, 1024);
const MANY = figure(10_000, 50_000);
const FILE = 8 * MiB;
/** In MB. Node.js takes some 45 of them before it does anything. */
const MOST = 150;
const MOST_FOR_MANY = 180;
const UNMEASURED = "the peak memory of a process is told by Linux's /proc only";
const PLANTED = "examples/planted:1";

let user: Workspace;
beforeAll(async () => {
  user = await createWorkspace();
});

describeWhere(canMeasureMemory, UNMEASURED, "memory", () => {
  it(`stays under ${MOST} MB, whatever moves a skill of ${LARGE} MiB`, async () => {
    const [noise, table] = [randomBytes(FILE), tableOf(FILE)];
    const names = Array.from({ length: LARGE / 8 }, (_, at) => `assets/${at}.bin`);
    await user.skill("large", {}, Object.fromEntries(names.map((name, at) => [name, at % 2 === 0 ? noise : table])));
    expect(await peakOf("pack", "large")).toBeLessThan(MOST);
    await rm(user.path("large"), { recursive: true });
    const image = "examples/large:1.0.0-draft";
    expect(await peakOf("fsck")).toBeLessThan(MOST);
    expect(await peakOf("inspect", image, "--files")).toBeLessThan(MOST);
    const sizes = ["--limit", "compressedSize=2GiB", "--limit", "expandedSize=2GiB"];
    expect(await peakOf("unpack", image, "-o", "out", ...sizes)).toBeLessThan(MOST);
    await rm(user.path("out"), { recursive: true });
    expect(await peakOf("export", image, "-o", "large.tar")).toBeLessThan(MOST);
    expect(await peakOf("import", "large.tar", "--store", "imported")).toBeLessThan(MOST);
    await Promise.all(["imported", "large.tar"].map(async (name) => rm(user.path(name), { recursive: true })));
  });

  it(`stays under ${MOST_FOR_MANY} MB for a skill of ${MANY} files`, async () => {
    writeManyFiles(await user.skill("many"));
    expect(await peakOf("pack", "many")).toBeLessThan(MOST_FOR_MANY);
    const image = "examples/many:1.0.0-draft";
    expect(await peakOf("unpack", image, "-o", "out", "--limit", "entries=100000")).toBeLessThan(MOST_FOR_MANY);
  });
});

describeWhere(canMeasureMemory, UNMEASURED, "a hostile document", () => {
  it("is refused as a manifest when it has one byte over 4 MiB, and read when it has not", async () => {
    const manifest = await storeWithImage("padded");
    await plant("padded", paddedTo(4 * MiB, manifest));
    expect(await user.json("inspect", PLANTED, "--store", "padded")).toMatchObject({ reference: PLANTED });
    await plant("padded", paddedTo(4 * MiB + 1, manifest));
    expect(await refusalOf("inspect", PLANTED, "--store", "padded")).toBe("MANIFEST_TOO_LARGE");
  });

  it("is refused as a manifest when it has a GiB", async () => {
    await storeWithImage("huge");
    await truncate(await plant("huge", Buffer.from("{"), GiB), GiB);
    expect(await refusalOf("inspect", PLANTED, "--store", "huge")).toBe("MANIFEST_TOO_LARGE");
  });

  it("is not read on when it has a GiB and its descriptor said less", async () => {
    await truncate(await plant("longer", await storeWithImage("longer")), GiB);
    expect(await refusalOf("inspect", PLANTED, "--store", "longer")).toMatch(/^(SIZE|DIGEST)_MISMATCH$/);
  });

  it("is refused as the index of a store when it has a GiB", async () => {
    await storeWithImage("index");
    await truncate(user.path("index", "index.json"), GiB);
    expect(await refusalOf("list", "--store", "index")).toBe("STORE_CORRUPT");
  });

  it("is refused as the index of an archive when it has one byte over 4 MiB", async () => {
    await storeWithImage("exported");
    const index = await readFile(user.path("exported", "index.json"));
    const layout = { name: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' };
    const archive = rawTar(layout, { name: "index.json", content: paddedTo(4 * MiB + 1, index) });
    await user.write({ "index.tar": archive });
    expect(await refusalOf("import", "index.tar", "--store", "imported-index")).toBe("ARCHIVE_INVALID");
  });
});

/** Runs a command, which must succeed; resolves to the most memory that it took, in MB. */
async function peakOf(...args: readonly string[]): Promise<number> {
  const { status, stderr, peak } = await runMeasured(user, ...args);
  expect(status, stderr).toBe(0);
  report(`${args.slice(0, 2).join(" ")}: ${peak.toFixed(0)} MB`);
  return peak;
}

/** Runs a command, which must fail without taking more memory than any other; resolves to the error's code. */
async function refusalOf(...args: readonly string[]): Promise<string> {
  const { stderr, peak } = await runMeasured(user, ...args, "--json");
  expect(peak).toBeLessThan(MOST);
  return (JSON.parse(stderr) as { readonly error: { readonly code: string } }).error.code;
}

/** Makes a store with one image and resolves to its manifest. */
async function storeWithImage(store: string): Promise<Buffer> {
  const args = ["pack", await user.skill("small"), "--store", store];
  const [{ digest }] = (await user.json(...args)) as readonly [{ readonly digest: Digest }];
  return readFile(user.path(store, "blobs", "sha256", encodedOf(digest)));
}

/** Puts a blob into a store, and into its index, as a manifest of `size` bytes. Resolves to where the blob lies. */
async function plant(store: string, bytes: Uint8Array, size = bytes.byteLength): Promise<string> {
  const digest = digestOf(bytes);
  const annotations = { [Annotation.refName]: PLANTED };
  const planted = { mediaType: MediaType.manifest, digest, size, annotations };
  const blob = join(store, "blobs", "sha256", encodedOf(digest));
  await user.write({
    [blob]: bytes,
    [join(store, "index.json")]: JSON.stringify({ schemaVersion: 2, manifests: [planted] }),
  });
  return user.path(blob);
}

/** A JSON document of `size` bytes that says the same. */
function paddedTo(size: number, json: Buffer): Buffer {
  return Buffer.concat([json, Buffer.alloc(size - json.byteLength, " ")]);
}

/** Lines of numbers, which compress to about a third. */
function tableOf(size: number): Buffer {
  const random = seededRandom(1);
  const lines = Array.from({ length: size / 32 }, (_, at) => `${at},${random()},sensor\n`.padEnd(32, "-"));
  return Buffer.from(lines.join("")).subarray(0, size);
}

/** Small files, 250 in a directory. */
function writeManyFiles(skill: string): void {
  for (let at = 0; at < MANY; at += 1) {
    const directory = user.path(skill, "references", `part-${Math.floor(at / 250)}`);
    if (at % 250 === 0) mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `document-${at}.md`), `# Document ${at}\n`);
  }
}
