import { describe, expect, it } from "vitest";

import { Annotation } from "../../../oci/index.ts";
import { annotated, Bench, inState } from "../testing/bench.ts";

const denied = (message: string) =>
  expect.objectContaining({
    status: 403,
    ociCode: "DENIED",
    message: expect.stringContaining(message) as string,
  }) as Error;

/** How many of many pushes at once go through. */
async function winners(pushes: readonly Promise<unknown>[]): Promise<number> {
  return (await Promise.allSettled(pushes)).filter(({ status }) => status === "fulfilled").length;
}

describe("a published version", () => {
  it("is pushed a hundred times at once with other content: exactly one wins", async () => {
    const bench = new Bench();
    const images = [];
    for (let at = 0; at < 100; at++) images.push(inState(await bench.pack({}, { "n.md": `${at}` }), "published"));
    expect(await winners(images.map(async (image) => bench.push(image, "1.0.0", "mirror")))).toBe(1);
  });

  it("is promoted a hundred times at once: exactly one wins", async () => {
    const bench = new Bench();
    const draft = await bench.pack();
    await bench.push(draft, "1.0.0-draft", "author");
    await bench.push(inState(draft, "testing"), "1.0.0-testing", "author");
    const pushes = Array.from({ length: 100 }, async (_, at) => {
      const created = new Date(at * 1000).toISOString();
      const published = annotated(draft, { [Annotation.status]: "published", [Annotation.created]: created });
      return bench.push(published, "1.0.0", "approver");
    });
    expect(await winners(pushes)).toBe(1);
  });

  it("may be pushed again as it is", async () => {
    const bench = new Bench();
    const published = await bench.publish(await bench.pack(), "1.0.0");
    await bench.push(published, "1.0.0", "approver");
  });

  it("is not replaced by an image that is no skill", async () => {
    const bench = new Bench();
    const published = await bench.publish(await bench.pack(), "1.0.0");
    const plain = { ...published, document: { ...published.document, annotations: {} } };
    await expect(bench.push(plain, "1.0.0", "admin")).rejects.toThrow(
      denied("acme/greeter:1.0.0 is published already"),
    );
  });

  it("whose tag an admin removed does not come back with other content", async () => {
    const bench = new Bench();
    const published = await bench.publish(await bench.pack(), "1.0.0");
    await bench.untag("1.0.0", "admin");
    const other = inState(await bench.pack({}, { "other.md": "x" }), "published");
    await expect(bench.push(other, "1.0.0", "mirror")).rejects.toThrow(
      denied("was published before with other content"),
    );
    await bench.push(published, "1.0.0", "mirror");
  });

  it("with build metadata is known by its tag, in which + is _", async () => {
    const bench = new Bench();
    const version = "1.0.0+linux";
    const published = inState(await bench.pack({ version }), "published");
    await bench.push(published, "1.0.0_linux", "mirror");
    const other = inState(await bench.pack({ version }, { "other.md": "x" }), "published");
    await expect(bench.push(other, "1.0.0_linux", "mirror")).rejects.toThrow(
      denied("1.0.0_linux is published already"),
    );
  });
});
