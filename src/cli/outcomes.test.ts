import { constants } from "node:os";
import { Writable } from "node:stream";

import { describe, expect, it } from "vitest";

import { SkillError } from "../errors.ts";
import { ExitStatus } from "./exit.ts";
import type { GlobalFlags } from "./flags.ts";
import { createOutput } from "./output.ts";
import { OutcomeReport, type Outcome } from "./outcomes.ts";
import { recordingEnvironment, type Recorded } from "./testing/environment.ts";

interface Moved {
  readonly name: string;
}

const moved = (source: string): Outcome<Moved> => ({ source, result: { name: `to/${source}` } });
const unreachable = (source: string): Outcome<Moved> => ({
  source,
  error: new SkillError("REGISTRY_UNREACHABLE", "cannot reach registry.example", { hint: "Check that it runs." }),
});
const cancelled = new SkillError("ABORTED", "the operation was cancelled");

function reporting(flags: GlobalFlags = {}, isAlone = false): { environment: Recorded; report: OutcomeReport<Moved> } {
  const environment = recordingEnvironment();
  const words = { text: ({ name }: Moved) => `moved ${name}\n`, quiet: ({ name }: Moved) => `${name}\n`, isAlone };
  return { environment, report: new OutcomeReport(createOutput(environment, flags), words) };
}

/** Gives the outcomes, then the error. */
async function* outcomes(
  all: readonly Outcome<Moved>[],
  error?: Error,
): AsyncGenerator<Outcome<Moved>, void, undefined> {
  yield* all;
  if (error !== undefined) throw error;
}

async function said(all: readonly Outcome<Moved>[], isAlone = false): Promise<string> {
  const { environment, report } = reporting({}, isAlone);
  await report.all(outcomes(all));
  return environment.written.stderr;
}

it("says of several failures what each befell, with its hint", async () => {
  const text = await said([unreachable("a:1"), unreachable("b:2")]);
  expect(text).toContain("error: a:1: cannot reach registry.example\nhint: Check that it runs.\n");
  expect(text).toContain("error: b:2: cannot reach registry.example\n");
});

it("does not say it of the only one, nor twice", async () => {
  expect(await said([unreachable("a:1")], true)).toContain("error: cannot reach registry.example\n");
  const named = { source: "c:3", error: new SkillError("NOT_FOUND", "there is no image c:3") };
  expect(await said([named, unreachable("a:1")])).toContain("error: there is no image c:3\n");
});

it("prints each as it comes", async () => {
  const { environment, report } = reporting();
  const { written } = environment;
  const seen: string[] = [];
  async function* coming(): AsyncGenerator<Outcome<Moved>, void, undefined> {
    yield moved("a:1");
    seen.push(written.stdout);
    yield unreachable("b:2");
    seen.push(written.stderr);
    yield moved("c:3");
  }
  expect(await report.all(coming())).toBe(ExitStatus.failed);
  expect(seen).toEqual(["moved to/a:1\n", expect.stringContaining("error: b:2: ")]);
  expect(written.stdout).toBe("moved to/a:1\nmoved to/c:3\n");
  expect(report.count).toBe(3);
});

