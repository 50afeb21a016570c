import { visibleLine } from "../text/index.ts";

/** Text as it is typed into a shell, for a command that is proposed. */
export function shellWord(text: string): string {
  const plain = visibleLine(text);
  return /^[\w./:@%+=,-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", String.raw`'\''`)}'`;
}
