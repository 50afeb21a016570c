/** YAML that every reader, of YAML 1.1 or 1.2, understands as what was meant. */
import { Document, isScalar, visit } from "yaml";

/** Characters that YAML allows in double quotes only, as escapes, and that JSON's escaping leaves as they are. */
const NEEDS_ESCAPE = /[\u{7f}-\u{9f}\u{feff}\u{fffe}\u{ffff}\u{2028}\u{2029}]/gu;
/** What only double quotes carry unchanged: those, other controls, and lone surrogates. */
const NEEDS_QUOTES = /[\p{Cc}\p{Cs}\u{feff}\u{fffe}\u{ffff}\u{2028}\u{2029}]/u;

/** Writes plain data as YAML, keys in their order; what could be taken for a number, a truth value, a date or null is quoted. */
export function writeYaml(value: unknown): string {
  const document = new Document(value, {
    version: "1.2",
    schema: "core",
    compat: "yaml-1.1",
    aliasDuplicateObjects: false,
  });
  visit(document, {
    Scalar(_key, node) {
      if (isScalar<string>(node) && needsQuotes(String(node.value))) node.type = "QUOTE_DOUBLE";
    },
  });
  return document.toString({ lineWidth: 0 }).replace(NEEDS_ESCAPE, escape);
}

/** Text of several lines is easier to read as a block, but a block does not keep a line that is white space only. */
function needsQuotes(text: string): boolean {
  return NEEDS_QUOTES.test(text.replaceAll("\n", "")) || /^[ \t]+$/m.test(text);
}

/** Safe on the whole text: these characters are in double-quoted scalars only. */
function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
