import { expect, it } from "vitest";

import { LimitMeter } from "../archive/limits.ts";
import { SkillError } from "../errors.ts";
import { limitAdvice } from "./limits.ts";

it.each([
  [{ fileSize: 10 }, "fileSize=32MiB"],
  [{ fileSize: 32 * 1024 * 1024 }, "fileSize=64MiB"],
  [{}, "fileSize=32MiB"],
])("the advice for a file that exceeds %j goes beyond that", (limits, flag) => {
  try {
    new LimitMeter(limits).entry("model.bin", 300_000_000);
    expect.unreachable();
  } catch (error) {
    expect(limitAdvice(error as SkillError)).toMatch(new RegExp(`--limit ${flag}$`));
  }
});
