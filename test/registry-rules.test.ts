/** What a registry lets our own client do with skills, and what it does not: the rules over the real client and HTTP. */
import { readFile } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { RegistryError } from "../src/remote/registry-error.ts";
import { RemoteStore } from "../src/remote/index.ts";
import { parseReference, type Reference } from "../src/oci/index.ts";
import type { LifecycleState } from "../src/lifecycle/index.ts";
import { history, inspect, pack, promote, push, remove, tag } from "../src/skill/index.ts";
import { collect } from "../src/skill/testing/collect.ts";
import { release } from "../src/skill/testing/release.ts";
import { skillDirectory } from "../src/skill/testing/skill-directory.ts";
import { copyRepository, MemoryStore } from "../src/store/index.ts";
import { passwordOf, startSkillRegistry, type SkillRegistry, type User } from "./fixtures/skill-registry.ts";

let registry: SkillRegistry;
const stores = new Map<User | "", RemoteStore>();
let count = 0;

beforeAll(async () => {
  registry = await startSkillRegistry({ quotas: [{ namespace: "full", bytes: 0 }] });
});
afterAll(async () => {
  for (const store of stores.values()) await store.close();
  await registry.close();
});

/** The registry as a user sees it. */
function as(user: User | ""): RemoteStore {
  const known = stores.get(user);
  if (known !== undefined) return known;
  const find = (name: User) => async () => ({ kind: "basic", username: name, password: passwordOf(name) }) as const;
  const store = new RemoteStore(user === "" ? {} : { credentials: { find: find(user) } });
  stores.set(user, store);
  return store;
}

/** A repository that nobody has used, and references in it. */
function repository(): (text: string) => Reference {
  const name = `acme/greeter-${count++}/greeter`;
  return (text) => parseReference(`${registry.host}/${name}${text}`);
}

/** Packs a version, takes it on locally, and pushes it. */
async function pushRelease(user: User, at: ReturnType<typeof repository>, version: string, state: LifecycleState) {
  const local = new MemoryStore();
  const source = parseReference(await release(local, { version }, state));
  return push(local, as(user), source, at(""));
}

/** Takes a draft all the way, by the people whose task it is. */
async function publish(at: ReturnType<typeof repository>, version: string): Promise<void> {
  await pushRelease("author", at, version, "draft");
  await promote(as("author"), at(`:${version}-draft`), "testing");
  const { warnings } = await promote(as("approver"), at(`:${version}-testing`), "published");
  expect(warnings).toEqual([]);
}

async function tags(at: ReturnType<typeof repository>): Promise<readonly string[]> {
  const { registry: host = "", repository: name } = at("");
  return collect(as("").repository(`${host}/${name}`).tags());
}

/** What the registry said to a request that it refused, and what to do. */
async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  // That a tag could not be removed is told by an error of its own, whose cause is the answer.
  const answer = error instanceof RegistryError ? error : (error as Error | undefined)?.cause;
  expect(answer).toBeInstanceOf(RegistryError);
  const { message, hint = "" } = answer as RegistryError;
  return `${message} ${hint}`;
}

