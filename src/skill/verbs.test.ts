import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { DEFAULT_LIMITS, writeTar, type LayerFile } from "../archive/index.ts";
import { describeManifest, encodeManifest, MediaType, parseReference, type Descriptor } from "../oci/index.ts";
import { MemoryStore, type Content } from "../store/index.ts";
import {
  cat,
  diff,
  exportImages,
  importImages,
  initSkill,
  inspect,
  list,
  pack,
  promote,
  remove,
  resolveReference,
  tag,
  unpack,
  validate,
} from "./index.ts";
import { collect, text } from "./testing/collect.ts";
import { skillDirectory, temporaryDirectory } from "./testing/skill-directory.ts";

const DRAFT = parseReference("examples/greeter:1.0.0-draft");
const FILES = { "scripts/run.sh": "#!/bin/sh\necho hi\n", "references/größe.md": "# Größe\n" };

async function storeWithGreeter(): Promise<MemoryStore> {
  const store = new MemoryStore();
  await pack(await skillDirectory({}, FILES), store, { now: () => new Date("2026-01-02T03:04:05Z") });
  return store;
}

describe("inspect", () => {
  it("tells card, lifecycle and image without reading a layer", async () => {
    const store = await storeWithGreeter();
    const seen = await inspect(store, DRAFT);
    expect(seen).toMatchObject({
      reference: "examples/greeter:1.0.0-draft",
      card: { name: "greeter", namespace: "examples", version: "1.0.0", tags: [], wordcount: 4 },
      lifecycle: { status: "draft", next: "testing", tags: ["1.0.0-draft"] },
      image: { profile: "standard", platforms: ["linux/amd64"] },
    });
    expect(seen.files).toBeUndefined();
    expect(seen.image.layers[0]?.diffId).toMatch(/^sha256:/);
  });

  it("lists the files when asked", async () => {
    const { files } = await inspect(await storeWithGreeter(), DRAFT, { files: true });
    expect(files?.map((file) => `${file.mode} ${file.path}`)).toEqual([
      "0644 SKILL.md",
      "0644 references/größe.md",
      "0755 scripts/run.sh",
      "0644 skill.yaml",
    ]);
  });
});

describe("a reference", () => {
  it("without a tag means latest, or the only one", async () => {
    const store = await storeWithGreeter();
    const { reference } = await resolveReference(store, parseReference("examples/greeter"));
    expect(reference.tag).toBe("1.0.0-draft");
    await tag(store, DRAFT, parseReference("examples/greeter:other"));
    await expect(resolveReference(store, parseReference("examples/greeter"))).rejects.toMatchObject({
      code: "REFERENCE_AMBIGUOUS",
      hint: "Name one of examples/greeter:1.0.0-draft, examples/greeter:other.",
    });
    await tag(store, DRAFT, parseReference("examples/greeter:latest"), { force: true });
    expect((await resolveReference(store, parseReference("examples/greeter"))).reference.tag).toBe("latest");
  });

  it.each([
    ["examples/greeter:9.9.9", "examples/greeter has 1.0.0-draft."],
    ["greeter:1.0.0-draft", "Did you mean examples/greeter:1.0.0-draft?"],
    ["greeter:9.9.9", "Did you mean examples/greeter?"],
    ["greter:1.0.0-draft", "Did you mean examples/greeter:1.0.0-draft?"],
    ["examples/nothing", "See what there is: skillctl list."],
  ])("that names nothing (%s) is answered with what there is", async (asked, hint) => {
    const store = await storeWithGreeter();
    await expect(inspect(store, parseReference(asked))).rejects.toMatchObject({ code: "NOT_FOUND", hint });
  });
});

