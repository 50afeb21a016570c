/**
 * Numbers of a JSON text that others wrote and that we write again: to the digit as they were, though JavaScript has no such
 * number (beyond 2^53, or as `1.0`). While the text is parsed, they are strings that nobody else can have written.
 */
import { randomUUID } from "node:crypto";

/** With spaces, so that it is no name of anything either. */
const MARK = `number ${randomUUID()} `;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*/g;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const MARKED = new RegExp(`"${MARK}([^"]*)"`, "g");

/** The text with marked strings in place of the numbers that would not come back as they are. What is not JSON stays so. */
export function withMarkedNumbers(text: string): string {
  return text.replace(TOKEN, (token) => (isLost(token) ? JSON.stringify(MARK + token) : token));
}

/** The text with its numbers again. */
export function withNumbers(text: string): string {
  return text.replace(MARKED, "$1");
}

function isLost(token: string): boolean {
  return !token.startsWith('"') && NUMBER.test(token) && String(Number(token)) !== token;
}
