/** A report as Markdown, for the page that GitHub or GitLab shows of a run. */
import { visibleLine } from "../text/index.ts";
import { failureBeside, type CiReport, type SkillReport } from "./report.ts";

/** How many skills the table lists. GitHub shows at most 1 MiB of a summary. */
const MAX_ROWS = 1000;

/**
 * A heading, a table of skills, and what went wrong with its next step. Text from cards and registries is shown as it is: none of
 * it becomes a link, an image or HTML.
 */
export function summarize({ stage, base, skills, ok }: CiReport): string {
  const what = base === undefined ? "all skills" : `changed since \`${base.slice(0, 12)}\``;
  const lines = [`### Skills: ${ok ? "fine" : "not fine"}`, "", `${capital(stage)}, ${what}: ${counts(skills)}.`, ""];
  if (skills.length === 0) return `${lines.join("\n")}`;
  lines.push("| skill | version | change | outcome | image |", "| --- | --- | --- | --- | --- |");
  lines.push(...skills.slice(0, MAX_ROWS).map(row));
  if (skills.length > MAX_ROWS) lines.push("", `… and ${skills.length - MAX_ROWS} more.`);
  const remarks = skills.flatMap(remarksOn);
  if (remarks.length > 0) lines.push("", ...remarks);
  return `${lines.join("\n")}\n`;
}

function row({ directory, version = "", change, outcome, reference, digest }: SkillReport): string {
  const image =
    reference === undefined ? "" : `${code(reference)}${digest === undefined ? "" : ` ${code(short(digest))}`}`;
  return `| ${code(directory)} | ${code(version)} | ${change} | ${outcome === "failed" ? "**failed**" : outcome} | ${image} |`;
}

function remarksOn(skill: SkillReport): string[] {
  const { directory, issues, warnings } = skill;
  const found = issues.map(
    ({ file, line, column, severity, message }) =>
      `${severity} in ${code(`${file}:${line}:${column}`)}: ${plain(message)}`,
  );
  const error = failureBeside(skill);
  const failure = [error?.message, error?.hint].flatMap((text) => (text === undefined ? [] : [plain(text)]));
  return [...failure, ...found, ...warnings.map(plain)].map((text) => `- ${code(directory)}: ${text}`);
}

/** `3 skills, 2 pushed, 1 failed`. */
function counts(skills: readonly SkillReport[]): string {
  const outcomes = new Map<string, number>();
  for (const { outcome } of skills) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  const each = [...outcomes].map(([outcome, count]) => `${count} ${outcome}`);
  return [skills.length === 1 ? "1 skill" : `${skills.length} skills`, ...each].join(", ");
}

/** Text in which nothing is markup, mentions anybody or becomes a link. */
function plain(text: string): string {
  return visibleLine(text)
    .replaceAll(/[\\`*_{}[\]<>#|~&@]/g, (sign) => `&#${sign.codePointAt(0)};`)
    .replaceAll(/:(?=\/\/)|(?<=www)\./gi, (sign) => `&#${sign.codePointAt(0)};`);
}

/** A code span, also in a cell of a table. */
function code(text: string): string {
  const line = visibleLine(text).replaceAll("`", "'").replaceAll("|", "\\|");
  return line === "" ? "" : `\`${line}\``;
}

function short(digest: string): string {
  return digest.replace(/^sha256:/, "").slice(0, 12);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
