import { rm } from "node:fs/promises";
import { expect, it } from "vitest";

import { makeImage } from "../../../store/testing/images.ts";
import { fsFixture } from "../testing/fs-fixture.ts";
import { incoming, storeImage } from "../testing/images.ts";
import { RecentValues } from "./recent.ts";
import { weightOf } from "./records.ts";

const NAME = "examples/hello-world";
const { open, pathTo } = fsFixture();

it("reads a value once", async () => {
  const recent = new RecentValues<number>(10);
  let reads = 0;
  const read = async (): Promise<number> => (reads += 1);
  expect(await Promise.all([recent.get("a", read), recent.get("a", read)])).toEqual([1, 1]);
  expect(await recent.get("a", read)).toBe(1);
});

it("does not remember that there is nothing", async () => {
  const recent = new RecentValues<number>(10);
  expect(await recent.get("a", async () => undefined)).toBeUndefined();
  expect(await recent.get("a", async () => 1)).toBe(1);
});

it("does not keep what was read before a change that came meanwhile", async () => {
  const recent = new RecentValues<string>(10);
  let answer: (value: string) => void = () => undefined;
  const slow = recent.get("a", async () => new Promise((resolve) => (answer = resolve)));
  recent.set("a", "new");
  answer("old");
  expect(await slow).toBe("old");
  expect(await recent.get("a", async () => "read again")).toBe("new");
  const slower = recent.get("b", async () => new Promise((resolve) => (answer = resolve)));
  recent.set("b", undefined);
  answer("old");
  await slower;
  expect(await recent.get("b", async () => "read again")).toBe("read again");
});

it("keeps no more than it may", async () => {
  const recent = new RecentValues<number>(2);
  for (const [at, key] of ["a", "b", "c"].entries()) recent.set(key, at);
  expect(await recent.get("a", async () => 9)).toBe(9);
  expect(await recent.get("c", async () => 9)).toBe(2);
});

it("keeps no more than may weigh so much together, however few values that are", async () => {
  const recent = new RecentValues<string>(10, ({ length }) => length);
  for (const value of ["aaaa", "bbbb", "cccc"]) recent.set(value, value);
  const isKept = async (key: string): Promise<boolean> => (await recent.get(key, async () => undefined)) !== undefined;
  expect(await isKept("aaaa")).toBe(false);
  expect(await isKept("bbbb")).toBe(true);
  recent.set("bbbb", undefined);
  recent.set("dddddd", "dddddd");
  expect(await isKept("cccc")).toBe(true);
  recent.set("too large", "eeeeeeeeeee");
  expect(await isKept("too large")).toBe(false);
});

it("keeps nothing where somebody else may change it", async () => {
  const recent = new RecentValues<number>(0);
  recent.set("a", 1);
  expect(await recent.get("a", async () => 2)).toBe(2);
  expect(await recent.get("a", async () => 3)).toBe(3);
});

it("does not let manifests that say much fill the memory", async () => {
  const storage = await open();
  const repository = storage.metadata.repository(NAME);
  const { manifest: subject } = await storeImage(storage, NAME, "subject");
  const annotations = { note: "x".repeat(3 * 1024 ** 2) };
  const images = Array.from({ length: 9 }, (_, at) => makeImage(`signature ${at}`, { subject }));
  for (const image of images) {
    await repository.putManifest(incoming({ ...image, manifest: { ...image.manifest, annotations } }, subject));
  }
  // What is remembered is not read again.
  await rm(pathTo("repositories", NAME, "_", "manifests"), { recursive: true });
  const found = await Promise.all(images.map(async ({ manifest: { digest } }) => repository.manifest(digest)));
  expect(found.findLastIndex((each) => each === undefined)).toBe(2);
  expect(found.at(-1)).toMatchObject({ descriptor: { annotations } });
});

it("counts for what it takes an annotation that says next to nothing", () => {
  const annotations = Object.fromEntries(Array.from({ length: 40_000 }, (_, at) => [at.toString(36), ""]));
  const { descriptor } = incoming(makeImage("signature"));
  // In kilobytes: V8 takes some three megabytes for what JSON writes in a tenth of that.
  expect(weightOf({ descriptor: { ...descriptor, annotations }, references: [], stored: 0 })).toBeGreaterThan(3000);
});
