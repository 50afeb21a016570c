import { expect, it } from "vitest";

import type { Disk } from "../../../store/layout/disk.ts";
import { RegistryPaths } from "./paths.ts";
import { TagNames } from "./tag-lists.ts";

it("a long list that many ask for at once is read no more after that", async () => {
  let looks = 0;
  const names = Array.from({ length: 60_000 }, (_, number) => `1.0.${number}`);
  const list = async (): Promise<string[]> => {
    looks += 1;
    return names;
  };
  const paths = new RegistryPaths("/registry");
  const tags = new TagNames({ paths, fs: { list } } as unknown as Disk<RegistryPaths>, true);
  await Promise.all(Array.from({ length: 10 }, async () => tags.of("a")));
  looks = 0;
  expect(await tags.of("a")).toHaveLength(names.length);
  expect(looks).toBe(0);
});
