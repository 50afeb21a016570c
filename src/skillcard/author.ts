/** An author as people write one on a line. */
import type { SkillCardAuthor } from "./types.ts";

/** Reads `Name` or `Name <email>`; `undefined` for text that is neither. Whether the email is one is not its concern. */
export function parseAuthor(text: string): SkillCardAuthor | undefined {
  const [, written = "", email] = /^([^<>]+)(?:<([^<>\s]+)>)?$/.exec(text.trim()) ?? [];
  const name = written.trim();
  if (name === "") return undefined;
  return email === undefined ? { name } : { name, email };
}
