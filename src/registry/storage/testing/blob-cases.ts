import { expect } from "vitest";

import { readAll } from "../../../content/index.ts";
import { digestOf } from "../../../oci/index.ts";
import type { Case } from "./contract.ts";
import { bytesOf, contentOf, listOf } from "./images.ts";

const BYTES = bytesOf("0123456789");
const DIGEST = digestOf(BYTES);
const HOUR = 3_600_000;

export const blobCases: Readonly<Record<string, Case>> = {
  "gives back what was put": async ({ storage: { blobs }, now }) => {
    expect(await blobs.stat(DIGEST)).toBeUndefined();
    await blobs.put(DIGEST, BYTES);
    expect(await blobs.stat(DIGEST)).toEqual({ digest: DIGEST, size: 10, touched: now() });
    expect(await readAll(blobs.read(DIGEST))).toEqual(BYTES);
    expect((await listOf(blobs.list())).map(({ digest }) => digest)).toEqual([DIGEST]);
  },
  "holds sha512 beside sha256": async ({ storage: { blobs } }) => {
    const long = digestOf(BYTES, "sha512");
    await blobs.put(long, BYTES);
    expect(await blobs.stat(DIGEST)).toBeUndefined();
    expect(await readAll(blobs.read(long))).toEqual(BYTES);
    await blobs.put(DIGEST, BYTES);
    expect((await listOf(blobs.list())).map(({ digest }) => digest).toSorted()).toEqual([DIGEST, long]);
  },
  "holds an empty blob": async ({ storage: { blobs } }) => {
    const digest = digestOf("");
    await blobs.put(digest, new Uint8Array());
    expect(await blobs.stat(digest)).toMatchObject({ size: 0 });
    expect(await readAll(blobs.read(digest))).toEqual(new Uint8Array());
  },
  "refuses bytes that hash to something else": async ({ storage: { blobs } }) => {
    await expect(blobs.put(DIGEST, bytesOf("0123456780"))).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(await blobs.stat(DIGEST)).toBeUndefined();
  },
  "says NOT_FOUND when it is read and absent": async ({ storage: { blobs } }) => {
    await expect(readAll(blobs.read(DIGEST))).rejects.toMatchObject({ code: "NOT_FOUND" });
  },
  "reads the part that is asked for": async ({ storage: { blobs } }) => {
    await blobs.put(DIGEST, BYTES);
    const part = async (start: number, end: number): Promise<string> =>
      new TextDecoder().decode(await readAll(blobs.read(DIGEST, { range: { start, end } })));
    expect(await part(0, 9)).toBe("0123456789");
    expect(await part(0, 0)).toBe("0");
    expect(await part(3, 5)).toBe("345");
    expect(await part(9, 9)).toBe("9");
  },
  "reads parts of a blob that is larger than a chunk": async ({ storage: { blobs } }) => {
    const bytes = new Uint8Array(3_000_000).map((_, at) => at % 251);
    const digest = digestOf(bytes);
    await blobs.put(digest, bytes);
    expect(digestOf(await readAll(blobs.read(digest)))).toBe(digest);
    const [start, end] = [999_999, 2_222_222];
    const part = await readAll(blobs.read(digest, { range: { start, end } }));
    expect(Buffer.compare(part, bytes.subarray(start, end + 1))).toBe(0);
  },
  "can be read twice": async ({ storage: { blobs } }) => {
    await blobs.put(DIGEST, BYTES);
    const content = blobs.read(DIGEST);
    expect(await readAll(content)).toEqual(BYTES);
    expect(await readAll(content)).toEqual(BYTES);
  },
  "stops reading when cancelled": async ({ storage: { blobs } }) => {
    await blobs.put(DIGEST, BYTES);
    const read = readAll(blobs.read(DIGEST, { signal: AbortSignal.abort() }));
    await expect(read).rejects.toMatchObject({ code: "ABORTED" });
  },
  "is as old as its last touch": async ({ storage: { blobs }, now, pass }) => {
    expect(await blobs.touch(DIGEST)).toBe(false);
    await blobs.put(DIGEST, BYTES);
    pass(HOUR);
    expect(await blobs.stat(DIGEST)).toMatchObject({ touched: now() - HOUR });
    expect(await blobs.touch(DIGEST)).toBe(true);
    expect(await blobs.stat(DIGEST)).toMatchObject({ touched: now() });
    pass(HOUR);
    await blobs.put(DIGEST, BYTES);
    expect(await blobs.stat(DIGEST)).toMatchObject({ touched: now() });
  },
  "removes what was not touched, and nothing else": async ({ storage: { blobs }, now, pass }) => {
    expect(await blobs.remove(DIGEST, now())).toBe(false);
    await blobs.put(DIGEST, BYTES);
    pass(HOUR);
    await blobs.touch(DIGEST);
    expect(await blobs.remove(DIGEST, now() - 1)).toBe(false);
    expect(await readAll(blobs.read(DIGEST))).toEqual(BYTES);
    pass(HOUR);
    expect(await blobs.remove(DIGEST, now() - 1)).toBe(true);
    expect(await blobs.stat(DIGEST)).toBeUndefined();
    expect(await listOf(blobs.list())).toEqual([]);
  },
  "stays when it was touched, whoever removes at this moment": async ({ storage: { blobs }, now, pass }) => {
    for (let round = 0; round < 50; round += 1) {
      await blobs.put(DIGEST, BYTES);
      pass(HOUR);
      const before = now() - 1;
      const [touched, ...removed] = await Promise.all([
        blobs.touch(DIGEST),
        blobs.remove(DIGEST, before),
        blobs.remove(DIGEST, before),
      ]);
      expect(removed.filter(Boolean).length).toBe(touched ? 0 : 1);
      expect((await blobs.stat(DIGEST)) !== undefined).toBe(touched);
    }
  },
  "can be read to its end while it is removed": async ({ storage: { blobs }, now }) => {
    const bytes = new Uint8Array(3_000_000);
    const digest = digestOf(bytes);
    await blobs.put(digest, bytes);
    let size = 0;
    for await (const chunk of blobs.read(digest)) {
      if (size === 0) expect(await blobs.remove(digest, now())).toBe(true);
      size += chunk.byteLength;
    }
    expect(size).toBe(bytes.byteLength);
  },
  "does not set aside what is sound": async ({ storage: { blobs } }) => {
    expect(await blobs.setAside(DIGEST)).toBe(false);
    await blobs.put(DIGEST, BYTES);
    expect(await blobs.setAside(DIGEST)).toBe(false);
    expect(await readAll(blobs.read(DIGEST))).toEqual(BYTES);
  },
  "serves no damaged blob to its end": async ({ storage: { blobs }, damage }) => {
    if (damage === undefined) return;
    await blobs.put(DIGEST, BYTES);
    await damage(DIGEST);
    await expect(readAll(blobs.read(DIGEST))).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(await blobs.setAside(DIGEST)).toBe(true);
    expect(await blobs.stat(DIGEST)).toBeUndefined();
    expect(await listOf(blobs.list())).toEqual([]);
  },
  "is healed by a put": async ({ storage: { blobs }, damage }) => {
    if (damage === undefined) return;
    await blobs.put(DIGEST, BYTES);
    await damage(DIGEST);
    await blobs.put(DIGEST, BYTES);
    expect(await readAll(blobs.read(DIGEST))).toEqual(BYTES);
  },
  "is healed by an upload": async ({ storage: { blobs }, damage }) => {
    if (damage === undefined) return;
    await blobs.put(DIGEST, BYTES);
    await damage(DIGEST);
    const { id } = await blobs.uploads.begin("examples/a");
    await blobs.uploads.append(id, 0, contentOf(BYTES));
    await blobs.uploads.finish(id, DIGEST);
    expect(await readAll(blobs.read(DIGEST))).toEqual(BYTES);
  },
};
