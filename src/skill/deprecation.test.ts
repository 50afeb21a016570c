import { describe, expect, it } from "vitest";

import { Annotation, parseReference } from "../oci/index.ts";
import { MemoryStore } from "../store/index.ts";
import { inspect, list, promote, type PromoteOptions } from "./index.ts";
import { collect } from "./testing/collect.ts";
import { release } from "./testing/release.ts";

async function deprecated(options: PromoteOptions): Promise<{ store: MemoryStore; reference: string }> {
  const store = new MemoryStore();
  const published = parseReference(await release(store, {}, "published"));
  return { store, reference: (await promote(store, published, "deprecated", options)).reference };
}

describe("deprecation", () => {
  it("is told with its reason and replacement by inspect and list, also when the skill is archived", async () => {
    const told = { reason: "It greets too loudly.", replacedBy: "quay.io/acme/whisperer:1.0.0" };
    const { store, reference } = await deprecated(told);
    const found = await inspect(store, parseReference(reference));
    expect(found.lifecycle).toMatchObject({ status: "deprecated", deprecation: told });
    expect(found.image.annotations).toMatchObject({
      "io.skillimage.deprecation.reason": told.reason,
      "io.skillimage.deprecation.replaced-by": told.replacedBy,
    });
    expect(await collect(list(store))).toMatchObject([{ deprecation: told }]);
    const archived = await promote(store, parseReference(reference), "archived", { reason: "Nobody uses it." });
    expect((await inspect(store, parseReference(archived.reference))).lifecycle.deprecation).toEqual(told);
  });

  it("need not say anything", async () => {
    const { store, reference } = await deprecated({});
    expect((await inspect(store, parseReference(reference))).lifecycle).not.toHaveProperty("deprecation");
    expect((await collect(list(store)))[0]).not.toHaveProperty("deprecation");
  });

  it("names a version or a reference as the replacement, and nothing else", async () => {
    const { store, reference } = await deprecated({ replacedBy: "2.0.0" });
    expect((await inspect(store, parseReference(reference))).lifecycle.deprecation).toEqual({ replacedBy: "2.0.0" });
    for (const replacedBy of ["", "the next one", "Upper:1", "a\u001b[31m", "x:"]) {
      await expect(deprecated({ replacedBy })).rejects.toMatchObject({ code: "USAGE" });
    }
  });

  it("is of no other step: a reason stays in the record, a replacement is refused", async () => {
    const store = new MemoryStore();
    const draft = parseReference(await release(store, {}, "draft"));
    await expect(promote(store, draft, "testing", { replacedBy: "2.0.0" })).rejects.toMatchObject({ code: "USAGE" });
    const { reference } = await promote(store, draft, "testing", { reason: "Ready." });
    const { image } = await inspect(store, parseReference(reference));
    expect(image.annotations).not.toHaveProperty([Annotation.deprecationReason]);
  });

  it("refuses a reason that says nothing or too much", async () => {
    for (const reason of ["", " \n", "x".repeat(1001)]) {
      await expect(deprecated({ reason })).rejects.toMatchObject({ code: "USAGE" });
    }
  });
});
