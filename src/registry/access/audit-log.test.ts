import { appendFile, mkdir, readdir, readFile, readlink, rename, stat } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it, onTestFinished, vi } from "vitest";

import { temporaryDirectory } from "../../skill/testing/skill-directory.ts";
import type { AuditEntry } from "../hooks.ts";
import { AuditLog } from "./audit-log.ts";

function entry(more: Partial<AuditEntry> = {}): AuditEntry {
  return {
    time: 0,
    requestId: "r1",
    address: "192.0.2.1",
    actor: "alice",
    action: "push",
    repository: "myorg/hello",
    reference: "1.0.0",
    outcome: "allowed",
    ...more,
  };
}

async function auditLog() {
  const path = join(await temporaryDirectory(), "logs", "audit.jsonl");
  const onProblem = vi.fn<(problem: unknown) => void>();
  const log = new AuditLog(path, { onProblem });
  onTestFinished(async () => log.close());
  const lines = async (file = path) => (await readFile(file, "utf8")).trimEnd().split("\n");
  return { path, log, onProblem, lines };
}

describe("the audit log", () => {
  it("is a line of JSON for each entry, in their order, for its owner alone", async () => {
    const { log, path, lines } = await auditLog();
    await Promise.all(Array.from({ length: 200 }, async (_, at) => log.record(entry({ requestId: `r${at}` }))));
    const entries = (await lines()).map((line) => JSON.parse(line) as { requestId: string });
    expect(entries.map(({ requestId }) => requestId)).toEqual(Array.from({ length: 200 }, (_, at) => `r${at}`));
    expect(entries[0]).toEqual({
      time: "1970-01-01T00:00:00.000Z",
      requestId: "r0",
      address: "192.0.2.1",
      actor: "alice",
      action: "push",
      repository: "myorg/hello",
      reference: "1.0.0",
      outcome: "allowed",
    });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("cannot be given a line of somebody's own making", async () => {
    const { log, lines } = await auditLog();
    await log.record(entry({ outcome: "refused", message: 'x"}\n{"actor":"root"' }));
    expect(await lines()).toHaveLength(1);
  });

  it("goes on in a new file when it was moved away", async () => {
    const { log, path, lines } = await auditLog();
    await log.record(entry({ requestId: "before" }));
    await rename(path, `${path}.1`);
    await log.record(entry({ requestId: "after" }));
    expect((await lines(`${path}.1`)).join()).toContain("before");
    expect((await lines()).join()).toContain("after");
  });

  it("has no file open after it was closed, also when lines come later", async () => {
    const { log, path, lines } = await auditLog();
    await log.record(entry());
    await Promise.all([log.close(), log.record(entry()), log.record(entry())]);
    await log.record(entry());
    expect(await lines()).toHaveLength(4);
    const open = (await readdir("/proc/self/fd")).map(async (name) =>
      readlink(`/proc/self/fd/${name}`).catch(() => ""),
    );
    expect(await Promise.all(open)).not.toContain(path);
  });

  it("ends a line that a crash cut off", async () => {
    const { log, path, lines } = await auditLog();
    await mkdir(join(path, ".."), { recursive: true });
    await appendFile(path, '{"time":"19');
    await log.record(entry());
    expect((await lines()).map((line) => line.length > 20)).toEqual([false, true]);
  });

  it("does not grow with what is refused to one who asks too often: how often is told once a minute", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const { log, lines } = await auditLog();
    let asked = 0;
    const ask = async (address: string, times: number): Promise<void> => {
      for (let at = 0; at < times; at++) {
        const requestId = `r${(asked += 1)}`;
        await log.record(entry({ requestId, address, outcome: "refused", status: 429, message: "too often" }));
      }
    };
    const told = async (): Promise<unknown[][]> => {
      await log.record(entry());
      const entries = (await lines()).map((line) => JSON.parse(line) as AuditEntry);
      return entries
        .filter(({ status }) => status === 429)
        .map(({ requestId, address, count }) => [requestId, address, count]);
    };
    await ask("192.0.2.1", 1000);
    await ask("192.0.2.2", 1);
    const firsts = [
      ["r1", "192.0.2.1", undefined],
      ["r1001", "192.0.2.2", undefined],
    ];
    expect(await told()).toEqual(firsts);
    vi.advanceTimersByTime(60_000);
    await ask("192.0.2.1", 500);
    const minute = [...firsts, ["r1000", "192.0.2.1", 999]];
    expect(await told()).toEqual(minute);
    await log.close();
    expect(await told()).toEqual([...minute, ["r1501", "192.0.2.1", 500]]);
  });

  it("has a line for each of who asks too often again, when some minutes have passed", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const { log, lines } = await auditLog();
    const refusal = entry({ outcome: "refused", status: 429, message: "too often" });
    for (let round = 0; round < 3; round++) {
      await log.record(refusal);
      vi.advanceTimersByTime(60_000);
    }
    expect(await lines()).toHaveLength(3);
    for (let at = 0; at < 3; at++) await log.record({ ...refusal, status: 403 });
    expect(await lines()).toHaveLength(6);
  });

  it("that cannot be written lets no write happen; what is refused stays refused", async () => {
    const { log, path, onProblem } = await auditLog();
    await mkdir(path, { recursive: true });
    await expect(log.record(entry())).rejects.toThrow(expect.objectContaining({ status: 503 }));
    await log.record(entry({ outcome: "refused" }));
    expect(onProblem).toHaveBeenCalledTimes(2);
  });
});