describe("a refusal", () => {
  it("by a rule or a quota says itself what to do; one for want of a right is told where to log in", async () => {
    const at = repository();
    const local = new MemoryStore();
    const large = await pack(await skillDirectory({}, { "large.bin": "x".repeat(16 * 1024 * 1024 + 1) }), local);
    const byRule = push(local, as("author"), parseReference(large.reference), at(""));
    await expect(byRule).rejects.toMatchObject({
      code: "REGISTRY_DENIED",
      message: expect.stringMatching(/large\.bin.*"\)$/) as string,
      hint: expect.stringMatching(/^The registry says: "[A-Z].*"$/) as string,
    });
    const byQuota = push(
      local,
      as("author"),
      parseReference(large.reference),
      parseReference(`${registry.host}/full/a:1.0.0-draft`),
    );
    await expect(byQuota).rejects.toMatchObject({
      code: "REGISTRY_DENIED",
      message: expect.stringMatching(/no room.*"\)$/) as string,
      hint: expect.stringMatching(/^The registry says: "[A-Z].*"$/) as string,
    });
    const { reference } = await pack(await skillDirectory({ version: "1.0.1" }), local);
    for (const user of ["reader", "approver"] as const) {
      await expect(push(local, as(user), parseReference(reference), at(""))).rejects.toMatchObject({
        code: "REGISTRY_DENIED",
        hint: expect.stringContaining("skillctl login") as string,
      });
    }
  });
});

describe("a skill's life on a registry", () => {
  it("goes from draft to archived, by people with the roles for it, with latest and records following", async () => {
    const at = repository();
    await publish(at, "1.0.0");
    await publish(at, "1.1.0");
    expect(await tags(at)).toEqual(["1.0.0", "1.1.0", "latest"]);
    expect((await inspect(as(""), at(":latest"))).card.version).toBe("1.1.0");

    const options = { reason: "Use 1.0.0.", replacedBy: "1.0.0" };
    const deprecated = await promote(as("approver"), at(":1.1.0"), "deprecated", options);
    expect([deprecated.latest, deprecated.warnings]).toEqual(["1.0.0", []]);
    const archived = await promote(as("approver"), at(":1.1.0"), "archived");
    expect(archived.warnings).toEqual([]);
    expect(await tags(at)).toEqual(["1.0.0", "latest"]);
    const steps = await history(as(""), parseReference(archived.reference));
    expect(steps.steps.map(({ to }) => to)).toEqual(["archived", "deprecated", "published", "testing"]);
  });

  it("is the same for an image of several platforms", async () => {
    const at = repository();
    const local = new MemoryStore();
    const { reference } = await pack(await skillDirectory(), local, { platforms: ["linux/amd64", "linux/arm64"] });
    await push(local, as("author"), parseReference(reference), at(""));
    await promote(as("author"), at(":1.0.0-draft"), "testing");
    await promote(as("approver"), at(":1.0.0-testing"), "published");
    const mirrored = repository();
    const [source, target] = [at(""), mirrored("")].map((each) => `${each.registry}/${each.repository}`);
    const copied = copyRepository(as("").repository(source ?? ""), as("mirror").repository(target ?? ""));
    expect((await collect(copied)).filter((each) => "error" in each)).toEqual([]);
    await promote(as("approver"), at(":1.0.0"), "deprecated", { reason: "Old." });
    await promote(as("approver"), at(":1.0.0"), "archived");
    expect(await tags(at)).toEqual([]);
  });

  it("can be taken on by digest, and from a tag of one's own", async () => {
    const at = repository();
    const local = new MemoryStore();
    const source = parseReference(await release(local, {}, "draft"));
    await push(local, as("author"), source, at(":mine"));
    const testing = await promote(as("author"), at(":mine"), "testing");
    const published = await promote(as("approver"), at(`@${testing.digest}`), "published");
    expect([published.tags.set, published.warnings]).toEqual([["1.0.0", "latest"], []]);
    await tag(as("author"), at(":1.0.0"), at(":stable"));
    expect(await tags(at)).toEqual(["1.0.0", "latest", "stable"]);
  });

  it("may start again as long as it is a draft or in testing", async () => {
    const at = repository();
    const local = new MemoryStore();
    for (const text of ["one", "two"]) {
      const { reference } = await pack(await skillDirectory({}, { "notes.md": text }), local);
      await push(local, as("author"), parseReference(reference), at(""));
      await promote(as("author"), at(":1.0.0-draft"), "testing");
    }
    await remove(as("author"), at(":1.0.0-testing"));
    expect(await tags(at)).toEqual([]);
  });
});

describe("a state that was not reached here", () => {
  it.each<LifecycleState>(["testing", "published", "deprecated"])("is refused: %s", async (state) => {
    const at = repository();
    const said = await refusal(pushRelease("approver", at, "1.0.0", state));
    expect(said).toContain(` became ${state} elsewhere, not in ${at("").repository}`);
    expect(said).toContain("skillctl promote");
    expect(await tags(at)).toEqual([]);
  });

  it("is let in with the role mirror, with everything that refers to it", async () => {
    const from = repository();
    await publish(from, "1.0.0");
    await promote(as("approver"), from(":1.0.0"), "deprecated", { reason: "Old." });
    await publish(from, "1.1.0");
    const to = repository();
    const [source, target] = [from(""), to("")].map(({ registry: host = "", repository: name }) => `${host}/${name}`);
    const copied = copyRepository(as("").repository(source ?? ""), as("mirror").repository(target ?? ""), {
      referrers: true,
    });
    expect((await collect(copied)).filter((each) => "error" in each)).toEqual([]);
    expect(await tags(to)).toEqual(["1.0.0", "1.1.0", "latest"]);
    expect((await history(as(""), to(":1.1.0"))).steps).toHaveLength(1);
  });

  it("is refused for content that is not what was tested", async () => {
    const at = repository();
    await pushRelease("author", at, "1.0.0", "draft");
    await promote(as("author"), at(":1.0.0-draft"), "testing");
    const local = new MemoryStore();
    const { reference } = await pack(await skillDirectory({}, { "evil.md": "x" }), local);
    for (const state of ["testing", "published"] as const) {
      const tagged = state === "testing" ? reference : reference.replace("draft", "testing");
      await promote(local, parseReference(tagged), state);
    }
    const source = parseReference(reference.replace("-draft", ""));
    expect(await refusal(push(local, as("approver"), source, at("")))).toContain("became published elsewhere");
    expect(await tags(at)).toEqual(["1.0.0-testing"]);
  });
});

describe("people without the role", () => {
  it("cannot publish, push or read", async () => {
    const at = repository();
    await pushRelease("author", at, "1.0.0", "draft");
    await promote(as("author"), at(":1.0.0-draft"), "testing");
    const said = await refusal(promote(as("author"), at(":1.0.0-testing"), "published"));
    expect(said).toMatch(/may not take .* 1\.0\.0 from testing to published.*approver/);
    expect(await tags(at)).toEqual(["1.0.0-testing"]);
    expect(await refusal(pushRelease("approver", at, "2.0.0", "draft"))).toContain("may not push drafts");
    expect(await refusal(pushRelease("reader", at, "2.0.0", "draft"))).toContain("may not do this: pushing");
  });

  it("are on the record, with what was done, and without a password", async () => {
    const at = repository();
    await refusal(pushRelease("approver", at, "1.0.0", "draft"));
    await pushRelease("author", at, "1.0.0", "draft");
    const name = at("").repository;
    const text = await readFile(registry.auditLog, "utf8");
    const lines = text.split("\n").filter((line) => line.includes(name) && line.includes('"reference":"1.0.0'));
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { actor: "approver", action: "push", reference: "1.0.0-draft", outcome: "refused", status: 403, code: "DENIED" },
      { actor: "author", action: "push", reference: "1.0.0-draft", outcome: "allowed" },
    ]);
    expect(text).not.toMatch(/Basic|Bearer|eyJ/);
  });
});

