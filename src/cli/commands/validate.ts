import { validate, type ValidationReport } from "../../skill/directory.ts";
import { plural, quote, visibleLine } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import { exitStatusOf, ExitStatus, worstStatus } from "../exit.ts";
import { describeError, formatError } from "../failure.ts";
import { countIssues, formatIssues } from "../issues.ts";
import { formatLimits } from "../limits.ts";
import type { Style } from "../style.ts";
import { each, text } from "../values.ts";

/** What became of one path: a report, or why there is none. */
type Finding = ValidationReport | { readonly path: string; readonly error: unknown };

/** `skillctl validate`: every problem of every skill at once. */
export const validateCommand: CommandDefinition<[paths: readonly string[]]> = {
  description:
    "Checks the SkillCard (skill.yaml, or the frontmatter of a lone SKILL.md) and the files it names. Each problem is " +
    "shown with its line and column. Warnings do not make a skill invalid.",
  arguments: [
    {
      syntax: "<path...>",
      summary: "skill directories, or their skill.yaml or SKILL.md",
      completes: "file",
      parse: each(text("path")),
    },
  ],
  examples: [
    { title: "Check one skill", command: "skillctl validate examples/hello-world" },
    { title: "Check all of them in CI", command: "skillctl validate skills/*" },
  ],
  exitStatus: {
    0: "every skill is valid",
    1: "a skill has errors",
    2: "wrong usage, or a path cannot be read, whatever is wrong with the others",
  },
  async run({ output, signal }, [paths]) {
    const findings: Finding[] = [];
    for (const path of paths) findings.push(await examine(path, signal));
    const blocks = (): string[] => findings.map((finding) => format(finding, output.style)).filter(Boolean);
    await output.result(
      findings.map(toJson),
      () => [...blocks(), summarize(findings, output.style)].join("\n"),
      () => blocks().join("\n"),
    );
    return worstStatus(findings.map(statusOf));
  },
};

async function examine(path: string, signal: AbortSignal): Promise<Finding> {
  try {
    return await validate(path, { signal });
  } catch (error) {
    if (signal.aborted) throw error;
    return { path, error };
  }
}

function statusOf(finding: Finding): ExitStatus {
  if ("error" in finding) return exitStatusOf(finding.error);
  return finding.valid ? ExitStatus.ok : ExitStatus.failed;
}

function toJson(finding: Finding): object {
  if ("error" in finding) return { path: finding.path, valid: false, error: describeError(finding.error) };
  const { path, file, valid, issues, unsupported, unsupportedMore, exceeds } = finding;
  return { path, file, valid, issues, unsupported, unsupportedMore, exceeds };
}

function format(finding: Finding, style: Style): string {
  if ("error" in finding) return formatError(finding.error, style);
  const { issues, text: source } = finding;
  return [formatIssues(issues, source, style), formatUnsupported(finding, style), formatExceeds(finding, style)]
    .filter(Boolean)
    .join("\n");
}

/** What not everybody takes. */
function formatExceeds({ path, exceeds }: ValidationReport, style: Style): string {
  if (Object.keys(exceeds).length === 0) return "";
  const what = `${quote(path)} is larger than usual: a registry may refuse it, and it unpacks with ${formatLimits(exceeds)}`;
  return `${style.yellow(style.bold("warning:"))} ${what}\n${style.cyan("hint:")} Leave out what agents do not need, or name it in .skillignore.\n`;
}

/** One line for each file that cannot be packed, and what to do about all of them. */
function formatUnsupported({ unsupported, unsupportedMore }: ValidationReport, style: Style): string {
  if (unsupported.length === 0) return "";
  const error = style.red(style.bold("error:"));
  const lines = unsupported.map(
    ({ path, reason }) => `${error} ${quote(path)} cannot be packed: ${visibleLine(reason)}\n`,
  );
  const more = unsupportedMore === 0 ? "" : `${error} and ${plural(unsupportedMore, "more file")}\n`;
  return `${lines.join("")}${more}${style.cyan("hint:")} Remove them, rename them, or name them in .skillignore.\n`;
}

function summarize(findings: readonly Finding[], style: Style): string {
  const reports = findings.flatMap((finding) => ("error" in finding ? [] : [finding]));
  const unchecked = findings.length - reports.length;
  const issues = reports.flatMap((report) => report.issues);
  const large = reports.filter(({ exceeds }) => Object.keys(exceeds).length > 0).length;
  const unpackable = reports.reduce((sum, report) => sum + report.unsupported.length + report.unsupportedMore, 0);
  // That the card has no problems would be read as if there were none.
  const found = issues.length === 0 && unpackable > 0 ? "" : `, ${countIssues(issues)}`;
  const facts = [
    ...(reports.length === 0 ? [] : [`${plural(reports.length, "skill")} checked${found}`]),
    ...(unpackable === 0 ? [] : [`${plural(unpackable, "file")} cannot be packed`]),
    ...(large === 0 ? [] : [`${large} larger than usual`]),
    ...(unchecked === 0 ? [] : [`${plural(unchecked, "path")} could not be checked`]),
  ];
  return `${verdict(reports, unchecked, style)}: ${facts.join("; ")}\n`;
}

function verdict(reports: readonly ValidationReport[], unchecked: number, style: Style): string {
  if (reports.some((report) => !report.valid)) return style.red("not valid");
  return unchecked === 0 ? style.green("valid") : style.red("incomplete");
}