describe("list", () => {
  it("sorts by name, then newest version first", async () => {
    const store = new MemoryStore();
    for (const version of ["1.0.0", "1.10.0", "1.9.0"]) await pack(await skillDirectory({ version }), store);
    await pack(await skillDirectory({ name: "archer" }), store);
    expect((await collect(list(store))).map((row) => row.reference)).toEqual([
      "examples/archer:1.0.0-draft",
      "examples/greeter:1.10.0-draft",
      "examples/greeter:1.9.0-draft",
      "examples/greeter:1.0.0-draft",
    ]);
  });

  it.each([
    ["greet*", 1],
    ["examples/*", 2],
    ["?rch?r", 1],
    ["gree", 0],
    ["*", 2],
  ])("filters by the glob %s", async (name, count) => {
    const store = await storeWithGreeter();
    await pack(await skillDirectory({ name: "archer" }), store);
    expect(await collect(list(store, { name }))).toHaveLength(count);
  });

  it("filters by state", async () => {
    const store = await storeWithGreeter();
    await pack(await skillDirectory({ version: "2.0.0" }), store);
    await promote(store, parseReference("examples/greeter:2.0.0-draft"), "testing");
    expect((await collect(list(store, { status: ["testing"] }))).map((row) => row.version)).toEqual(["2.0.0"]);
  });

  it("answers a hostile glob in time", async () => {
    const store = await storeWithGreeter();
    expect(await collect(list(store, { name: `${"*a".repeat(200)}b` }))).toEqual([]);
  });
});

describe("cat", () => {
  it("prints SKILL.md, or another file", async () => {
    const store = await storeWithGreeter();
    expect(await text(cat(store, DRAFT))).toBe("# Greeter\n\nSay hello.\n");
    expect(await text(cat(store, DRAFT, "./scripts/run.sh"))).toBe(FILES["scripts/run.sh"]);
  });

  it("says how to find the files when there is none of that name", async () => {
    await expect(text(cat(await storeWithGreeter(), DRAFT, "nope.md"))).rejects.toMatchObject({
      code: "NOT_FOUND",
      hint: "See its files: skillctl inspect examples/greeter:1.0.0-draft --files",
    });
  });
});

describe("unpack", () => {
  it("gives back what was packed, under the skill's name", async () => {
    const store = await storeWithGreeter();
    const target = await temporaryDirectory();
    const result = await unpack(store, DRAFT, target);
    expect(result).toMatchObject({ path: join(target, "greeter"), files: 4 });
    expect(await readFile(join(target, "greeter/references/größe.md"), "utf8")).toBe("# Größe\n");
    expect((await stat(join(target, "greeter/scripts/run.sh"))).mode & 0o777).toBe(0o755);
    expect(await diff({ directory: result.path }, { store, reference: DRAFT })).toMatchObject({ identical: true });
  });

  it("does not touch a directory that is there, unless forced", async () => {
    const store = await storeWithGreeter();
    const target = await temporaryDirectory();
    await mkdir(join(target, "greeter"));
    await writeFile(join(target, "greeter/mine.txt"), "mine");
    await expect(unpack(store, DRAFT, target)).rejects.toMatchObject({ code: "TARGET_EXISTS" });
    expect(await readFile(join(target, "greeter/mine.txt"), "utf8")).toBe("mine");
    await unpack(store, DRAFT, target, { force: true });
    await expect(stat(join(target, "greeter/mine.txt"))).rejects.toThrow("ENOENT");
  });

  it("is content with a directory that holds this very skill already, and leaves it alone", async () => {
    const store = await storeWithGreeter();
    const target = await temporaryDirectory();
    const { unchanged, ...first } = await unpack(store, DRAFT, target);
    const before = await stat(first.path);
    expect(unchanged).toBe(false);
    expect(await unpack(store, DRAFT, target)).toEqual({ ...first, unchanged: true });
    expect((await stat(first.path)).ino).toBe(before.ino);
  });

  it.each<[string, (greeter: string) => Promise<unknown>]>([
    ["another text of the same length", (greeter) => writeFile(join(greeter, "references/größe.md"), "# Kleine\n")],
    ["a file more", (greeter) => writeFile(join(greeter, ".notes"), "")],
    ["a directory more", (greeter) => mkdir(join(greeter, "empty"))],
    ["a file less", (greeter) => rm(join(greeter, "SKILL.md"))],
    ["a script that cannot be executed", (greeter) => chmod(join(greeter, "scripts/run.sh"), 0o644)],
    [
      "a link to the very file",
      async (greeter) => {
        await rename(join(greeter, "SKILL.md"), join(greeter, "..", "SKILL.md"));
        await symlink("../SKILL.md", join(greeter, "SKILL.md"));
      },
    ],
  ])("does not touch a directory that has %s than the skill", async (_, change) => {
    const store = await storeWithGreeter();
    const target = await temporaryDirectory();
    const { path } = await unpack(store, DRAFT, target);
    await change(path);
    await expect(unpack(store, DRAFT, target)).rejects.toMatchObject({ code: "TARGET_EXISTS" });
  });

  it("refuses an image whose skill has another name than the reference", async () => {
    const store = await storeWithGreeter();
    await tag(store, DRAFT, parseReference("examples/impostor:copy"));
    const target = await temporaryDirectory();
    await expect(unpack(store, parseReference("examples/impostor:copy"), target)).rejects.toMatchObject({
      code: "NOT_A_SKILL",
      message: 'examples/impostor:copy calls itself "greeter"',
    });
  });
});