describe("a version that is out", () => {
  it("is not replaced by anybody, not even by force or by a mirror", async () => {
    const at = repository();
    await publish(at, "1.0.0");
    const { digest } = await inspect(as(""), at(":1.0.0"));
    for (const user of ["approver", "admin", "mirror"] as const) {
      const local = new MemoryStore();
      const source = parseReference(await release(local, { description: `By ${user}.` }, "published"));
      const forced = push(local, as(user), source, at(""), { force: true });
      const isMirror = user === "mirror";
      expect(await refusal(forced)).toContain(isMirror ? "1.0.0 is published already" : "became published elsewhere");
    }
    expect((await inspect(as(""), at(":1.0.0"))).digest).toBe(digest);
  });

  it("is pushed by a hundred at once under one tag: exactly one wins, and it is what everybody gets", async () => {
    const at = repository();
    await pushRelease("mirror", at, "1.0.0", "testing");
    const url = `http://${registry.host}/v2/${at("").repository}/manifests/`;
    const testing = await (await fetch(`${url}1.0.0-testing`)).text();
    const headers = {
      authorization: `Basic ${Buffer.from(`mirror:${passwordOf("mirror")}`).toString("base64")}`,
      "content-type": "application/vnd.oci.image.manifest.v1+json",
    };
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, at) => {
        const status = `"io.skillimage.status":"published","org.example.push":"${at}"`;
        const body = testing.replace('"io.skillimage.status":"testing"', status);
        return fetch(`${url}1.0.0`, { method: "PUT", headers, body });
      }),
    );
    const won = answers.filter(({ status }) => status === 201);
    expect([won.length, answers.filter(({ status }) => status === 403).length]).toEqual([1, 99]);
    const { digest } = await inspect(as(""), at(":1.0.0"));
    expect(digest).toBe(won[0]?.headers.get("docker-content-digest"));
  });

  it("does not come back after it was archived, deprecated or untagged", async () => {
    const at = repository();
    await publish(at, "1.0.0");
    const published = await inspect(as(""), at(":1.0.0"));
    await promote(as("approver"), at(":1.0.0"), "deprecated", { reason: "Old." });
    const back = async (user: User) => tag(as(user), at(`@${published.digest}`), at(":1.0.0"), { force: true });
    expect(await refusal(back("approver"))).toContain("is deprecated already");
    expect(await refusal(back("mirror"))).toContain("is deprecated already");
    await promote(as("approver"), at(":1.0.0"), "archived");
    expect(await refusal(back("approver"))).toContain("was published before and went on to archived");
    expect(await refusal(back("mirror"))).toContain("was published before and went on to archived");
    const local = new MemoryStore();
    const source = parseReference(await release(local, { description: "Another one." }, "draft"));
    const another = "was published before with other content";
    expect(await refusal(push(local, as("author"), source, at("")))).toContain(another);
    expect(await refusal(tag(as("author"), at(`@${published.digest}`), at(":fav")))).toContain("went on to archived");
  });

  it("is removed by an admin only", async () => {
    const at = repository();
    await publish(at, "1.0.0");
    const { digest } = await inspect(as(""), at(":1.0.0"));
    for (const user of ["author", "approver"] as const) {
      expect(await refusal(remove(as(user), at(":1.0.0")))).toContain("is published and cannot just be removed");
      expect(await refusal(remove(as(user), at(`@${digest}`)))).toContain("cannot just be removed");
      expect(await refusal(remove(as(user), at(":latest")))).toContain("names the highest published version, 1.0.0");
    }
    await promote(as("approver"), at(":1.0.0"), "deprecated", { reason: "Old." });
    expect(await refusal(remove(as("approver"), at(":1.0.0")))).toContain("cannot just be removed");
    await remove(as("admin"), at(":1.0.0"));
    expect(await tags(at)).toEqual([]);
  });

  it("cannot lose the records of its promotions", async () => {
    const at = repository();
    await publish(at, "1.0.0");
    const [record] = (await history(as(""), at(":1.0.0"))).steps;
    const reference = at(`@${record?.record ?? ""}`);
    expect(await refusal(remove(as("approver"), reference))).toContain("record of a promotion");
  });
});

