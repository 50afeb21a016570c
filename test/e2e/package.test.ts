/** The package as npm would publish it, installed beside nothing but its dependencies. */
import { execFile } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { beforeAll, describe, expect, it } from "vitest";

import { createWorkspace, type Workspace } from "./skillctl.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const run = promisify(execFile);

interface PackageJson {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string>>;
}

describe("the published package", () => {
  let user: Workspace;
  let manifest: PackageJson;

  beforeAll(async () => {
    user = await createWorkspace();
    manifest = JSON.parse(await readFile(`${ROOT}package.json`, "utf8")) as PackageJson;
    await run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", user.directory], { cwd: ROOT });
    const home = user.path("node_modules/skillimage");
    await mkdir(home, { recursive: true });
    await run("tar", ["-xzf", user.path(`skillimage-${manifest.version}.tgz`), "-C", home, "--strip-components=1"]);
    for (const name of Object.keys(manifest.dependencies)) {
      await mkdir(dirname(user.path("node_modules", name)), { recursive: true });
      await symlink(join(ROOT, "node_modules", name), user.path("node_modules", name));
    }
    await writeFile(user.path("package.json"), '{ "type": "module" }');
  });

  it("runs", async () => {
    const command = user.path("node_modules/skillimage/dist/cli/main.js");
    expect((await run(command, ["version"])).stdout).toBe(`skillctl ${manifest.version}\n`);
    await user.skill("hello");
    const { stdout } = await run(command, ["pack", "hello", "--store", user.store], { cwd: user.directory });
    expect(stdout).toContain("examples/hello:1.0.0-draft");
  });

  it("finds drivers that are installed beside it, in later calls too, whose code was kept, and says it when they are not", async () => {
    const storage = `storage:\n  s3: { bucket: b, endpoint: "http://127.0.0.1:9", region: r }\n  postgres: { url: "postgres://127.0.0.1:9/x" }\n`;
    await user.write({ "bucket.yaml": storage });
    const command = user.path("node_modules/skillimage/dist/cli/main.js");
    const env = { ...process.env, XDG_CACHE_HOME: user.path("cache") };
    const check = async (...args: string[]): Promise<string> =>
      run(command, ["fsck", ...args], { cwd: user.directory, env }).then(
        ({ stderr }) => stderr,
        (error: unknown) => String((error as { readonly stderr?: unknown }).stderr),
      );
    await check("--store", user.store);
    expect(await check("--config", "bucket.yaml")).toMatch(/^error: the package \S+, .* is not installed\nhint: /);
    await mkdir(user.path("node_modules/@aws-sdk"), { recursive: true });
    for (const name of ["pg", "@aws-sdk/client-s3"]) {
      await symlink(join(ROOT, "node_modules", name), user.path("node_modules", name));
    }
    const unreachable = await check("--config", "bucket.yaml");
    expect(unreachable).toMatch(/^error: .*\nhint: /m);
    expect(unreachable).not.toContain("is not installed");
  });

  it("exports every entry point that it names", async () => {
    const paths = Object.keys(manifest.exports).filter((path) => !path.endsWith(".json"));
    const names = paths.map((path) => path.replace(".", "skillimage"));
    const program = `for (const name of ${JSON.stringify(names)}) if (Object.keys(await import(name)).length === 0) throw new Error(name);`;
    await user.write({ "import.mjs": program });
    await run(process.execPath, ["import.mjs"], { cwd: user.directory });
  });

  it("has types that a strict program compiles against", async () => {
    const program = `
      import { LayoutStore, list, pack, SkillError, type PackResult } from "skillimage";
      import { parseReference, type Digest } from "skillimage/oci";
      import { parseSkillCard } from "skillimage/skillcard";
      import { nextState } from "skillimage/lifecycle";
      import { createLayer } from "skillimage/archive";
      import type { Repository } from "skillimage/store";
      import { inspect } from "skillimage/skill";
      const store = await LayoutStore.open("store");
      const packed: PackResult = await pack("hello", store, { profile: "redhat" });
      const digest: Digest = packed.layerDigest;
      for await (const { reference, status } of list(store)) console.log(reference, status, digest);
      const repository: Repository = store.repository("a/b");
      console.log(await inspect(store, parseReference(packed.reference)), repository.name);
      console.log(parseSkillCard, nextState("draft"), createLayer, SkillError);
      // @ts-expect-error a profile that does not exist
      await pack("hello", store, { profile: "other" });
    `;
    await user.write({ "program.ts": program });
    await symlink(join(ROOT, "node_modules/@types"), user.path("node_modules/@types"));
    const options = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--types", "node"];
    await run(process.execPath, [`${ROOT}node_modules/typescript/bin/tsc`, ...options, "program.ts"], {
      cwd: user.directory,
    });
  });
});
