import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { temporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";
import { isSkillError, type SkillError } from "../../errors.ts";
import { CredentialHelper } from "./helper.ts";
import { programRunner, type RunProgram } from "./run-program.ts";
import { Keychain } from "./testing/keychain.ts";

const JANE = { kind: "basic", username: "jane", password: "s3cret" } as const;

let directory: string;
let remove: () => Promise<void>;

beforeEach(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
});
afterEach(async () => remove());

/** Installs `docker-credential-test` as a shell script, and runs what is installed. */
async function installed(script: string, options?: { readonly timeout?: number }): Promise<RunProgram> {
  const path = join(directory, "docker-credential-test");
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return runner(options);
}

function runner(options?: { readonly timeout?: number }): RunProgram {
  return programRunner({ PATH: `${directory}:${process.env["PATH"]}`, UNSET: undefined, KEYCHAIN: directory }, options);
}

const helper = (run: RunProgram) => new CredentialHelper({ helper: "test", file: "/home/ada/config.json" }, run);

async function failureOf(work: Promise<unknown>): Promise<SkillError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isSkillError(error, "CREDENTIALS_INVALID")) return error;
  throw new Error("it did not fail as it should", { cause: error });
}

describe("a credential helper", () => {
  it("is asked on its standard input, and sees the environment that it was given", async () => {
    const run = await installed(
      `[ "$1" = get ] && [ "$(cat)" = quay.io ] && [ -d "$KEYCHAIN" ] && echo '{"ServerURL":"quay.io","Username":"jane","Secret":"s3cret"}'`,
    );
    expect(await helper(run).get("quay.io", {})).toEqual(JANE);
  });

  it("is told what to keep", async () => {
    await helper(await installed(`[ "$1" = store ] && cat > "$KEYCHAIN/kept"`)).store("quay.io", JANE);
    const run = await installed(`[ "$1" = list ] && cat "$KEYCHAIN/kept"`);
    expect(await helper(run).list()).toEqual(["ServerURL", "Username", "Secret"]);
  });

  it("keeps, finds, lists and forgets", async () => {
    const keychain = new Keychain();
    const test = helper(keychain.run);
    await test.store("quay.io", JANE);
    expect(await test.get("quay.io", {})).toEqual(JANE);
    expect(await test.list()).toEqual(["quay.io"]);
    expect(await test.erase("quay.io")).toBe(true);
    expect(await test.erase("quay.io")).toBe(false);
    expect(await test.get("quay.io", {})).toBeUndefined();
  });

  it("gives an identity token under a user of its own", async () => {
    const run = await installed(`echo '{"Username":"<token>","Secret":"it"}'`);
    expect(await helper(run).get("quay.io", {})).toEqual({ kind: "identity-token", token: "it" });
  });

  it("may have nothing", async () => {
    const none = await installed("echo credentials not found in native keychain; exit 1");
    expect(await helper(none).get("quay.io", {})).toBeUndefined();
    const empty = await installed(`echo '{"Username":"","Secret":""}'`);
    expect(await helper(empty).get("quay.io", {})).toBeUndefined();
  });

  it("may end without listening", async () => {
    const run = await installed("exec <&-; exit 3");
    expect((await failureOf(helper(run).store("x".repeat(1_000_000), JANE))).message).toContain("status 3");
  });

  it.each(["", "../evil", "a/b", "a b", "$(id)", "a;b", "-x\n", "x".repeat(200), String.raw`a\b`])(
    "of the name %j is not run",
    (name) => {
      expect(
        () => new CredentialHelper({ helper: name, file: "config.json" }, async () => expect.fail("it was run")),
      ).toThrow(expect.toSatisfy((error) => isSkillError(error, "CREDENTIALS_INVALID")));
    },
  );

  it("that is not installed is an error where it is named, and nothing where it is only the default", async () => {
    const absent = helper(runner());
    const error = await failureOf(absent.get("quay.io", {}));
    expect(error.message).toContain("docker-credential-test");
    expect(error.message).toContain("not installed");
    expect(await absent.get("quay.io", { onAbsent: () => {} })).toBeUndefined();
  });

  it.each([
    ["fails", "echo s3cret; exit 1", "status 1"],
    ["says why", "echo s3cret; echo 'no session bus' >&2; echo s3cret >&2; exit 2", 'status 2: "no session bus"'],
    ["tries to repaint the terminal", String.raw`printf '\033[2J' >&2; exit 2`, String.raw`\u{1b}`],
    ["answers with no JSON", "echo s3cret", "not a JSON object"],
    ["answers with no credential", `echo '{"Username":"s3cret"}'`, "no credential"],
    ["never stops talking", "yes s3cret", "more than"],
    ["has too much to say", "head -c 100000 /dev/zero | tr '\\0' x", "more than"],
    ["kills itself", "echo s3cret; kill -9 $$", "killed"],
  ])("that %s is named in the error, and not cited", async (_, script, problem) => {
    const error = await failureOf(helper(await installed(script)).get("quay.io", {}));
    expect(error.message).toContain("docker-credential-test");
    expect(error.message).toContain(problem);
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain("s3cret");
  });

  it("that repeats what it was to keep is not cited at all", async () => {
    const error = await failureOf(helper(await installed("cat >&2; exit 1")).store("quay.io", JANE));
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain("s3cret");
  });

  it("that hangs is given up", async () => {
    const run = await installed("exec sleep 60", { timeout: 100 });
    expect((await failureOf(helper(run).get("quay.io", {}))).message).toContain("in time");
  });

  it("that is waited for can be given up", async () => {
    const controller = new AbortController();
    const run = await installed("exec sleep 60");
    const asked = helper(run).get("quay.io", { signal: controller.signal });
    controller.abort();
    await expect(asked).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("cannot list what it does not want to", async () => {
    expect(await helper(await installed("exit 1")).list()).toBeUndefined();
  });
});
