/** What a repository that somebody else wrote can make git do: nothing. */
import { execFile } from "node:child_process";
import { access, chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { describe, expect, it, onTestFinished } from "vitest";

import { temporaryDirectory as makeTemporaryDirectory } from "../../test/fixtures/temporary-directory.ts";
import { filesAt, filesChanged, submodulesIn } from "./changes.ts";
import { commitOf } from "./base.ts";
import { openGit, type Git } from "./git.ts";
import { isCommitted, lastChange } from "./provenance.ts";

const NOBODY = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
const IDENTITY = ["-c", "user.name=An Author", "-c", "user.email=author@example.com"];

async function repository(): Promise<{
  readonly directory: string;
  readonly git: (...args: readonly string[]) => Promise<string>;
}> {
  const { path: directory, remove } = await makeTemporaryDirectory();
  onTestFinished(remove);
  const git = async (...args: readonly string[]): Promise<string> => {
    const command = ["-C", directory, ...IDENTITY, ...args];
    return (await promisify(execFile)("git", command, { env: { ...process.env, ...NOBODY } })).stdout.trim();
  };
  await git("init", "--quiet", "--initial-branch=main");
  await writeFile(join(directory, "file"), "one\n");
  await git("add", ".");
  await git("commit", "--quiet", "--message=one");
  return { directory, git };
}

/** Asks everything that is ever asked. */
async function askAll(git: Git): Promise<void> {
  const head = await commitOf(git, "HEAD");
  await filesAt(git, head);
  await filesChanged(git, await commitOf(git, "HEAD~1"), head);
  await lastChange(git, head, ".");
  await isCommitted(git, ".");
  await submodulesIn(git, head, ".");
}

describe("a repository's own programs", () => {
  it("are not started: hooks, monitors, pagers, external diffs, text conversions, signature checks", async () => {
    const { directory, git } = await repository();
    const planted = join(directory, "planted");
    const program = join(directory, "program");
    await writeFile(join(directory, ".gitattributes"), "* diff=own\n");
    await writeFile(join(directory, "file"), "two\n");
    await git("add", "file", ".gitattributes");
    await git("commit", "--quiet", "--message=two");
    await writeFile(program, `#!/bin/sh\necho "$0 $*" >>'${planted}'\n`);
    await chmod(program, 0o755);
    const hooks = join(directory, ".git", "hooks");
    await mkdir(hooks, { recursive: true });
    for (const hook of ["post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman"]) {
      await writeFile(join(hooks, hook), `#!/bin/sh\necho ${hook} >>'${planted}'\n`, { mode: 0o755 });
    }
    const settings = [
      "core.fsmonitor",
      "core.pager",
      "pager.log",
      "pager.diff",
      "diff.external",
      "diff.own.command",
      "diff.own.textconv",
      "gpg.program",
      "core.sshCommand",
    ];
    for (const setting of settings) await git("config", setting, program);
    await git("config", "log.showSignature", "true");
    await askAll(await openGit(directory, { variables: { ...process.env, ...NOBODY } }));
    await expect(access(planted)).rejects.toThrow("ENOENT");
  });

  it.each(["own", "o.w n"])("are not started as the filter %j of files, in it or in a submodule", async (filter) => {
    const { directory, git } = await repository();
    const planted = join(directory, ".git", "planted");
    const sub = await repository();
    await git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", sub.directory, "sub");
    await git("config", "--file", ".gitmodules", "submodule.sub.ignore", "none");
    await git("add", ".");
    await git("commit", "--quiet", "--message=two");
    const program = `sh -c "touch '${planted}'; cat"`;
    for (const place of [".", "sub"]) {
      await git("-C", place, "config", `filter.${filter}.clean`, program);
      await git("-C", place, "config", `filter.${filter}.required`, "true");
      await writeFile(
        await git("-C", place, "rev-parse", "--path-format=absolute", "--git-path", "info/attributes"),
        `* "filter=${filter}"\n* filter=${filter}\n`,
      );
      await writeFile(join(directory, place, "file"), "one\n");
    }
    const opened = await openGit(directory, { variables: { ...process.env, ...NOBODY } });
    await askAll(opened);
    await expect(access(planted)).rejects.toThrow("ENOENT");
    expect(await isCommitted(opened, "sub")).toBe(true);
  });

  it("are not started as a filter whose name looks like a setting", async () => {
    const { directory, git } = await repository();
    await git("config", "--file", ".git/config", "filter.a=b.clean", "false");
    await expect(openGit(directory, { variables: process.env })).rejects.toMatchObject({ code: "SOURCE_UNREADABLE" });
  });

  it("get no repository of somebody's environment in place of the one that is meant", async () => {
    const [meant, other] = [await repository(), await repository()];
    const variables = {
      ...process.env,
      ...NOBODY,
      GIT_DIR: join(other.directory, ".git"),
      GIT_WORK_TREE: other.directory,
    };
    expect((await openGit(meant.directory, { variables })).root).toBe(await meant.git("rev-parse", "--show-toplevel"));
  });
});

describe("a revision", () => {
  it.each(["--output=planted", "-h", "HEAD; touch planted", "$(touch planted)", "HEAD:file", "\u0000"])(
    "%j is no commit, and nothing else either",
    async (revision) => {
      const { directory } = await repository();
      const git = await openGit(directory, { variables: process.env });
      await expect(commitOf(git, revision)).rejects.toThrow();
      await expect(access(join(directory, "planted"))).rejects.toThrow("ENOENT");
    },
  );
});

describe("git", () => {
  it("is asked for, where it is not", async () => {
    const { directory } = await repository();
    await expect(openGit(directory, { variables: { PATH: directory } })).rejects.toMatchObject({
      code: "SOURCE_UNREADABLE",
      message: "there is no git program",
    });
  });

  it("is ended when nobody waits for it any more", async () => {
    const { directory } = await repository();
    const cancel = new AbortController();
    const git = await openGit(directory, { variables: process.env, signal: cancel.signal });
    const asked = commitOf(git, "HEAD");
    cancel.abort();
    await expect(asked).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("tells paths as they are, whatever is in them", async () => {
    const { directory, git } = await repository();
    const names = ['with "quotes"', "with\nnewline", "ünï", ":(top)magic"];
    for (const name of names) await writeFile(join(directory, name), "");
    await git("add", "--all");
    await git("commit", "--quiet", "--message=names");
    const opened = await openGit(directory, { variables: process.env });
    const [head, before] = [await commitOf(opened, "HEAD"), await commitOf(opened, "HEAD~1")];
    expect(await filesAt(opened, head)).toEqual(expect.arrayContaining(names));
    expect((await filesChanged(opened, before, head)).map(({ path }) => path)).toEqual(expect.arrayContaining(names));
  });

  it.each([
    "diff.orderFile=/absent",
    "i18n.logOutputEncoding=UTF-16",
    "color.ui=always",
    "column.ui=always",
    "core.quotePath=true",
    "diff.relative=true",
    "diff.renames=copies",
    "format.pretty=fuller",
    "log.abbrevCommit=true",
    "log.follow=true",
    "status.branch=true",
    "status.showUntrackedFiles=no",
  ])("says the same where its user has set %s", async (setting) => {
    const { directory, git } = await repository();
    await mkdir(join(directory, "skill"));
    await writeFile(join(directory, "skill", "ünï"), "");
    await git("add", "--all");
    await git("commit", "--quiet", "--message=two");
    await writeFile(join(directory, "skill", "new"), "");
    const settings = join(directory, ".git", "of-the-user");
    await git("config", "--file", settings, ...setting.split("="));
    const answers = async (config: string): Promise<unknown[]> => {
      const opened = await openGit(directory, { variables: { ...process.env, GIT_CONFIG_GLOBAL: config } });
      const [head, before] = [await commitOf(opened, "HEAD"), await commitOf(opened, "HEAD~1")];
      return [
        await filesAt(opened, head),
        await filesChanged(opened, before, head),
        await lastChange(opened, head, "skill"),
        await isCommitted(opened, "skill"),
      ];
    };
    expect(await answers(settings)).toEqual(await answers("/dev/null"));
  });

  it("tells which submodules there are, and that one is at another commit", async () => {
    const { directory, git } = await repository();
    const sub = await repository();
    await mkdir(join(directory, "skills"));
    for (const name of ["skills/one", "skills-too"]) {
      await git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", sub.directory, name);
    }
    await git("commit", "--quiet", "--message=submodules");
    await git("-C", "skills/one", "commit", "--quiet", "--allow-empty", "--message=two");
    await git("commit", "--quiet", "--all", "--message=on");
    const opened = await openGit(directory, { variables: process.env });
    const [head, before] = [await commitOf(opened, "HEAD"), await commitOf(opened, "HEAD~1")];
    expect(await submodulesIn(opened, head, "skills")).toEqual(["skills/one"]);
    expect(await submodulesIn(opened, head, ".")).toEqual(["skills-too", "skills/one"]);
    expect(await filesChanged(opened, before, head)).toEqual([{ kind: "modified", path: "skills/one" }]);
  });
});
