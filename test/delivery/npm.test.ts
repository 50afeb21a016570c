/** The npm packages of the release, got as their users get them, from a registry of the test's own. */
import { mkdirSync, readdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { describeWith, gnuTar } from "../tools.ts";
import { startNpmRegistry, type NpmRegistry } from "../npm-registry.ts";
import { ARCHIVES, output, ROOT, temporaryDirectory, VERSION } from "./release.ts";

describeWith([gnuTar], "npm", () => {
  let registry: NpmRegistry;
  let home: string;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    registry = await startNpmRegistry(ARCHIVES);
    home = temporaryDirectory();
    writeFileSync(join(home, ".npmrc"), `registry=${registry.url}\nupdate-notifier=false\naudit=false\nfund=false\n`);
    env = {
      PATH: [dirname(process.execPath), process.env["PATH"]].join(":"),
      HOME: home,
      npm_config_userconfig: join(home, ".npmrc"),
      npm_config_cache: join(home, "cache"),
      npm_config_prefix: join(home, "prefix"),
    };
  });
  afterAll(async () => registry.close());

  it("npx skillctl runs the command, and packs", async () => {
    const options = { cwd: home, env };
    expect(await output("npx", ["--yes", "skillctl", "version"], options)).toBe(`skillctl ${VERSION}\n`);
    const packed = await output("npx", ["--yes", "skillctl", "pack", "-q", `${ROOT}examples/hello-world`], options);
    expect(packed).toBe("examples/hello-world:1.0.0-draft\n");
  });

  it("npm i -g skillimage puts skillctl on the PATH, and the library where programs find it", async () => {
    await output("npm", ["i", "-g", "skillimage"], { cwd: home, env });
    expect(readdirSync(join(home, "prefix/bin"))).toEqual(["skillctl"]);
    const command = join(home, "prefix/bin/skillctl");
    expect(await output(command, ["version"], { cwd: home, env })).toBe(`skillctl ${VERSION}\n`);
    const checked = await output(command, ["validate", `${ROOT}examples/hello-world`], { cwd: home, env });
    expect(checked).toContain("valid");
    const program = join(home, "program");
    mkdirSync(join(program, "node_modules"), { recursive: true });
    await output("ln", ["-s", realpathSync(join(home, "prefix/lib/node_modules/skillimage")), "node_modules/"], {
      cwd: program,
    });
    const text = 'import { parseReference } from "skillimage"; console.log(String(parseReference("a/b:1").tag));';
    expect(await output(process.execPath, ["--input-type=module", "-e", text], { cwd: program, env })).toBe("1\n");
  });
});
