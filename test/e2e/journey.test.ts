import { readdir, readFile, rm, stat } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";

import { createWorkspace, type Workspace } from "./skillctl.ts";

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const EPOCH = { SOURCE_DATE_EPOCH: "1700000000" };

let user: Workspace;
beforeAll(async () => {
  user = await createWorkspace();
  await user.skill(
    "hello",
    { "display-name": "Hello World" },
    { "scripts/hi.sh": "#!/bin/sh\necho hi\n", ".env": "secret" },
  );
});

describe.sequential("from a directory to a published image", () => {
  it("validates", async () => {
    const { status, stdout } = await user.run(["validate", "hello"]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "valid: 1 skill checked, no problems\n" });
  });

  it("packs, and names what was left out and the next step", async () => {
    const { status, stdout, stderr } = await user.run(["pack", "hello"], { env: EPOCH });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^packed +examples\/hello:1\.0\.0-draft \([0-9a-f]{12}, 3 files, [\d.]+ \w?B\)\n$/);
    expect(stderr).toBe(
      "left out of hello: .env\nNext: skillctl promote examples/hello:1.0.0-draft --to testing --local\n",
    );
  });

  it("says that nothing changed when it packs the same again", async () => {
    const { stdout } = await user.run(["build", "hello"], { env: EPOCH });
    expect(stdout).toMatch(/^unchanged examples\/hello:1\.0\.0-draft /);
  });

  it("lists", async () => {
    const { stdout } = await user.run(["list"]);
    const [heading, line, ...rest] = stdout.split("\n");
    expect(heading).toMatch(/^NAME +TAG +STATUS +DIGEST +SIZE +CREATED$/);
    expect(line).toMatch(/^examples\/hello +1\.0\.0-draft +draft +[0-9a-f]{12} +[\d.]+ \w?B +\d+ years? ago$/);
    expect(rest).toEqual([""]);
    const full = await user.run(["images", "--no-trunc"]);
    expect(full.stdout).toMatch(/ sha256:[0-9a-f]{64} +\d+ +2023-11-14T22:13:20Z\n$/);
  });

  it("filters by name and state", async () => {
    const references = async (...args: string[]): Promise<string> => (await user.run(["ls", "-q", ...args])).stdout;
    expect(await references("hel*", "--status", "draft,testing")).toBe("examples/hello:1.0.0-draft\n");
    expect(await references("examples/*")).toBe("examples/hello:1.0.0-draft\n");
    expect(await references("other*")).toBe("");
    expect(await references("--status", "published")).toBe("");
  });

  it("inspects", async () => {
    const { stdout } = await user.run(["inspect", "examples/hello:1.0.0-draft", "--files"]);
    expect(stdout).toContain("title        Hello World\n");
    expect(stdout).toContain("status       draft (next: testing)\n");
    expect(stdout).toMatch(/\n {2}0755 +18 B {2}scripts\/hi\.sh\n/);
    expect(stdout).not.toContain(".env");
  });

  it("inspects quietly: the digest, or the names of the files", async () => {
    const { digest } = (await user.json("inspect", "examples/hello:1.0.0-draft")) as { digest: string };
    expect((await user.run(["inspect", "examples/hello:1.0.0-draft", "--quiet"])).stdout).toBe(`${digest}\n`);
    const names = await user.run(["inspect", "examples/hello:1.0.0-draft", "--quiet", "--files"]);
    expect(names.stdout.split("\n")).toContain("SKILL.md");
  });

  it("says where the full digest is to be had, to who writes a short one as list prints it", async () => {
    const { digest } = (await user.json("inspect", "examples/hello:1.0.0-draft")) as { digest: string };
    const short = digest.slice("sha256:".length, "sha256:".length + 12);
    for (const name of [
      `examples/hello@${short}`,
      `examples/hello@sha256:${short}`,
      short,
      `sha256:${short}`,
      digest,
    ]) {
      const { status, stderr } = await user.run(["inspect", name]);
      expect([name, status, stderr]).toEqual([
        name,
        expect.any(Number),
        expect.stringMatching(/^hint: .*skillctl list --no-trunc/m),
      ]);
      expect(status).not.toBe(0);
    }
    expect((await user.run(["list", "--no-trunc"])).stdout).toContain(digest);
  });

  it("prints the stored manifest byte for byte", async () => {
    const { digest } = (await user.json("inspect", "examples/hello:1.0.0-draft")) as { digest: string };
    const { stdout } = await user.run(["inspect", "examples/hello:1.0.0-draft", "--raw", "manifest"]);
    expect(stdout).toBe(await readFile(user.path("store", "blobs", "sha256", digest.slice("sha256:".length)), "utf8"));
  });

  it("refuses the wrong step and says which one is possible", async () => {
    const { status, stderr } = await user.run([
      "promote",
      "examples/hello:1.0.0-draft",
      "--to",
      "published",
      "--local",
    ]);
    expect(status).toBe(1);
    expect(stderr).toBe(
      "error: examples/hello:1.0.0-draft cannot go from draft to published\nhint: From draft the next step is testing.\n",
    );
  });

  it("names only states that something can be promoted to", async () => {
    const { status, stderr } = await user.run(["promote", "examples/hello:1.0.0-draft", "--to", "tested", "--local"]);
    expect([status, stderr]).toEqual([
      2,
      'error: "tested" is not a lifecycle state\n' + "hint: Choose one of testing, published, deprecated, archived.\n",
    ]);
  });

  it("promotes to testing and published without touching a layer", async () => {
    const layers = async (reference: string): Promise<unknown> =>
      ((await user.json("inspect", reference)) as { image: { layers: unknown } }).image.layers;
    const before = await layers("examples/hello:1.0.0-draft");
    const testing = await user.run(["promote", "examples/hello:1.0.0-draft", "--to", "testing", "--local"]);
    expect(testing.stdout).toMatch(/^promoted examples\/hello:1\.0\.0-testing\n {2}status +draft -> testing\n/);
    expect(testing.stderr).toBe("Next: skillctl promote examples/hello:1.0.0-testing --to published --local\n");
    const published = await user.run(["promote", "examples/hello:1.0.0-testing", "--to", "published", "--local"]);
    expect(published.stdout).toMatch(/\n {2}tags +\+1\.0\.0 \+latest -1\.0\.0-testing\n {2}latest +1\.0\.0\n$/);
    expect(published.stderr).toBe("");
    expect(await layers("examples/hello")).toEqual(before);
    expect((await user.run(["list", "-q"])).stdout).toBe("examples/hello:1.0.0\nexamples/hello:latest\n");
  });

  it("does not overwrite the published version", async () => {
    await user.write({ "hello/new.txt": "new" });
    const { status, stderr } = await user.run(["pack", "hello"], { env: EPOCH });
    expect(status).toBe(1);
    expect(stderr).toContain("error: examples/hello 1.0.0 is published with other content\n");
  });

  it("shows what changed since", async () => {
    await user.write({ "hello/SKILL.md": "# hello\n\nDo it well.\n" });
    const { status, stdout } = await user.run(["diff", "examples/hello", "hello"]);
    expect(status).toBe(0);
    expect(stdout).toContain("added new.txt (3 B)\n");
    expect(stdout).toMatch(/^modified SKILL\.md \(\d+ B -> \d+ B\)\n/);
    expect(stdout).toContain("\n-Do it.\n+Do it well.\n");
    expect((await user.run(["diff", "--exit-code", "-q", "examples/hello", "hello"])).status).toBe(1);
    await user.skill("titled", { "display-name": "Hello", "allowed-tools": "Read" });
    const titled = (await user.run(["diff", "hello", "titled"])).stdout;
    expect(titled).toContain("card metadata.display-name\n- Hello World\n+ Hello\n");
    expect(titled).toContain("card metadata.allowed-tools\n+ Read\n");
    const same = await user.run(["diff", "--exit-code", "examples/hello", "examples/hello:1.0.0"]);
    expect(same).toEqual({ status: 0, stdout: "", stderr: "Nothing differs.\n" });
  });

  it("prints a file", async () => {
    expect((await user.run(["cat", "examples/hello", "scripts/hi.sh"])).stdout).toBe("#!/bin/sh\necho hi\n");
    expect((await user.run(["cat", "examples/hello"])).stdout).toContain("# hello\n");
    const missing = await user.run(["cat", "examples/hello", "nope.md"]);
    expect(missing.status).toBe(1);
    expect(missing.stderr).toContain("--files");
  });

  it("unpacks, keeps what is executable, and replaces nothing unasked", async () => {
    const { stdout } = await user.run(["unpack", "examples/hello", "-o", "out"]);
    expect(stdout).toMatch(/^unpacked out\/hello \(3 files, \d+ B\)\n$/);
    expect((await stat(user.path("out/hello/scripts/hi.sh"))).mode & 0o777).toBe(0o755);
    const unchanged = await user.run(["unpack", "examples/hello", "-o", "out"]);
    expect([unchanged.status, unchanged.stdout]).toEqual([0, stdout.replace("unpacked ", "unchanged ")]);
    await user.write({ "out/hello/SKILL.md": "mine" });
    const again = await user.run(["unpack", "examples/hello", "-o", "out"]);
    expect(again.status).toBe(1);
    expect(again.stderr).toMatch(/^error: .*hello.* exists and is not empty\nhint: .*--force.*\n$/);
    expect((await user.run(["unpack", "examples/hello", "-o", "out", "--force"])).status).toBe(0);
    const tooLarge = await user.run(["unpack", "examples/hello", "-o", "small", "--limit", "fileSize=10B"]);
    expect(tooLarge.status).toBe(1);
    expect(tooLarge.stderr).toContain("--limit fileSize=32MiB");
    expect(await readdir(user.directory)).not.toContain("small");
  });

  it("tags, and removes with --force only", async () => {
    expect((await user.run(["tag", "examples/hello:1.0.0", "quay.io/acme/hello:stable"])).stdout).toMatch(
      /^tagged quay\.io\/acme\/hello:stable [0-9a-f]{12}\n$/,
    );
    const refused = await user.run(["rm", "quay.io/acme/hello:stable"]);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toBe(
      "error: removing the local copy of quay.io/acme/hello:stable needs a confirmation, and there is no terminal to ask on\n" +
        "hint: Give --force to remove without being asked.\n",
    );
    expect(await user.run(["delete", "--force", "quay.io/acme/hello:stable"])).toEqual({
      status: 0,
      stdout: "removed the local copy of quay.io/acme/hello:stable\n",
      stderr: "",
    });
  });

  it("exports and imports, by file and by pipe", async () => {
    const { stdout } = await user.run(["export", "examples/hello:1.0.0", "-o", "hello.tar"]);
    expect(stdout).toMatch(/^exported hello\.tar \([\d.]+ kB\)\n$/);
    const again = await user.run(["export", "examples/hello:1.0.0", "-o", "hello.tar"]);
    expect([again.status, again.stderr]).toEqual([1, expect.stringMatching(/exists already\nhint: .*--force/)]);
    expect((await user.run(["export", "examples/hello:1.0.0", "-o", "hello.tar", "--force"])).status).toBe(0);
    const imported = await user.run(["import", "hello.tar", "--store", "other"]);
    expect(imported.stdout).toMatch(/^imported {2}examples\/hello:1\.0\.0 \([0-9a-f]{12}\)\nlatest {4}1\.0\.0\n$/);
    const twice = await user.run(["import", "hello.tar", "--store", "other"]);
    expect(twice.stdout).toMatch(/^unchanged examples\/hello:1\.0\.0 \([0-9a-f]{12}\)\n$/);
    const piped = await user.shell("bash", [
      "-c",
      "set -o pipefail; skillctl save examples/hello:1.0.0 -o - | skillctl load - --store third -q",
    ]);
    expect(piped).toEqual({ status: 0, stdout: "examples/hello:1.0.0\n", stderr: "" });
    expect(await readdir(user.directory)).not.toContainEqual(expect.stringContaining(".tmp"));
    expect((await user.run(["export", "examples/hello", "-o", "/dev/null"])).status).toBe(0);
    expect((await stat("/dev/null")).isCharacterDevice()).toBe(true);
  });

  it("says what can be done where --as cannot name what an archive holds", async () => {
    await user.run(["export", "examples/hello:1.0.0", "examples/hello:latest", "-o", "two.tar"]);
    const { status, stderr } = await user.run(["import", "two.tar", "--as", "examples/mine:1.0.0"]);
    expect([status, stderr]).toEqual([
      2,
      "error: the archive holds 2 images, which cannot all be examples/mine:1.0.0\n" +
        "hint: Leave out --as to import each by the name that it has there, then skillctl tag gives it another one.\n",
    ]);
    expect((await user.run(["import", "two.tar"])).status).toBe(0);
  });

  it("names what it cannot read or write, and what to do", async () => {
    await user.write({ "hello.tgz": gzipSync("x"), "words.txt": "word ".repeat(1000), "dir/x": "" });
    const words: readonly (readonly [string[], string, string])[] = [
      [["import", "nope.tar"], "cannot read nope.tar: there is no such file or directory", ""],
      [["import", "dir"], "cannot read dir: it is a directory", ""],
      [["import", "hello.tgz"], "hello.tgz is compressed", "gunzip"],
      [["import", "hello/SKILL.md"], "hello/SKILL.md is no tar archive", "skillctl export"],
      [["import", "words.txt"], "words.txt is no tar archive", "skillctl export"],
      [["export", "examples/hello", "-o", "dir"], "cannot write dir: it is a directory", ""],
      [["list", "--store", "hello.tar"], `${user.path("hello.tar")} is not a directory, and so no store`, ""],
      [["list", "--store="], "an empty text is no directory", ""],
    ];
    for (const [args, message, hint] of words) {
      const { stderr } = await user.run(args);
      expect(stderr).toContain(`error: ${message}\n`);
      expect(stderr).toMatch(new RegExp(`^hint: .*${hint}`, "m"));
      expect(stderr).not.toMatch(/\bE[A-Z]{3,}\b/);
    }
  });

  it("says what it looked for and did not find", async () => {
    const { stderr } = await user.run(["list", "hxllo", "--status", "draft,testing"]);
    expect(stderr).toBe('No image has a name like "hxllo" and the status draft or testing.\n');
    const typo = await user.run(["fsck", "--store", "stroe"]);
    expect(typo).toEqual({ status: 0, stdout: "", stderr: `There is no store at ${user.path("stroe")}.\n` });
  });

  it("prunes what promotion left behind", async () => {
    await user.skill("old", { version: "0.1.0" });
    await user.run(["pack", "old"]);
    await user.run(["tag", "examples/old:0.1.0-draft", "examples/old:kept"]);
    await user.run(["promote", "examples/old:0.1.0-draft", "--to", "testing"]);
    await user.run(["rm", "--force", "examples/old:kept"]);
    expect((await user.run(["prune"])).stdout).toMatch(
      /\nkept \d+ unreferenced blobs? younger than 1 hour; --grace 0s removes (?:it|them) too\n$/,
    );
    const dry = await user.run(["prune", "--dry-run", "--grace", "0"]);
    expect(dry.stdout).toMatch(/^would remove \d+ tags? and \d+ blobs?; [\d.]+ \w?B would be freed\n$/);
    const { stdout } = await user.run(["prune", "--grace", "0s"]);
    expect(stdout).toBe(dry.stdout.replaceAll("would remove", "removed").replace("would be freed", "freed"));
    expect((await user.run(["prune", "--grace", "0s"])).stdout).toBe("removed 0 tags and 0 blobs; 0 B freed\n");
  });

  it("finds the store sound, finds damage, and mends it with what is imported again", async () => {
    expect(await user.run(["fsck"])).toEqual({ status: 0, stdout: "", stderr: "The store is sound.\n" });
    const { image } = (await user.json("inspect", "examples/hello")) as { image: { layers: { digest: string }[] } };
    const layer = image.layers[0]?.digest ?? "";
    expect(layer).toMatch(DIGEST);
    await user.write({ [`store/blobs/sha256/${layer.slice("sha256:".length)}`]: "rotten" });
    const { status, stdout, stderr } = await user.run(["fsck"]);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^[1-9]\d* issues? left\.\n$/) as string,
    });
    expect(stdout).toContain(layer.slice("sha256:".length, 19));
    const damaged = await user.run(["cat", "examples/hello"]);
    expect(damaged.status).toBe(1);
    expect(damaged.stderr).toContain("hint: skillctl fsck says what is damaged in the local store.");
    const repair = await user.run(["fsck", "--repair"]);
    expect(repair).toMatchObject({ status: 1, stderr: "1 issue left.\n" });
    expect(repair.stdout).toMatch(
      /\nblob-missing .* pack, pull or import the image again \(examples\/hello:[^ ]+\)\n$/,
    );
    expect((await user.run(["import", "hello.tar"])).status).toBe(0);
    expect(await user.run(["fsck"])).toEqual({ status: 0, stdout: "", stderr: "The store is sound.\n" });
    expect((await user.run(["cat", "examples/hello"])).status).toBe(0);
  });

  it("tells by name what is damaged beyond use, and what a repair takes away", async () => {
    await user.skill("lost");
    await user.skill("rotten");
    await user.run(["pack", "lost", "rotten"]);
    const blob = async (name: string): Promise<string> => {
      const { digest } = (await user.json("inspect", `examples/${name}`)) as { digest: string };
      return `store/blobs/sha256/${digest.slice("sha256:".length)}`;
    };
    const [gone, rotten] = [await blob("lost"), await blob("rotten")];
    await rm(user.path(gone));
    await user.write({ [rotten]: "rotten" });
    for (const args of [["inspect"], ["cat"], ["inspect", "--raw", "manifest"]] as const) {
      const { status, stderr } = await user.run([...args, "examples/lost"]);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^error: examples\/lost:1\.0\.0-draft is damaged: sha256:\w+ is not in the store\n/);
      expect(stderr).toContain("hint: Pack, pull or import it again; skillctl fsck says what else");
    }
    const { status, stdout, stderr } = await user.run(["fsck", "--repair"]);
    expect(stdout).toMatch(/^removed examples\/lost:1\.0\.0-draft: sha256:\w+ is missing$/m);
    expect(stdout).toMatch(/^removed examples\/rotten:1\.0\.0-draft: sha256:\w+ is missing, as it was damaged$/m);
    expect(stdout).not.toMatch(/repaired .* is missing/);
    expect([status, stderr]).toEqual([
      0,
      "2 names removed; pack, pull or import what is lost again.\n0 issues left.\n",
    ]);
    expect((await user.run(["list", "-q"])).stdout).not.toMatch(/lost|rotten/);
  });

  it("archives: the tag goes, the digest stays", async () => {
    await user.skill("short");
    await user.run(["pack", "short"]);
    let reference = "examples/short:1.0.0-draft";
    for (const state of ["testing", "published", "deprecated", "archived"]) {
      reference = ((await user.json("promote", reference, "--to", state)) as { reference: string }).reference;
    }
    expect(reference).toMatch(/^examples\/short@sha256:/);
    expect((await user.run(["list", "short"])).stdout).toMatch(/\nexamples\/short +<none> +archived /);
    expect((await user.run(["cat", reference])).stdout).toContain("# short");
  });
});
