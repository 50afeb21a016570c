import { describe, expect, it } from "vitest";

import { formatReference, parseReference } from "../oci/index.ts";
import { MemoryStore } from "../store/index.ts";
import { findLocal, tag } from "./index.ts";
import { release } from "./testing/release.ts";

async function found(store: MemoryStore, target: string): Promise<string> {
  return formatReference(await findLocal(store, parseReference(target)));
}

describe("findLocal", () => {
  it("finds the one image of the target's name and tag, in whatever namespace", async () => {
    const store = new MemoryStore();
    await release(store, { name: "hello-world" }, "draft");
    await release(store, { name: "hello-world", version: "2.0.0" }, "draft");
    await release(store, { name: "other" }, "draft");
    expect(await found(store, "quay.io/myorg/hello-world:1.0.0-draft")).toBe("examples/hello-world:1.0.0-draft");
  });

  it("prefers an image of exactly that name", async () => {
    const store = new MemoryStore();
    const target = "quay.io/myorg/hello-world:1.0.0-draft";
    await tag(store, parseReference(await release(store, { name: "hello-world" }, "draft")), parseReference(target));
    await release(store, { name: "hello-world", namespace: "else", description: "Another." }, "draft");
    expect(await found(store, target)).toBe(target);
  });

  it("takes the full name of a short one for that name, but not before an image that has the short one", async () => {
    const store = new MemoryStore();
    const reference = parseReference(await release(store, { name: "hello-world" }, "draft"));
    const full = parseReference("quay.io/myorg/hello-world:1.0.0-draft");
    await release(store, { name: "hello-world", namespace: "else", description: "Another." }, "draft");
    await tag(store, reference, full);
    const wanted = async (short: string) => findLocal(store, parseReference(short), { fullName: full });
    expect(await wanted("hello-world:1.0.0-draft")).toEqual(full);
    expect(formatReference(await wanted("else/hello-world:1.0.0-draft"))).toBe("else/hello-world:1.0.0-draft");
  });

  it("finds by digest, and without a tag the only image of that name", async () => {
    const store = new MemoryStore();
    const reference = await release(store, { name: "hello-world" }, "draft");
    const { digest } = await store.repository("examples/hello-world").resolve("1.0.0-draft");
    expect(await found(store, `quay.io/myorg/hello-world@${digest}`)).toBe(reference);
    expect(await found(store, "quay.io/myorg/hello-world")).toBe(reference);
  });

  it("lists several candidates with the commands to type", async () => {
    const store = new MemoryStore();
    await release(store, { name: "hello-world" }, "draft");
    await release(store, { name: "hello-world", namespace: "team", description: "Another." }, "draft");
    await expect(found(store, "quay.io/myorg/hello-world:1.0.0-draft")).rejects.toMatchObject({
      code: "REFERENCE_AMBIGUOUS",
      hint:
        "Say which one: " +
        "skillctl push examples/hello-world:1.0.0-draft quay.io/myorg/hello-world:1.0.0-draft, " +
        "skillctl push team/hello-world:1.0.0-draft quay.io/myorg/hello-world:1.0.0-draft.",
    });
  });

  it("takes several names of one image for one image", async () => {
    const store = new MemoryStore();
    const reference = await release(store, { name: "hello-world" }, "draft");
    await tag(store, parseReference(reference), parseReference("team/hello-world:1.0.0-draft"));
    expect(await found(store, "quay.io/myorg/hello-world:1.0.0-draft")).toBe(reference);
  });

  it("says what there is when there is no such tag, and what comes near when there is no such name", async () => {
    const store = new MemoryStore();
    await expect(found(store, "quay.io/myorg/hello-world:1.0.0")).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: "there is no local image hello-world with the tag 1.0.0 to push",
      hint: expect.stringContaining("skillctl pack") as unknown,
    });
    await release(store, { name: "hello-world" }, "draft");
    await expect(found(store, "quay.io/myorg/hello-world:1.0.0")).rejects.toMatchObject({
      hint: expect.stringMatching(/^There is examples\/hello-world:1\.0\.0-draft\./) as unknown,
    });
    await expect(found(store, "quay.io/myorg/helo-world:1.0.0")).rejects.toMatchObject({
      hint: expect.stringMatching(/^Did you mean hello-world\?/) as unknown,
    });
  });
});
