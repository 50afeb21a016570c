import { stat } from "node:fs/promises";

import { SkillError } from "../errors.ts";
import { quote } from "../text/index.ts";

/** Throws `FILE_UNREADABLE` where something is in the place of a directory to unpack into. */
export async function refuseFileAt(path: string): Promise<void> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined || status.isDirectory()) return;
  throw new SkillError("FILE_UNREADABLE", `${quote(path)} is not a directory`, {
    hint: "Name one to unpack into; it is made where there is none.",
  });
}
