/** What is different about one file that brings its own runtime. That it does what the command does, test/e2e shows when it is run on it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { S3_TOOLS, startS3Services, type S3Services } from "../interop/s3-services.ts";
import { describeWith } from "../tools.ts";
import { EXECUTABLE, output, RELEASE, ROOT, temporaryDirectory, VERSION } from "./release.ts";

let room: string;
beforeAll(() => {
  room = temporaryDirectory();
});

const environment = (variables: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  SKILLCTL_STORE: join(room, "store"),
  ...variables,
});

describe("the executable", () => {
  it("needs nothing but itself: no Node.js, no home, no file beside it", async () => {
    const alone = join(room, "alone");
    mkdirSync(alone);
    await output("cp", [EXECUTABLE, alone]);
    expect(await output(join(alone, "skillctl"), ["version"], { cwd: alone, env: {} })).toBe(`skillctl ${VERSION}\n`);
    const valid = await output(join(alone, "skillctl"), ["validate", `${ROOT}examples/hello-world`], { env: {} });
    expect(valid).toBe("valid: 1 skill checked, no problems\n");
  });

  it("takes neither variables nor code from the directory that it is called in", async () => {
    const directory = join(room, "strange");
    mkdirSync(directory);
    const trap = join(directory, "trap.js");
    writeFileSync(trap, `require("node:fs").writeFileSync(${JSON.stringify(join(directory, "sprung"))}, "");`);
    writeFileSync(join(directory, "bunfig.toml"), 'preload = ["./trap.js"]\n');
    writeFileSync(join(directory, ".env"), `SKILLCTL_STORE=${join(directory, "stolen")}\n`);
    writeFileSync(join(directory, "package.json"), '{ "type": "module", "imports": { "#x": "./trap.js" } }');
    writeFileSync(join(directory, "tsconfig.json"), '{ "compilerOptions": { "paths": { "*": ["./trap.js"] } } }');
    const before = readdirSync(directory);
    const skill = `${ROOT}examples/hello-world`;
    await output(EXECUTABLE, ["pack", skill], { cwd: directory, env: environment() });
    expect(readdirSync(directory)).toEqual(before);
    expect(await output(EXECUTABLE, ["list", "-q"], { cwd: directory, env: environment() })).toContain("hello-world");
  });

  it("says nothing of the directory that it was made in, or the same commit would not make the same bytes", () => {
    const bytes = readFileSync(EXECUTABLE);
    for (const place of [ROOT, "skillctl-release-"]) expect(bytes.includes(place), place).toBe(false);
  });

  it("makes the layer that Node.js makes", async () => {
    const skill = join(room, "large");
    await output("cp", ["-r", `${ROOT}examples/hello-world`, skill]);
    const text = Array.from({ length: 400_000 }, (_, line) => `line ${line * 7919} of many\n`).join("");
    writeFileSync(join(skill, "large.txt"), text);
    const args = ["pack", skill, "--json", "--store"];
    const layer = async (program: string, ...first: string[]): Promise<unknown> => {
      const [image] = JSON.parse(await output(program, [...first, ...args, join(room, `store-${first.length}`)])) as [
        { layerDigest: string },
      ];
      return image.layerDigest;
    };
    expect(await layer(EXECUTABLE)).toBe(await layer(process.execPath, `${ROOT}dist/cli/main.js`));
  });
});

describe("the look into executables that cannot run here", () => {
  const linux = (arch: string) => ({ os: "linux", arch });

  it("knows one of another processor, and one without the command", async () => {
    const { checkFormat } = (await import(`${ROOT}scripts/release/formats.mjs`)) as {
      readonly checkFormat: (file: string, target: object, texts: readonly string[]) => Promise<string>;
    };
    const other = join(RELEASE, "linux-arm64/skillctl");
    expect(await checkFormat(EXECUTABLE, linux("amd64"), ["YAMLParseError"])).toBe("ELF, amd64");
    expect(await checkFormat(other, linux("arm64"), ["YAMLParseError"])).toBe("ELF, arm64");
    await expect(checkFormat(other, linux("amd64"), [])).rejects.toThrow("the ELF machine should be 62, and is 183");
    await expect(checkFormat(process.execPath, linux("amd64"), ["YAMLParseError"])).rejects.toThrow("does not contain");
    await expect(checkFormat(EXECUTABLE, { os: "darwin", arch: "arm64" }, [])).rejects.toThrow("the Mach-O magic");
  });
});

describe("an executable for Macs with a signature that does not fit any more", () => {
  it("loses the signature, and nothing else", async () => {
    const { removeSignature } = (await import(`${ROOT}scripts/release/mach-o.mjs`)) as {
      readonly removeSignature: (file: string) => Promise<void>;
    };
    const machO = (...commands: readonly (readonly number[])[]): Buffer => {
      const words = [
        0xfeedfacf,
        0x01000007,
        3,
        2,
        commands.length,
        commands.flat().length * 4,
        0,
        0,
        ...commands.flat(),
      ];
      const bytes = Buffer.alloc(200, "code");
      bytes.fill(0, 0, 100);
      for (const [index, word] of words.entries()) bytes.writeUInt32LE(word, index * 4);
      return bytes;
    };
    const [segment, signature, main] = [
      [0x19, 16, 1, 2],
      [0x1d, 16, 150, 50],
      [0x28, 12, 3],
    ] as const;
    const file = join(room, "mac");
    writeFileSync(file, machO(segment, signature, main));
    await removeSignature(file);
    expect(readFileSync(file)).toEqual(machO(segment, main));
    await removeSignature(file);
    expect(readFileSync(file)).toEqual(machO(segment, main));
  });
});

describe("the archive of the executable", () => {
  it("holds it, and the licenses of what is inside", async () => {
    const archive = join(RELEASE, `skillctl_${VERSION}_linux_amd64.tar.gz`);
    const listed = await output("tar", ["--numeric-owner", "-tvzf", archive]);
    expect(listed.split("\n").map((line) => line.replace(/\s+\d+ \d{4}-\d\d-\d\d \d\d:\d\d /, " "))).toEqual([
      "-rw-r--r-- 0/0 LICENSE",
      "-rw-r--r-- 0/0 README.md",
      "-rw-r--r-- 0/0 THIRD-PARTY-LICENSES",
      "-rwxr-xr-x 0/0 skillctl",
      "",
    ]);
    const licenses = await output("tar", ["-xOzf", archive, "THIRD-PARTY-LICENSES"]);
    for (const name of ["bun", "pako", "yaml", "commander", "@aws-sdk/client-s3"]) {
      expect(licenses).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(\\S`, "m"));
    }
  });

  it("is what checksums.txt says", async () => {
    expect(await output("sha256sum", ["--check", "--strict", "checksums.txt"], { cwd: RELEASE })).toContain(
      `skillctl_${VERSION}_linux_amd64.tar.gz: OK\n`,
    );
  });
});

describeWith(S3_TOOLS, "the executable as a registry on a bucket and a database", () => {
  let services: S3Services;
  beforeAll(async () => {
    services = await startS3Services();
  });
  afterAll(async () => services?.close());

  it("keeps what is pushed, with the drivers that the npm package leaves to be installed", async () => {
    const { bucket, endpoint, credentials, postgres } = await services.place();
    const storage = {
      s3: { bucket, endpoint, region: "us-east-1", pathStyle: true },
      postgres: { urlFile: "database", schema: postgres.schema },
    };
    writeFileSync(join(room, "database"), `${postgres.connectionString}\n`);
    writeFileSync(join(room, "registry.yaml"), JSON.stringify({ storage }));
    const env = environment({
      AWS_ACCESS_KEY_ID: credentials?.accessKeyId ?? "",
      AWS_SECRET_ACCESS_KEY: credentials?.secretAccessKey ?? "",
    });
    const args = ["serve", "--config", "registry.yaml", "--root", "registry", "--listen", "127.0.0.1:0", "--json"];
    const server = spawn(EXECUTABLE, args, { cwd: room, env, stdio: ["ignore", "pipe", "pipe"] });
    let log = "";
    server.stderr.on("data", (text: Buffer) => (log += text.toString()));
    try {
      const ready = once(createInterface(server.stdout), "line") as Promise<[string]>;
      const ended = once(server, "exit").then(() => Promise.reject(new Error(log)));
      ended.catch(() => {});
      const [line] = await Promise.race([ready, ended]);
      const { host } = JSON.parse(line) as { host: string };
      const reference = `${host}/examples/hello-world:1.0.0-draft`;
      await output(EXECUTABLE, ["pack", `${ROOT}examples/hello-world`], { cwd: room, env });
      await output(EXECUTABLE, ["push", "--tls-verify=false", reference], { cwd: room, env });
      await output(EXECUTABLE, ["pull", "--tls-verify=false", reference, "-o", "pulled"], { cwd: room, env });
      expect(readdirSync(join(room, "pulled/hello-world"))).toContain("SKILL.md");
    } finally {
      server.kill("SIGTERM");
    }
    if (server.exitCode === null) await once(server, "exit");
  });
});
