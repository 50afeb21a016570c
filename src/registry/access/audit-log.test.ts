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

  it("that cannot be written lets no write happen; what is refused stays refused", async () => {
    const { log, path, onProblem } = await auditLog();
    await mkdir(path, { recursive: true });
    await expect(log.record(entry())).rejects.toThrow(expect.objectContaining({ status: 503 }));
    await log.record(entry({ outcome: "refused" }));
    expect(onProblem).toHaveBeenCalledTimes(2);
  });
});
