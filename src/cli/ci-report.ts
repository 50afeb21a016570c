/** How `skillctl ci` tells what it did. */
import { failureBeside, type CiReport, type SkillReport } from "../ci/report.ts";
import { plural, visibleLine } from "../text/index.ts";
import { exitStatusOf, ExitStatus, worstStatus } from "./exit.ts";
import { describeError } from "./failure.ts";
import { formatIssues } from "./issues.ts";
import type { Output } from "./output.ts";
import type { Style } from "./style.ts";
import { shortDigest } from "./units.ts";
import { remarkWarnings } from "./words.ts";

const WIDTH = "unchanged".length;

/** The report as JSON holds it: errors with code, message and hint. */
export function reportJson({ skills, ...run }: CiReport): object {
  return {
    ...run,
    skills: skills.map(({ error, ...skill }) => ({
      ...skill,
      ...(error === undefined ? {} : { error: withoutIssues(describeError(error)) }),
    })),
  };
}

/** A skill's issues stand beside its error. */
function withoutIssues({ code, message, hint }: ReturnType<typeof describeError>): object {
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}

/** A line for each skill, and one for the run. */
export function formatCi(report: CiReport, style: Style): string {
  const { skills, base, stage } = report;
  const since = base === undefined ? "all skills" : `changes since ${base.slice(0, 12)}`;
  const failed = skills.filter(({ outcome }) => outcome === "failed").length;
  const verdict = failed === 0 ? style.green("ok") : style.red("failed");
  const facts = [`${plural(skills.length, "skill")}`, ...(failed === 0 ? [] : [`${failed} failed`])];
  return `${skills.map((skill) => line(skill, style, base !== undefined)).join("")}${verdict}: ${stage}, ${since}; ${facts.join(", ")}\n`;
}

/** On one line, whatever the directory is called: on GitHub, a line of its own may be a command. */
function line(
  { outcome, directory, change, previous, reference, digest }: SkillReport,
  style: Style,
  isCompared: boolean,
): string {
  const paint = outcome === "failed" ? style.red : ["unchanged", "deleted"].includes(outcome) ? style.dim : style.green;
  const moved = previous === undefined ? "" : ` from ${visibleLine(previous)}`;
  const image = [reference ?? "", digest === undefined ? "" : shortDigest(digest)]
    .filter((each) => each !== "")
    .map((each) => ` ${each}`)
    .join("");
  // Of all skills nobody asked what has changed, and what is deleted is said to be.
  const why = isCompared && change !== outcome ? ` ${style.dim(`(${change}${moved})`)}` : "";
  return `${paint(outcome.padEnd(WIDTH))} ${visibleLine(directory)}${image}${why}\n`;
}

/** Says on stderr what is wrong and doubtful; on GitHub, marks the places in the files of the change, too. */
export async function reportTrouble(
  report: CiReport,
  output: Output,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  for (const skill of report.skills) {
    const { issues, warnings, directory, outcome } = skill;
    await output.remark(formatIssues(issues, undefined, output.remarkStyle));
    const error = failureBeside(skill);
    if (error !== undefined) await output.failure(error);
    await remarkWarnings(
      output,
      warnings.map((warning) => `${directory}: ${warning}`),
    );
    if (outcome === "deleted") {
      await output.remark(
        `${visibleLine(directory)} is gone. What was published stays; to retire it: skillctl promote … --to deprecated\n`,
      );
    }
    if (variables["GITHUB_ACTIONS"] === "true") await output.remark(issues.map(annotation).join(""));
  }
}

/** A workflow command, by which GitHub shows a problem beside its line. */
function annotation({ severity, file, line: at, column, message }: SkillReport["issues"][number]): string {
  return `::${severity} file=${property(file)},line=${at},col=${column}::${data(message)}\n`;
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** The gravest of its failures. */
export function statusOfCi({ skills }: CiReport): ExitStatus {
  return worstStatus(skills.map(({ error }) => (error === undefined ? ExitStatus.ok : exitStatusOf(error))));
}
