import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { parseReference } from "../oci/index.ts";
import { MemoryStore, type Repository, type Store } from "../store/index.ts";
import { pack, promote } from "./index.ts";
import { collect } from "./testing/collect.ts";
import { skillDirectory } from "./testing/skill-directory.ts";

const at = (tag: string) => parseReference(`examples/greeter:${tag}`);

describe("two images of one version", () => {
  it("do not both become it, when one is archived while the other is published", async () => {
    const store = new MemoryStore();
    const directory = await skillDirectory();
    await pack(directory, store);
    await writeFile(join(directory, "SKILL.md"), "# Another\n");
    await pack(directory, store, { tag: "another" });
    for (const [tag, to] of [
      ["1.0.0-draft", "testing"],
      ["1.0.0-testing", "published"],
      ["1.0.0", "deprecated"],
      ["another", "testing"],
    ] as const)
      await promote(store, at(tag), to);

    let isArchived = false;
    const racing: Store = {
      repository: (name) => {
        const repository = store.repository(name);
        const retag = repository.retag.bind(repository);
        return Object.assign(repository, {
          retag: async (...args: Parameters<Repository["retag"]>) => {
            if (!isArchived) {
              isArchived = true;
              await promote(store, at("1.0.0"), "archived");
            }
            return retag(...args);
          },
        });
      },
      repositories: (options) => store.repositories(options),
    };
    await expect(promote(racing, at("1.0.0-testing"), "published")).rejects.toMatchObject({
      code: "PUBLISHED_IMMUTABLE",
    });
    expect(await collect(store.repository("examples/greeter").tags())).not.toContain("latest");
  });
});
