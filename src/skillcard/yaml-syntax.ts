/**
 * YAML's concrete syntax, bounded before anything is built from it.
 *
 * The library's own limits come too late: it recurses while it composes and compares every key with every other. So
 * tokens are counted as they arrive, depth is watched on the parser's explicit stack, and what a card has no use for
 * (anchors, aliases, tags, directives, further documents) is refused while it is still only a token.
 */
import { type CST, Lexer, Parser } from "yaml";

import { quote } from "../text/index.ts";
import type { Problem } from "./problem.ts";
import type { Source, Span } from "./source.ts";

/**
 * What a YAML text may cost. `key` is the length of a key in UTF-16 code units: with `depth`, it keeps JSON pointers below
 * 16 Ki, from where on V8 hashes a string by its length alone and looking one up among thousands takes minutes.
 */
export const YAML_LIMITS = { bytes: 256 * 1024, nodes: 10_000, depth: 64, key: 100 } as const;

/** More tokens than any card needs: a key and its value take seven or eight, white space included. */
const MAX_TOKENS = YAML_LIMITS.nodes * 6;

/** Characters that YAML 1.2 (5.1, c-printable) does not allow in a file; as escapes in double quotes they may occur. */
const UNPRINTABLE = /[^\t\n\r\u{20}-\u{7e}\u{85}\u{a0}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

export interface YamlSyntax {
  /** `undefined` when there is none, or when reading it would cost more than the limits allow. */
  readonly document: CST.Document | undefined;
  /** Errors of the token stream that belong to no document. */
  readonly errors: readonly CST.ErrorToken[];
  readonly problems: readonly Problem[];
}

/** A problem whose offset counts from the start of the YAML, not of the file. */
interface Finding {
  readonly offset: number;
  readonly length: number;
  readonly message: string;
  readonly hint?: string;
}

const PLAIN_YAML =
  "A card is plain YAML: no anchors, aliases, merge keys, tags or directives, and one document in a file.";

/** Reads the tokens of the YAML in `span`. Spans of problems count from the start of the whole source. */
export function readSyntax(source: Source, span: Span): YamlSyntax {
  const text = source.text.slice(span.start, span.end);
  const tokens: CST.Token[] = [];
  const excess = checkText(text) ?? tokenize(text, tokens);
  if (excess !== undefined) return { document: undefined, errors: [], problems: [toProblem(excess, span)] };

  const [document, second] = tokens.filter((token) => token.type === "document");
  const census: Census = { nodes: 0, findings: [] };
  for (const token of tokens) {
    if (token.type === "directive") census.findings.push(forbidden(token, "YAML directives are not supported"));
  }
  if (second !== undefined) {
    const marker = second.start.find((token) => token.type === "doc-start") ?? { offset: second.offset, source: " " };
    census.findings.push(forbidden(marker, "a second YAML document starts here; only one is allowed"));
  }
  if (document !== undefined) {
    inspectProperties(document.start, census);
    inspectNode(document.value, census);
  }
  if (census.nodes > YAML_LIMITS.nodes) {
    return {
      document: undefined,
      errors: [],
      problems: [toProblem({ offset: 0, length: 0, message: TOO_MANY_NODES }, span)],
    };
  }
  const errors = tokens.filter((token) => token.type === "error");
  return { document, errors, problems: census.findings.map((finding) => toProblem(finding, span)) };
}

/** What can be said against a text before it is read. */
function checkText(text: string): Finding | undefined {
  const bytes = Buffer.byteLength(text);
  if (bytes > YAML_LIMITS.bytes) {
    return { offset: 0, length: 0, message: `the YAML is ${bytes} bytes long; at most ${YAML_LIMITS.bytes} are read` };
  }
  const unprintable = UNPRINTABLE.exec(text);
  if (unprintable === null) return undefined;
  return {
    offset: unprintable.index,
    length: unprintable[0].length,
    message: `the character ${quote(unprintable[0])} is not allowed in YAML`,
    hint: "Remove it, or write it as an escape in double quotes.",
  };
}

const TOO_MANY_NODES = `the YAML has more than ${YAML_LIMITS.nodes} nodes`;
const TOO_MANY_TOKENS = `the YAML has more than ${MAX_TOKENS} tokens, which blank lines and comments are too`;

/** Fills `tokens`; returns where and why it stopped when a limit was passed. */
function tokenize(text: string, tokens: CST.Token[]): Finding | undefined {
  const parser = new Parser();
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    const { offset } = parser;
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > YAML_LIMITS.depth && depthOf(parser.stack) > YAML_LIMITS.depth) {
      return { offset, length: 1, message: `the YAML is nested more than ${YAML_LIMITS.depth} levels deep` };
    }
    if (++count > MAX_TOKENS) return { offset, length: 1, message: TOO_MANY_TOKENS };
  }
  for (const token of parser.end()) tokens.push(token);
  return undefined;
}

function depthOf(stack: readonly CST.Token[]): number {
  return stack.filter((token) => "items" in token).length;
}

interface Census {
  nodes: number;
  readonly findings: Finding[];
}

/** Counts the nodes under `token`; an absent one is YAML's empty scalar. Recursion is bounded by the depth limit. */
function inspectNode(token: CST.Token | null | undefined, census: Census): void {
  census.nodes++;
  if (token?.type === "alias") {
    census.findings.push(forbidden(token, `the alias ${quote(token.source)} is not supported`));
  }
  if (token === null || token === undefined || !("items" in token)) return;
  for (const item of token.items) {
    inspectProperties(item.start, census);
    if (item.sep !== undefined) {
      inspectProperties(item.sep, census);
      inspectNode(item.key, census);
    }
    inspectNode(item.value, census);
  }
}

function inspectProperties(tokens: readonly CST.SourceToken[], census: Census): void {
  for (const token of tokens) {
    if (token.type === "anchor" || token.type === "tag") {
      census.findings.push(forbidden(token, `the ${token.type} ${quote(token.source)} is not supported`));
    }
  }
}

function forbidden(token: { readonly offset: number; readonly source: string }, message: string): Finding {
  return { offset: token.offset, length: token.source.length, message, hint: PLAIN_YAML };
}

function toProblem({ offset, length, ...finding }: Finding, { start }: Span): Problem {
  return { severity: "error", path: "", ...finding, span: { start: start + offset, end: start + offset + length } };
}