describe("tag", () => {
  it("gives another name, also in another repository, and says when nothing changes", async () => {
    const store = await storeWithGreeter();
    const target = parseReference("mirror/greeter:stable");
    expect(await tag(store, DRAFT, target)).toMatchObject({ reference: "mirror/greeter:stable", unchanged: false });
    expect(await tag(store, DRAFT, target)).toMatchObject({ unchanged: true });
    expect(await text(cat(store, target))).toContain("Say hello");
  });

  it("does not move away from a published image, unless forced", async () => {
    const store = await storeWithGreeter();
    await promote(store, DRAFT, "testing");
    const published = await promote(store, parseReference("examples/greeter:1.0.0-testing"), "published");
    const stable = parseReference("examples/greeter:stable");
    await tag(store, parseReference(published.reference), stable);
    const { reference } = await pack(await skillDirectory({ version: "2.0.0" }), store);
    await expect(tag(store, parseReference(reference), stable)).rejects.toMatchObject({
      code: "PUBLISHED_IMMUTABLE",
      message: "examples/greeter:stable names 1.0.0, which is published",
    });
    await tag(store, parseReference(reference), stable, { force: true });
    expect((await inspect(store, stable)).card.version).toBe("2.0.0");
  });

  it.each(["1.0.0", "1.0.0-testing", "latest"])("does not call a draft %s, unless forced", async (name) => {
    const store = await storeWithGreeter();
    const target = parseReference(`examples/greeter:${name}`);
    await expect(tag(store, DRAFT, target)).rejects.toMatchObject({ code: "LIFECYCLE_TRANSITION_INVALID" });
    expect(await tag(store, DRAFT, target, { force: true })).toMatchObject({ unchanged: false });
  });

  it("leaves nothing behind when a copy in another repository is removed", async () => {
    const store = await storeWithGreeter();
    await tag(store, DRAFT, parseReference("quay.io/x/greeter:mine"));
    await remove(store, parseReference("quay.io/x/greeter:mine"));
    expect((await collect(list(store))).map((row) => row.repository)).toEqual(["examples/greeter"]);
  });

  it("needs a tag", async () => {
    await expect(tag(await storeWithGreeter(), DRAFT, parseReference("a/b"))).rejects.toMatchObject({ code: "USAGE" });
  });
});