describe("tags", () => {
  it("that tell a version or state are for that one", async () => {
    const at = repository();
    await publish(at, "1.0.0");
    await pushRelease("author", at, "1.1.0", "draft");
    const give = async (from: string, to: string) => tag(as("author"), at(`:${from}`), at(`:${to}`), { force: true });
    expect(await refusal(give("1.1.0-draft", "1.1.0"))).toContain("is not a tag for version 1.1.0 that is draft");
    expect(await refusal(give("1.1.0-draft", "2.0.0"))).toContain("is not a tag for version 1.1.0");
    expect(await refusal(give("1.0.0", "1.0.0-testing"))).toContain("is not a tag for version 1.0.0 that is published");
    expect(await refusal(give("1.1.0-draft", "latest"))).toContain("is for the highest published version");
    await give("1.1.0-draft", "next");
  });

  it("latest goes to the highest published version, and to no other", async () => {
    const at = repository();
    await publish(at, "1.0.0");
    await publish(at, "2.0.0-rc.1");
    await publish(at, "1.1.0");
    for (const version of ["1.0.0", "2.0.0-rc.1"]) {
      const moved = tag(as("approver"), at(`:${version}`), at(":latest"), { force: true });
      expect(await refusal(moved)).toContain("the highest published version is 1.1.0");
    }
    expect((await inspect(as(""), at(":latest"))).card.version).toBe("1.1.0");
  });
});
