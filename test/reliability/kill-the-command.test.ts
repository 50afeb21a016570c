/**
 * Figure: 500 processes of skillctl killed with SIGKILL while 16 pack, promote, tag, remove and prune in one store
 * (short: 40). 0 lost tags, 0 wrong digests, 0 corrupt blobs, and 0 temporary files once somebody has written again.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

import { createWorkspace, type Workspace } from "../e2e/skillctl.ts";
import { Killer } from "./killer.ts";
import { SkillLife } from "./skill-life.ts";
import { figure, report, seededRandom } from "./soak.ts";

const KILLS = figure(40, 500);
const WRITERS = 16;

let user: Workspace;
let killer: Killer;
beforeAll(async () => {
  user = await createWorkspace();
  await user.json("pack", await user.skill("first"));
  killer = new Killer(user.store, seededRandom(0));
});
afterAll(() => killer.close());

it(`loses nothing that was acknowledged when ${KILLS} of its processes are killed`, async () => {
  const lives = Array.from(
    { length: WRITERS },
    (_, at) => new SkillLife(user, `skill-${at}`, killer, seededRandom(at + 1)),
  );
  const sum = (count: (life: SkillLife) => number): number => lives.reduce((total, life) => total + count(life), 0);
  const goOn = async (life: SkillLife): Promise<void> => {
    while (sum(({ kills }) => kills) < KILLS) await life.live();
  };
  await Promise.all(lives.map(goOn));
  report(`${sum(({ kills }) => kills)} commands killed, ${sum(({ acknowledged }) => acknowledged)} acknowledged`);
  expect(lives.flatMap(({ violations }) => violations)).toEqual([]);
  expect(sum(({ acknowledged }) => acknowledged)).toBeGreaterThan(KILLS / 4);

  // The next write, and nobody's command, takes the dead holder's lock and removes what the dead were writing.
  await user.json("pack", await user.skill("last"));
  for (const life of lives) expect(await life.stored(), life.name).toEqual(life.tags);
  expect(JSON.parse((await user.run(["fsck", "--json"])).stdout)).toEqual([]);
  expect(await readdir(join(user.store, ".skillimage", "tmp"))).toEqual([]);
  expect((await readdir(join(user.store, ".skillimage"))).toSorted()).toEqual(["index.previous.json", "tmp"]);
});
