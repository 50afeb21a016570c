/** How an error looks: a line that says what happened, a hint, and with `--verbose` where it came from. */
import { isSkillError } from "../errors.ts";
import { ServerConfigError } from "../server/config/error.ts";
import { SkillCardError } from "../skillcard/error.ts";
import type { SkillCardIssue } from "../skillcard/types.ts";
import { visible, visibleLine } from "../text/index.ts";
import type { Style } from "./style.ts";
import { explainSystemError } from "./system-error.ts";
import { visibleJson } from "./visible.ts";

const MAX_CAUSES = 16;

/**
 * An error as `--json` prints it. `code` is `INTERNAL` for a bug in the program: what is neither a {@link SkillError} nor a
 * failure of the file system.
 */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** Of `SKILLCARD_INVALID`: every problem of the card. */
  readonly issues?: readonly SkillCardIssue[];
}

/** The facts of an error, for JSON. `advice` goes before its own hint. */
export function describeError(error: unknown, advice?: string): ErrorReport {
  const known = explainSystemError(error);
  if (!isSkillError(known)) return { code: "INTERNAL", message: messageOf(error), hint: INTERNAL_HINT };
  const { code, message } = known;
  const hint = advice ?? known.hint;
  const issues = error instanceof SkillCardError ? { issues: error.issues } : {};
  return { code, message, ...(hint === undefined ? {} : { hint }), ...issues };
}

/** `{"error": …}`, for stderr. */
export function formatErrorJson(error: unknown, advice?: string): string {
  return `${visibleJson({ error: describeError(error, advice) })}\n`;
}

/**
 * The error for a person: a line for the message, whatever it cites, and one for the hint. Only a {@link SkillCardError}
 * and a {@link ServerConfigError} have more, their lists of problems. `verbose` adds the stack and every cause.
 */
export function formatError(error: unknown, style: Style, verbose = false, advice?: string): string {
  const { message, hint } = describeError(error, advice);
  const isList = error instanceof SkillCardError || error instanceof ServerConfigError;
  const shown = isList ? visible(message) : visibleLine(message);
  const lines = [`${style.red(style.bold("error:"))} ${shown}`];
  if (hint !== undefined) lines.push(`${style.cyan("hint:")} ${visibleLine(hint)}`);
  if (verbose) lines.push(...causesOf(error).map((text) => style.dim(visible(text))));
  return lines.map((line) => `${line}\n`).join("");
}

/** The stack of the error and of each cause below it. */
function causesOf(error: unknown): string[] {
  const stacks: string[] = [];
  for (let current = error; current !== undefined && stacks.length < MAX_CAUSES;) {
    const prefix = stacks.length === 0 ? "" : "caused by: ";
    stacks.push(prefix + (current instanceof Error ? (current.stack ?? current.message) : messageOf(current)));
    current = current instanceof Error ? current.cause : undefined;
  }
  return stacks;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

const INTERNAL_HINT = "This is a bug in skillctl. Run the command again with --verbose and report what it prints.";
