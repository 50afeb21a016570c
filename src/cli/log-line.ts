/** A line of the server's log as a person reads it on a terminal; programs get the line as it is. */
import { visibleLine } from "../text/index.ts";
import type { Style } from "./style.ts";

type Facts = Readonly<Record<string, unknown>>;

/** What every line has, or what is said elsewhere in it. */
const SAID: ReadonlySet<string> = new Set(["level", "time", "msg", "err"]);
/** What a request is told with first. */
const REQUEST: ReadonlySet<string> = new Set(["method", "route", "repository", "reference", "status", "duration"]);
/** Of a request that was answered well, more than anybody wants to read. */
const DETAILS: ReadonlySet<string> = new Set(["requestId", "address", "bytesIn", "bytesOut"]);

/** `11:40:01 GET manifest examples/hello:1.0.0 200 0.3 ms`; what is no such line comes back as it was, without what a terminal obeys. */
export function formatLogLine(line: string, style: Style): string {
  const facts = parse(line);
  if (facts === undefined) return `${visibleLine(line.trimEnd())}\n`;
  const { level, time, msg, err } = facts;
  const said = msg === "request" ? request(facts, style) : [textOf(msg), ...pairs(facts, SAID)];
  const paint = level === "error" ? style.red : level === "warn" ? style.yellow : (text: string) => text;
  return [style.dim(clock(time)), ...said.map(paint), ...failure(err).map(style.red)].join(" ") + "\n";
}

function parse(line: string): Facts | undefined {
  try {
    const facts: unknown = JSON.parse(line);
    return typeof facts === "object" && facts !== null && !Array.isArray(facts) ? (facts as Facts) : undefined;
  } catch {
    return undefined;
  }
}

function request(facts: Facts, style: Style): string[] {
  const { method, route, repository, reference, status, duration } = facts;
  const isFine = typeof status === "number" && status < 400;
  const separator = textOf(reference).includes(":") ? "@" : ":";
  const name = reference === undefined ? textOf(repository) : `${textOf(repository)}${separator}${textOf(reference)}`;
  const left = isFine ? new Set([...SAID, ...REQUEST, ...DETAILS]) : new Set([...SAID, ...REQUEST]);
  return [
    textOf(method),
    textOf(route),
    ...(repository === undefined ? [] : [name]),
    isFine ? style.green(textOf(status)) : style.red(textOf(status)),
    ...(duration === undefined ? [] : [style.dim(`${textOf(duration)} ms`)]),
    ...pairs(facts, left),
  ];
}

function pairs(facts: Facts, left: ReadonlySet<string>): string[] {
  return Object.entries(facts)
    .filter(([key, value]) => !left.has(key) && value !== undefined)
    .map(([key, value]) => `${visibleLine(key)}=${textOf(value)}`);
}

/** What went wrong and, where it says, its code; where in the program is for the lines of JSON. */
function failure(error: unknown): string[] {
  if (typeof error !== "object" || error === null) return [];
  const { message, code } = error as Facts;
  return [textOf(message), ...(code === undefined ? [] : [`(${textOf(code)})`])];
}

function textOf(value: unknown): string {
  return visibleLine(typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
}

/** The time of day here; the day is known to whoever sits before it. */
function clock(time: unknown): string {
  const at = new Date(textOf(time));
  return Number.isNaN(at.getTime()) ? "--:--:--" : at.toTimeString().slice(0, 8);
}