describe("remove", () => {
  it("removes one tag, and the image with its digest", async () => {
    const store = await storeWithGreeter();
    await tag(store, DRAFT, parseReference("examples/greeter:other"));
    const { digest } = await remove(store, parseReference("examples/greeter:other"));
    expect((await collect(list(store))).map((row) => row.tag)).toEqual(["1.0.0-draft"]);
    const gone = await remove(store, parseReference(`examples/greeter@${digest}`));
    expect(gone.removed).toEqual(["examples/greeter:1.0.0-draft"]);
    expect(await collect(list(store))).toEqual([]);
  });

  it("leaves latest alone when a tag of one's own choice is removed", async () => {
    const store = await storeWithGreeter();
    await promote(store, DRAFT, "testing");
    const { reference } = await promote(store, parseReference("examples/greeter:1.0.0-testing"), "published");
    await tag(store, parseReference(reference), parseReference("examples/greeter:stable"));
    const { removed } = await remove(store, parseReference("examples/greeter:stable"));
    expect(removed).toEqual(["examples/greeter:stable"]);
    expect((await collect(list(store))).map((row) => row.tag)).toEqual(["1.0.0", "latest"]);
  });

  it("lets latest go on when a version is removed by its digest", async () => {
    const store = new MemoryStore();
    let digest = "";
    for (const version of ["1.0.0", "2.0.0"]) {
      const { reference } = await pack(await skillDirectory({ version }), store);
      const testing = await promote(store, parseReference(reference), "testing");
      ({ digest } = await promote(store, parseReference(testing.reference), "published"));
    }
    await remove(store, parseReference(`examples/greeter@${digest}`));
    expect((await collect(list(store))).map((row) => row.tag)).toEqual(["1.0.0", "latest"]);
  });

  it("removes a tag whose image is damaged beyond reading", async () => {
    const store = await storeWithGreeter();
    const repository = store.repository("examples/greeter");
    const { descriptor, bytes } = describeManifest({ schemaVersion: 2, manifests: [] }, MediaType.index);
    await repository.push(descriptor, bytes);
    await repository.tag(descriptor, "empty");
    expect((await remove(store, parseReference("examples/greeter:empty"))).removed).toEqual(["examples/greeter:empty"]);
  });

  it("lets latest go on to the next published version", async () => {
    const store = new MemoryStore();
    for (const version of ["1.0.0", "2.0.0"]) {
      const { reference } = await pack(await skillDirectory({ version }), store);
      const testing = await promote(store, parseReference(reference), "testing");
      await promote(store, parseReference(testing.reference), "published");
    }
    await remove(store, parseReference("examples/greeter:2.0.0"));
    expect((await inspect(store, parseReference("examples/greeter:latest"))).card.version).toBe("1.0.0");
    const published = await inspect(store, parseReference("examples/greeter:1.0.0"));
    await pack(await skillDirectory({ version: "3.0.0" }), store);
    const { removed } = await remove(store, parseReference("examples/greeter:1.0.0"));
    expect(published.lifecycle.tags).toEqual(["1.0.0", "latest"]);
    expect(removed).toEqual(["examples/greeter:1.0.0", "examples/greeter:latest"]);
  });
});

describe("diff", () => {
  it("tells fields, files, modes and lines that differ", async () => {
    const store = await storeWithGreeter();
    const changed = await skillDirectory(
      { version: "1.1.0", more: "  license: MIT\n" },
      {
        ...FILES,
        "SKILL.md": "# Greeter\n\nSay good morning.\n",
        "new.bin": "\0\u0001",
        "scripts/run.sh": "#!/bin/sh\necho hi\n",
      },
    );
    const result = await diff({ store, reference: DRAFT }, { directory: changed });
    expect(result.identical).toBe(false);
    expect(result.card).toEqual([
      { field: "metadata.version", before: "1.0.0", after: "1.1.0" },
      { field: "metadata.license", after: "MIT" },
    ]);
    expect(result.files.map((file) => `${file.change} ${file.path}`)).toEqual([
      "modified SKILL.md",
      "added new.bin",
      "modified skill.yaml",
    ]);
    expect(result.files[0]?.patch).toContain("-Say hello.\n+Say good morning.\n");
    expect(result.files[1]?.patch).toBeUndefined();
  });
});

