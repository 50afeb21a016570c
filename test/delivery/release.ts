/** The release that the tests try: what `npm run release:build -- linux-amd64 linux-arm64` has made. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll } from "vitest";

import { removeDirectory } from "../fixtures/temporary-directory.ts";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const RELEASE = join(ROOT, "release");
export const EXECUTABLE = join(RELEASE, "linux-amd64/skillctl");

if (!existsSync(join(RELEASE, "checksums.txt"))) {
  throw new Error(`${RELEASE} has no release: npm run release:build -- linux-amd64 linux-arm64`);
}

/** The manifest of the npm package. */
export const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  readonly version: string;
  readonly repository: { readonly url: string };
};
export const VERSION = manifest.version;
/** The npm packages, by name. */
export const ARCHIVES = Object.fromEntries(
  ["skillimage", "skillctl"].map((name) => [name, join(RELEASE, `${name}-${VERSION}.tgz`)]),
);

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever that is. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { ...options, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error === null) resolve({ status: 0, stdout, stderr });
      else if (typeof error.code === "number") resolve({ status: error.code, stdout, stderr });
      else reject(error);
    });
    child.stdin?.end();
  });
}

/** Runs a program that must succeed, and returns what it printed. */
export async function output(...[program, args, options]: Parameters<typeof run>): Promise<string> {
  const { status, stdout, stderr } = await run(program, args, options);
  if (status === 0) return stdout;
  throw new Error(`${program} ${args.join(" ")} exited with ${status}\n${stdout}${stderr}`);
}

const made: string[] = [];
// Of the file that imports this one: from within a hook, none can be registered.
afterAll(() => {
  for (const directory of made) removeDirectory(directory);
});

/** A temporary directory that is removed after the tests of the calling file. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "skillctl-delivery-"));
  made.push(directory);
  return directory;
}
