import { describe, expect, it } from "vitest";

import { asContent, readAll, type Content } from "../content/index.ts";
import { digestOf } from "../oci/index.ts";
import { MemoryStore } from "./memory.ts";
import { bytesOf, contentOf, describeBytes } from "./testing/images.ts";
import { observed, verified } from "./verify.ts";

const BYTES = Buffer.from("what a skill is made of");
const DESCRIPTOR = { mediaType: "text/plain", digest: digestOf(BYTES), size: BYTES.byteLength };

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (const byte of bytes) yield Uint8Array.of(byte);
}

const silent = { begin: () => undefined, passed: () => undefined };

describe("verified", () => {
  it("takes content that is checked already as it is, also when somebody watches it", () => {
    const content = verified(DESCRIPTOR, asContent(BYTES));
    expect(verified(DESCRIPTOR, content)).toBe(content);
    const watched = observed(content, silent);
    expect(verified(DESCRIPTOR, watched)).toBe(watched);
  });

  it("checks content that was checked to be something else", async () => {
    const other = Buffer.from("something else");
    const checked = verified({ ...DESCRIPTOR, digest: digestOf(other), size: other.byteLength }, asContent(other));
    await expect(readAll(verified(DESCRIPTOR, checked))).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
    const longer = { ...DESCRIPTOR, size: DESCRIPTOR.size + 1 };
    await expect(readAll(verified(longer, verified(DESCRIPTOR, asContent(BYTES))))).rejects.toMatchObject({
      code: "SIZE_MISMATCH",
    });
  });

  it("is not fooled by what only looks checked", async () => {
    const forged: Content = observed(asContent(Buffer.from("what a skill is made off")), silent);
    await expect(readAll(verified(DESCRIPTOR, forged))).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
    const flipped = observed(asContent(Buffer.from("What a skill is made of")), silent);
    await expect(readAll(verified(DESCRIPTOR, flipped))).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  });
});

describe("observed", () => {
  it("tells when it is begun and how far it has come", async () => {
    const told: (number | "begin")[] = [];
    const watched = observed(chunks(Buffer.from("abc")), {
      begin: () => told.push("begin"),
      passed: (at) => told.push(at),
    });
    expect(told).toEqual([]);
    expect(Buffer.from(await readAll(watched)).toString()).toBe("abc");
    expect(told).toEqual(["begin", 1, 2, 3]);
  });
});

it("a store does not take the rest of content whose beginning somebody has read", async () => {
  const content = verified(DESCRIPTOR, chunks(BYTES));
  const iterator = content[Symbol.asyncIterator]();
  await iterator.next();
  await expect(new MemoryStore().repository("a/b").push(DESCRIPTOR, content)).rejects.toMatchObject({
    code: "SIZE_MISMATCH",
  });
});

describe("content that ends in an empty chunk", () => {
  it("is not handed out before it was checked either", async () => {
    const seen: Uint8Array[] = [];
    const read = async (): Promise<void> => {
      for await (const chunk of verified(describeBytes(bytesOf("good")), contentOf("evil", ""))) seen.push(chunk);
    };
    await expect(read()).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(seen).toEqual([]);
  });
});