describe("diff of a skill that is not valid", () => {
  it("says what is wrong with it", async () => {
    const store = await storeWithGreeter();
    const directory = await skillDirectory({ version: "one" });
    await expect(diff({ store, reference: DRAFT }, { directory })).rejects.toMatchObject({ code: "SKILLCARD_INVALID" });
  });
});

describe("export and import", () => {
  it("carry images, with their names, from one store to another, in the same bytes each time", async () => {
    const store = await storeWithGreeter();
    await pack(await skillDirectory({ name: "archer" }), store, { platforms: ["linux/amd64", "linux/arm64"] });
    const references = [DRAFT, parseReference("examples/archer")];
    const archive = Buffer.concat(await collect(exportImages(store, references)));
    expect(Buffer.concat(await collect(exportImages(store, references))).equals(archive)).toBe(true);

    const other = new MemoryStore();
    const imported = await importImages(other, () => inChunks(archive, 1000));
    expect(imported.map((image) => image.reference)).toEqual([
      "examples/greeter:1.0.0-draft",
      "examples/archer:1.0.0-draft",
    ]);
    expect(await collect(list(other))).toEqual(await collect(list(store)));
    expect(await text(cat(other, DRAFT))).toContain("Say hello");
  });

  it("names a single image as told", async () => {
    const archive = Buffer.concat(await collect(exportImages(await storeWithGreeter(), [DRAFT])));
    const other = new MemoryStore();
    await importImages(other, () => inChunks(archive, 4096), { as: parseReference("mine/greeter:1") });
    expect((await collect(list(other))).map((row) => row.reference)).toEqual(["mine/greeter:1"]);
  });

  it("refuses an archive with a flipped byte and sets no tag", async () => {
    const archive = Buffer.concat(await collect(exportImages(await storeWithGreeter(), [DRAFT])));
    const at = archive.indexOf("\u001f\u008b", 0, "latin1") + 20;
    archive.writeUInt8(archive.readUInt8(at) ^ 0xff, at);
    const other = new MemoryStore();
    await expect(importImages(other, () => inChunks(archive, 4096))).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(await collect(list(other))).toEqual([]);
  });

  it("does not replace a published version, and does not move latest back", async () => {
    const release = async (store: MemoryStore, version: string, body: string) => {
      const { reference } = await pack(await skillDirectory({ version }, { "SKILL.md": body }), store);
      const testing = await promote(store, parseReference(reference), "testing");
      return promote(store, parseReference(testing.reference), "published");
    };
    const [mine, theirs] = [new MemoryStore(), new MemoryStore()];
    await release(mine, "1.0.0", "mine");
    await release(mine, "2.0.0", "mine");
    await release(theirs, "1.5.0", "theirs");
    const archiveOf = async (store: MemoryStore, ...tags: string[]) =>
      Buffer.concat(
        await collect(
          exportImages(
            store,
            tags.map((each) => parseReference(`examples/greeter:${each}`)),
          ),
        ),
      );

    const older = await archiveOf(theirs, "1.5.0", "latest");
    await importImages(mine, () => inChunks(older, 4096));
    expect((await inspect(mine, parseReference("examples/greeter:latest"))).card.version).toBe("2.0.0");
    expect((await inspect(mine, parseReference("examples/greeter:1.5.0"))).lifecycle.status).toBe("published");

    await release(theirs, "1.0.0", "theirs");
    const other = await archiveOf(theirs, "1.0.0");
    await expect(importImages(mine, () => inChunks(other, 4096))).rejects.toMatchObject({
      code: "PUBLISHED_IMMUTABLE",
    });
    await importImages(mine, () => inChunks(other, 4096), { force: true });
    expect(await text(cat(mine, parseReference("examples/greeter:1.0.0")))).toBe("theirs");
  });

  it("name what was found as latest by its version", async () => {
    const store = new MemoryStore();
    const { reference } = await pack(await skillDirectory(), store);
    const testing = await promote(store, parseReference(reference), "testing");
    await promote(store, parseReference(testing.reference), "published");
    for (const name of ["examples/greeter", "examples/greeter:latest"]) {
      const archive = Buffer.concat(await collect(exportImages(store, [parseReference(name)])));
      const other = new MemoryStore();
      await importImages(other, () => inChunks(archive, 4096));
      expect((await collect(list(other))).map((row) => row.tag)).toEqual(["1.0.0", "latest"]);
    }
  });

  it("take the archive's tag when the new name has none, and say when nothing is new", async () => {
    const archive = Buffer.concat(await collect(exportImages(await storeWithGreeter(), [DRAFT])));
    const other = new MemoryStore();
    const as = parseReference("mine/greeter");
    const [first] = await importImages(other, () => inChunks(archive, 4096), { as });
    expect(first).toMatchObject({ reference: "mine/greeter:1.0.0-draft", unchanged: false });
    const [again] = await importImages(other, () => inChunks(archive, 4096), { as });
    expect(again).toMatchObject({ unchanged: true });
  });

  it("refuse a digest that is not the image's as its name", async () => {
    const archive = Buffer.concat(await collect(exportImages(await storeWithGreeter(), [DRAFT])));
    const as = parseReference(`a/b@sha256:${"a".repeat(64)}`);
    const importing = importImages(new MemoryStore(), () => inChunks(archive, 4096), { as });
    await expect(importing).rejects.toMatchObject({ code: "REFERENCE_INVALID" });
  });

  it("read an archive of indexes in indexes once, not once for each way through them", async () => {
    const files: LayerFile[] = [];
    const file = (path: string, bytes: Uint8Array): LayerFile => {
      return { path, executable: false, size: bytes.byteLength, open: () => inChunks(bytes, 65_536) };
    };
    let child: Descriptor | undefined;
    for (let depth = 0; depth < 3; depth++) {
      const manifests = child === undefined ? [] : Array.from({ length: 600 }, () => child);
      const { descriptor, bytes } = describeManifest(
        { schemaVersion: 2, mediaType: MediaType.index, manifests },
        MediaType.index,
      );
      files.push(file(`blobs/sha256/${descriptor.digest.slice(7)}`, bytes));
      child = descriptor;
    }
    const named = { ...child, annotations: { "org.opencontainers.image.ref.name": "a/b:1" } };
    files.push(file("index.json", encodeManifest({ schemaVersion: 2, manifests: [named] })));
    const archive = Buffer.concat(await collect(writeTar(files)));
    await expect(importImages(new MemoryStore(), () => inChunks(archive, 65_536))).rejects.toMatchObject({
      code: "NOT_A_SKILL",
    });
  });

  it("refuses a file that is no archive", async () => {
    const importing = importImages(new MemoryStore(), () => inChunks(Buffer.alloc(10_240), 4096));
    await expect(importing).rejects.toMatchObject({ code: "ARCHIVE_INVALID" });
  });
});

