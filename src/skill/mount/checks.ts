/** What may stand in a mount: grammars narrow enough that nothing in them means anything to a shell, YAML, Compose or systemd. */
import { SkillError } from "../../errors.ts";
import { quote } from "../../text/index.ts";

const SKILL_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const MAX_SKILL_NAME = 64;
/** A label of RFC 1123. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const MOUNT_ROOT = /^(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/;
const MAX_MOUNT_ROOT = 1024;

/** Tells whether `name` can be a directory, as the SkillCard's rule for names has it. */
export function isSkillName(name: string): boolean {
  return name.length <= MAX_SKILL_NAME && SKILL_NAME.test(name);
}

/** Refuses a directory to mount in that is not absolute or needs quoting somewhere (`USAGE`). */
export function checkMountRoot(root: string): void {
  if (root.length <= MAX_MOUNT_ROOT && MOUNT_ROOT.test(root)) return;
  throw new SkillError("USAGE", `skills cannot be mounted in ${quote(root)}`, {
    hint: "Write an absolute path of letters, digits, . _ and -, as in /skills.",
  });
}

/** Refuses a name, called `what` in the error, that is no label of RFC 1123 (`USAGE`). */
export function checkLabel(what: string, name: string): string {
  if (LABEL.test(name)) return name;
  throw new SkillError("USAGE", `${quote(name)} is not the name of a ${what}`, {
    hint: "It has 1 to 63 of a-z 0-9 - and begins and ends with a letter or digit.",
  });
}

/** Refuses a name, called `what` in the error, that is not labels of RFC 1123 joined by dots, at most 253 characters (`USAGE`). */
export function checkSubdomain(what: string, name: string): string {
  if (name.length <= 253 && name.split(".").every((part) => LABEL.test(part))) return name;
  throw new SkillError("USAGE", `${quote(name)} is not the name of a ${what}`, {
    hint: "It has 1 to 253 of a-z 0-9 - . and each part between dots begins and ends with a letter or digit.",
  });
}