describe("what cannot be printed", () => {
  const words = { text: ({ name }: Moved) => `${name}\n`, quiet: ({ name }: Moved) => `${name}\n` };
  const failing = (code: "EPIPE" | "ENOSPC"): Writable =>
    new Writable({
      write: (_chunk, _encoding, done) =>
        done(Object.assign(new Error(`write ${code}`), { code, errno: -constants.errno[code], syscall: "write" })),
    }).on("error", () => undefined);
  const all = [moved("a:1"), unreachable("b:2"), moved("c:3")];

  it.each([
    ["text", {}],
    ["JSON", { json: true }],
  ])("because nobody reads any more neither stops the work nor hides what failed, in %s", async (_, flags) => {
    const environment = { ...recordingEnvironment(), stdout: failing("EPIPE") };
    const report = new OutcomeReport<Moved>(createOutput(environment, flags), words);
    expect(await report.all(outcomes(all))).toBe(ExitStatus.failed);
    expect(report.count).toBe(3);
  });

  it("because the disk is full is told when the work is done", async () => {
    const environment = { ...recordingEnvironment(), stdout: failing("ENOSPC") };
    const report = new OutcomeReport<Moved>(createOutput(environment, {}), words);
    await expect(report.all(outcomes(all))).rejects.toMatchObject({ code: "TARGET_UNWRITABLE" });
    expect(report.count).toBe(3);
  });

  it.each(["EPIPE", "ENOSPC"] as const)("on stderr (%s) does not stop it either", async (code) => {
    const environment = recordingEnvironment();
    const remarks: string[] = [];
    const output = createOutput({ ...environment, stderr: failing(code) }, {});
    const remark = async ({ name }: Moved): Promise<void> => {
      remarks.push(name);
      await output.remark(name);
    };
    const report = new OutcomeReport<Moved>(output, { ...words, remark });
    expect(await report.all(outcomes(all))).toBe(ExitStatus.failed);
    expect(environment.written.stdout).toBe("to/a:1\nto/c:3\n");
    expect(remarks).toEqual(["to/a:1", "to/c:3"]);
  });

  it("does not hide why the work ended early", async () => {
    const environment = { ...recordingEnvironment(), stdout: failing("EPIPE") };
    const report = new OutcomeReport<Moved>(createOutput(environment, { json: true }), words);
    await expect(report.all(outcomes(all, cancelled))).rejects.toBe(cancelled);
  });
});

describe("what was done before it ended early", () => {
  it("is printed, and what to do", async () => {
    const { environment, report } = reporting();
    await expect(report.all(outcomes([moved("a:1")], cancelled))).rejects.toBe(cancelled);
    expect(environment.written).toEqual({
      stdout: "moved to/a:1\n",
      stderr: "Interrupted. What is done stays; to go on, give the same command again.\n",
    });
  });

  it("is nothing to speak of where one thing was asked for", async () => {
    const { environment, report } = reporting({}, true);
    await expect(report.all(outcomes([], cancelled))).rejects.toBe(cancelled);
    expect(environment.written.stderr).toBe("");
  });

  it("is a whole array in JSON, of the failures, too", async () => {
    const { environment, report } = reporting({ json: true });
    await expect(report.all(outcomes([moved("a:1"), unreachable("b:2")], cancelled))).rejects.toBe(cancelled);
    const error = expect.objectContaining({ code: "REGISTRY_UNREACHABLE" });
    expect(JSON.parse(environment.written.stdout)).toEqual([
      { source: "a:1", name: "to/a:1" },
      { source: "b:2", error },
    ]);
    expect(environment.written.stderr).toBe("");
  });

  it("is an empty array in JSON when it was interrupted before that", async () => {
    const { environment, report } = reporting({ json: true });
    await expect(report.all(outcomes([], cancelled))).rejects.toBe(cancelled);
    expect(environment.written.stdout).toBe("[]\n");
  });

  it("is an empty array in JSON also of one thing", async () => {
    const { environment, report } = reporting({ json: true }, true);
    await expect(report.all(outcomes([], cancelled))).rejects.toBe(cancelled);
    expect(environment.written).toEqual({ stdout: "[]\n", stderr: "" });
  });

  it("is nothing when it could not begin", async () => {
    const { environment, report } = reporting({ json: true });
    const error = new SkillError("NOT_FOUND", "it has no tags");
    await expect(report.all(outcomes([], error))).rejects.toBe(error);
    expect(environment.written).toEqual({ stdout: "", stderr: "" });
  });
});

it("is an empty array in JSON where there was nothing to do", async () => {
  const { environment, report } = reporting({ json: true });
  expect(await report.all(outcomes([]))).toBe(ExitStatus.ok);
  expect(environment.written.stdout).toBe("[]\n");
});
