import { readFile, truncate } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";

import { digestOf } from "../../src/oci/index.ts";
import { createFsStorage } from "../../src/registry/storage/fs/index.ts";
import { bytesOf, storeImage } from "../../src/registry/storage/testing/images.ts";
import type { TestImage } from "../../src/store/testing/images.ts";
import { registryFor } from "./registry.ts";
import { createWorkspace, finished, type Result, type Workspace } from "./skillctl.ts";

const DEPRECATE = ["promote", "quay.io/other/hello:1.0.0", "--to", "deprecated"];

/** The calls, in the order of a skill's life, whose JSON docs/cli/json.md shows. */
const CALLS: readonly (readonly [section: string, args: readonly string[]])[] = [
  ["init", ["init", "fresh", "--description", "Does it."]],
  ["validate", ["validate", "bad", "hello", "missing"]],
  ["pack", ["pack", "hello", "missing"]],
  ["list", ["list"]],
  ["inspect", ["inspect", "examples/hello:1.0.0-draft", "--files"]],
  ["promote", ["promote", "examples/hello:1.0.0-draft", "--to", "testing"]],
  ["promote, again", ["promote", "examples/hello:1.0.0-testing", "--to", "published"]],
  ["tag", ["tag", "examples/hello:1.0.0", "quay.io/acme/hello:1.0.0"]],
  ["push", ["push", "examples/hello:1.0.0", "quay.io/acme/hello:1.0.0"]],
  ["push, several", ["push", "--all", "--status", "published", "--to", "quay.io/other"]],
  ["promote, in a registry", [...DEPRECATE, "--reason", "Greets twice.", "--replaced-by", "1.0.1"]],
  ["list, of a registry", ["list", "quay.io/other/hello"]],
  ["history", ["history", "quay.io/other/hello:1.0.0"]],
  ["pull", ["pull", "quay.io/other/hello:1.0.0", "quay.io/other/absent:1.0.0", "-o", "pulled"]],
  ["copy", ["copy", "quay.io/acme/hello:1.0.0", "quay.io/mirror/hello"]],
  ["ci", ["ci", "--all", "--push", "quay.io/team", "--promote", "testing", "hello", "bad"]],
  ["copy, all tags", ["copy", "--all-tags", "quay.io/acme/hello", "quay.io/mirror/hello"]],
  ["login", ["login", "quay.io", "--username", "acme+robot", "--password-stdin"]],
  ["logout", ["logout", "quay.io"]],
  ["config set", ["config", "set", "registry", "quay.io/acme"]],
  ["config get", ["config", "get", "registry"]],
  ["config list", ["config", "list"]],
  ["diff", ["diff", "examples/hello:1.0.0", "changed"]],
  ["cat", ["cat", "examples/hello:1.0.0"]],
  ["mount", ["mount", "quay.io/acme/hello:1.0.0", "--for", "podman"]],
  ["unpack", ["unpack", "examples/hello:1.0.0", "-o", "out"]],
  ["export", ["export", "examples/hello:1.0.0", "-o", "hello.tar"]],
  ["import", ["import", "hello.tar", "--store", "other"]],
  ["rm", ["rm", "--force", "quay.io/acme/hello:1.0.0", "examples/hello:gone"]],
  ["prune", ["prune", "--grace", "0s"]],
  ["fsck", ["fsck", "--store", "damaged"]],
  ["fsck, of a registry", ["fsck", "--root", "broken"]],
  ["serve", ["serve", "--listen", "127.0.0.1:0", "--root", "served"]],
  ["gc", ["gc", "--root", "registry", "--grace", "0"]],
  ["scrub", ["scrub", "--root", "broken"]],
  ["backup", ["backup", "copy", "--root", "broken"]],
  ["restore", ["restore", "copy", "--root", "restored"]],
  ["robot create", ["robot", "create", "ci", "--root", "registry", "--expires", "30d"]],
  ["robot revoke", ["robot", "revoke", "ci", "--root", "registry"]],
  ["robot list", ["robot", "list", "--root", "registry"]],
  ["completion", ["completion", "fish"]],
  ["version", ["version"]],
  ["Errors", ["inspect", "examples/nothing"]],
];

let user: Workspace;
let documented: ReadonlyMap<string, unknown>;
beforeAll(async () => {
  user = await createWorkspace();
  await registryFor(user);
  await user.skill("hello", { "display-name": "Hello", compatibility: "Any agent" });
  await user.skill("changed", { version: "1.1.0" }, { "SKILL.md": "# Hello\n\nChanged.\n", "new.txt": "new\n" });
  await user.skill("bad", { version: "1" });
  await user.write({ "damaged/oci-layout": '{"imageLayoutVersion":"1.0.0"}', "damaged/index.json": "{" });
  await writeRegistry("registry");
  const { layer } = await writeRegistry("broken");
  const hex = layer.digest.slice("sha256:".length);
  await truncate(user.path("broken", "blobs", "sha256", hex.slice(0, 2), hex), 3);
  const commit = 'git init -q && git add hello bad && git -c user.name=x -c user.email=x@example.com commit -qm "$0"';
  await user.shell("sh", ["-c", commit, "Two skills"]);
  const page = await readFile(new URL("../../docs/cli/json.md", import.meta.url), "utf8");
  const examples = page.matchAll(/^## (.+)\n[^]*?```json\n([^]*?)```/gm);
  documented = new Map([...examples].map(([, section = "", json = ""]) => [section, JSON.parse(json) as unknown]));
});

/** Makes a registry with one image, and a blob that nothing refers to. */
async function writeRegistry(name: string): Promise<TestImage> {
  const storage = await createFsStorage(user.path(name));
  const image = await storeImage(storage, "examples/hello", "one", { tag: "1.0.0" });
  await storeImage(storage, "examples/other", "other", { tag: "1.0.0" });
  await storage.blobs.put(digestOf("garbage"), bytesOf("garbage"));
  await storage.close();
  return image;
}

/** What a command that goes on prints before that. */
async function firstLine(args: readonly string[]): Promise<Result> {
  const child = user.start([...args, "--json"]);
  child.stdout?.once("data", () => child.kill("SIGTERM"));
  return finished(child);
}

/** The same value with its strings, numbers and booleans replaced by what they are. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shapeOf(item)]));
}

describe.sequential("docs/cli/json.md", () => {
  it.each(CALLS)("shows what %s prints", async (section, args) => {
    const options = { env: { HOME: user.directory }, input: "s3cret" };
    const { stdout, stderr } = await (section === "serve" ? firstLine(args) : user.run([...args, "--json"], options));
    expect(shapeOf(JSON.parse(stdout || stderr))).toEqual(shapeOf(documented.get(section)));
  });

  it("shows nothing else", () => {
    expect([...documented.keys()]).toEqual(CALLS.map(([section]) => section));
  });
});
