import { describe, expect, it } from "vitest";

import { machineProcesses, pidOf } from "./processes.ts";

const { self } = machineProcesses;
const [pid = "", startTime = "", namespace = "", boot = "", host = "", machine = ""] = self.split("-");

/** The name of an owner that differs from this process in what is given. */
function owner(changes: Readonly<Record<string, string>>): string {
  return Object.values({ pid, startTime, namespace, boot, host, machine, ...changes }).join("-");
}

describe("the owner of a lock", () => {
  it("is this process", () => {
    expect(machineProcesses.liveness(self)).toBe("alive");
    expect(pidOf(self)).toBe(process.pid);
  });

  it.runIf(boot !== "0")("is dead when its number now belongs to a process that began at another time", () => {
    expect(machineProcesses.liveness(owner({ startTime: "1" }))).toBe("dead");
  });

  it.runIf(boot !== "0")("is dead when this machine was started again, if it is known to be this machine", () => {
    expect(machineProcesses.liveness(owner({ boot: "0123" }))).toBe(machine === "0" ? "unknown" : "dead");
  });

  it.each([
    ["on another host", { host: "00000000", boot: "0123" }],
    ["on another host of the same boot", { host: "00000000" }],
    ["on another machine of the same name", { machine: "00000000", boot: "0123" }],
    ["in another container", { namespace: "1" }],
  ])("is unknown %s", (_, changes) => {
    expect(machineProcesses.liveness(owner(changes))).toBe("unknown");
  });

  it.each(["", "other", "1-2-3", `${self}-1`])("is nobody when its name is %j", (name) => {
    expect(machineProcesses.liveness(name)).toBeUndefined();
    expect(pidOf(name)).toBeUndefined();
  });
});
