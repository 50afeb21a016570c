/** A mirror of skills on a registry where who publishes must be somebody else than who took a skill to testing. */
import { afterEach, beforeEach, expect, it } from "vitest";

import { formatReference, parseReference, type Reference } from "../src/oci/index.ts";
import { RemoteStore } from "../src/remote/index.ts";
import { copyAll, type CopyAllOptions } from "../src/skill/copy-all.ts";
import { history, promote, push } from "../src/skill/index.ts";
import { collect } from "../src/skill/testing/collect.ts";
import { release } from "../src/skill/testing/release.ts";
import { MemoryStore } from "../src/store/index.ts";
import { passwordOf, startSkillRegistry, type SkillRegistry, type User } from "./fixtures/skill-registry.ts";

let elsewhere: SkillRegistry;
let here: SkillRegistry;
const stores: RemoteStore[] = [];

beforeEach(async () => {
  elsewhere = await startSkillRegistry();
  here = await startSkillRegistry({ admission: { rules: { "two-people": true } } });
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  await elsewhere.close();
  await here.close();
});

/** Publishes a version elsewhere, and takes the next one to testing there. */
async function releaseElsewhere(): Promise<void> {
  for (const version of ["1.0.0", "1.1.0"]) {
    const local = new MemoryStore();
    await push(local, as("author"), parseReference(await release(local, { version }, "draft")), at(elsewhere, ""));
    await promote(as("author"), at(elsewhere, `:${version}-draft`), "testing", { actor: "author" });
  }
  await promote(as("approver"), at(elsewhere, ":1.0.0-testing"), "published", { actor: "approver" });
}

function as(user: User): RemoteStore {
  const find = async () => ({ kind: "basic", username: user, password: passwordOf(user) }) as const;
  const store = new RemoteStore({ credentials: { find } });
  stores.push(store);
  return store;
}

function at({ host }: SkillRegistry, end: string): Reference {
  return parseReference(`${host}/acme/greeter/greeter${end}`);
}

/** What became of each tag: its name, and what was said if it was refused. */
async function mirror(options: CopyAllOptions = {}): Promise<Readonly<Record<string, string>>> {
  const outcomes = await collect(copyAll(as("mirror"), as("mirror"), at(elsewhere, ""), at(here, ""), options));
  const prefix = formatReference(at(elsewhere, ""));
  return Object.fromEntries(
    outcomes.map((each) => [each.source.slice(prefix.length), "error" in each ? each.error.message : "copied"]),
  );
}

it("brings what is published with its history, and what is in testing without, for somebody here to take there", async () => {
  await releaseElsewhere();
  expect(await mirror({ referrers: false })).toEqual({
    ":1.0.0": "copied",
    ":1.1.0-testing": "copied",
    ":latest": "copied",
  });
  expect(await mirror()).toEqual({
    ":1.0.0": "copied",
    ":1.1.0-testing": expect.stringContaining("this records who took it there elsewhere") as string,
    ":latest": "copied",
  });
  const { steps } = await history(as("reader"), at(here, ":1.0.0"));
  expect(steps.map(({ actor }) => actor)).toEqual(["approver", "author"]);
  await expect(promote(as("approver"), at(here, ":1.1.0-testing"), "published")).rejects.toThrow(
    "it is not known who took",
  );
});

it("brings no image in testing after the record of who took it there, until its version is published", async () => {
  await releaseElsewhere();
  const first = await mirror();
  expect(first).toEqual({
    ":1.0.0": "copied",
    ":1.1.0-testing": expect.stringContaining("took it to testing") as string,
    ":latest": "copied",
  });
  expect(await mirror()).toEqual(first);
  await promote(as("approver"), at(elsewhere, ":1.1.0-testing"), "published", { actor: "approver" });
  expect(await mirror()).toEqual({ ":1.0.0": "copied", ":1.1.0": "copied", ":latest": "copied" });
  const { steps } = await history(as("reader"), at(here, ":1.1.0"));
  expect(steps.map(({ actor }) => actor)).toEqual(["approver", "author"]);
});