describe("checking a skill with files that cannot be packed", () => {
  it("tells of all of them, and of all that is wrong with the card, at once", async () => {
    const directory = await skillDirectory({ version: "1" });
    await mkdir(join(directory, "scripts"), { recursive: true });
    for (const name of ["a-link", "scripts/b-link"]) await symlink("SKILL.md", join(directory, name));
    await writeFile(join(directory, "con.txt"), "");
    const { valid, issues, unsupported, unsupportedMore } = await validate(directory);
    expect([valid, unsupportedMore]).toEqual([false, 0]);
    expect(unsupported.map(({ path }) => path)).toEqual(["a-link", "con.txt", "scripts/b-link"]);
    expect(unsupported[0]?.reason).toBe("it is a symbolic link");
    expect(issues.some(({ path }) => path === "metadata.version")).toBe(true);
  });

  it("names a hundred and counts the others", async () => {
    const directory = await skillDirectory();
    for (let at = 0; at < 103; at++) await symlink("SKILL.md", join(directory, `link-${at}`));
    const { unsupported, unsupportedMore, valid } = await validate(directory);
    expect([unsupported.length, unsupportedMore, valid]).toEqual([100, 3, false]);
  });

  it("says that the card is one, rather than that there is none", async () => {
    const directory = await temporaryDirectory();
    await symlink("/etc/hostname", join(directory, "SKILL.md"));
    await expect(validate(directory)).rejects.toMatchObject({ code: "FILE_UNSUPPORTED" });
  });
});

