import { describe, expect, it } from "vitest";

import { Bench, inState, type Image } from "../testing/bench.ts";

const VERSIONS = ["1.0.0", "2.0.0", "2.1.0-rc.1"] as const;

/** Published elsewhere. */
async function images(bench: Bench): Promise<ReadonlyMap<string, Image>> {
  const packed = VERSIONS.map(
    async (version) => [version, inState(await bench.pack({ version }), "published")] as const,
  );
  const all = new Map<string, Image>(await Promise.all(packed));
  return all.set("latest", all.get("2.0.0") as Image);
}

function orders(tags: readonly string[]): string[][] {
  if (tags.length < 2) return [[...tags]];
  return tags.flatMap((tag) => orders(tags.filter((other) => other !== tag)).map((rest) => [tag, ...rest]));
}

describe("latest, mirrored", () => {
  it.each(orders([...VERSIONS, "latest"]).map((order) => [order.join(", "), order] as const))(
    "comes with the versions in any order: %s",
    async (_, order) => {
      const bench = new Bench();
      const all = await images(bench);
      const digests = new Map<string, string>();
      for (const tag of order) digests.set(tag, await bench.push(all.get(tag) as Image, tag, "mirror"));
      expect(await bench.tag("latest")).toBe(digests.get("2.0.0"));
    },
  );

  it("does not go back to a lower version, nor from a release to a pre-release", async () => {
    const bench = new Bench();
    const all = await images(bench);
    for (const [tag, image] of all) await bench.push(image, tag, "mirror");
    for (const version of ["1.0.0", "2.1.0-rc.1"]) {
      await expect(bench.push(all.get(version) as Image, "latest", "mirror")).rejects.toMatchObject({
        status: 412,
        message: "acme/greeter:latest cannot name this: the highest published version is 2.0.0",
      });
    }
    await bench.push(inState(all.get("2.0.0") as Image, "deprecated"), "2.0.0", "mirror");
    await bench.push(all.get("1.0.0") as Image, "latest", "mirror");
  });

  it("does not go back where the versions' own tags have not come yet", async () => {
    const bench = new Bench();
    const all = await images(bench);
    await bench.push(all.get("2.0.0") as Image, "latest", "mirror");
    for (const version of ["1.0.0", "2.1.0-rc.1"]) {
      await expect(bench.push(all.get(version) as Image, "latest", "mirror")).rejects.toMatchObject({
        status: 412,
        message: "acme/greeter:latest cannot name this: it names 2.0.0 already",
      });
    }
    await bench.push(inState(all.get("2.0.0") as Image, "deprecated"), "2.0.0", "mirror");
    await bench.push(all.get("1.0.0") as Image, "latest", "mirror");
  });

  it.each(["deprecated", "archived"] as const)(
    "does not name what a version was before it was %s here",
    async (state) => {
      const bench = new Bench();
      const all = await images(bench);
      const [lower, higher] = [all.get("1.0.0") as Image, all.get("2.0.0") as Image];
      await bench.push(lower, "1.0.0", "mirror");
      await bench.push(higher, "2.0.0", "mirror");
      await bench.push(inState(higher, "deprecated"), "2.0.0", "mirror");
      if (state === "archived") {
        await bench.push(inState(higher, "archived"), undefined, "mirror");
        await bench.untag("2.0.0", "mirror", "admin");
      }
      await expect(bench.push(higher, "latest", "mirror")).rejects.toMatchObject({ status: 412 });
      await bench.push(lower, "latest", "mirror");
    },
  );
});