describe("checking a skill that unpacks only under raised limits", () => {
  it("tells which, as packing does, and finds it valid", async () => {
    const directory = await skillDirectory();
    const size = DEFAULT_LIMITS.fileSize + 1;
    for (const name of ["model.bin", "other.bin"]) await writeFile(join(directory, name), Buffer.alloc(size, name));
    expect(await validate(directory)).toMatchObject({ valid: true, issues: [], exceeds: { fileSize: size } });
    expect((await pack(directory, new MemoryStore())).exceeds).toMatchObject({ fileSize: size });
  });

  it("tells of an ordinary one that there are none", async () => {
    expect((await validate(await skillDirectory())).exceeds).toEqual({});
  });

  it("tells how many files and bytes there are together", async () => {
    const directory = await skillDirectory();
    await mkdir(join(directory, "many"));
    for (let at = 0; at < 5; at++) await writeFile(join(directory, `${at}.bin`), Buffer.alloc(14 * 2 ** 20));
    await Promise.all(Array.from({ length: 10_000 }, async (_, at) => writeFile(join(directory, "many", `${at}`), "")));
    const { exceeds } = await validate(directory);
    expect(Object.keys(exceeds)).toEqual(["expandedSize", "entries"]);
    expect(exceeds.entries).toBe(10_008);
  });
});

describe("init", () => {
  it("makes a skill that is valid and can be packed", async () => {
    const directory = join(await temporaryDirectory(), "my-skill");
    await initSkill(directory, {
      name: "my-skill",
      description: 'Does: "things".',
      license: "MIT",
      author: { name: "Ada" },
    });
    expect(await validate(directory)).toMatchObject({ valid: true, issues: [] });
    expect((await pack(directory, new MemoryStore())).reference).toBe("local/my-skill:0.1.0-draft");
  });

  it.each(["123", "true", "null", "on"])("makes a skill called %s", async (name) => {
    const directory = join(await temporaryDirectory(), name);
    await initSkill(directory, { name, description: "y" });
    await rm(join(directory, "skill.yaml"));
    expect(await validate(directory)).toMatchObject({ valid: true });
  });

  it("leaves nothing when only a SKILL.md is there already", async () => {
    const directory = await skillDirectory(null);
    await expect(initSkill(directory, { name: "x", description: "y" })).rejects.toMatchObject({
      code: "TARGET_EXISTS",
    });
    expect(await readdir(directory)).toEqual(["SKILL.md"]);
  });

  it("overwrites nothing", async () => {
    const directory = await skillDirectory();
    await expect(initSkill(directory, { name: "x", description: "y" })).rejects.toMatchObject({
      code: "TARGET_EXISTS",
    });
  });

  it("refuses answers that make no card", async () => {
    const directory = join(await temporaryDirectory(), "new");
    await expect(initSkill(directory, { name: "Not A Name", description: "y" })).rejects.toMatchObject({
      code: "SKILLCARD_INVALID",
    });
    await expect(stat(directory)).rejects.toThrow("ENOENT");
  });
});

async function* inChunks(bytes: Uint8Array, size: number): Content {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}
