/** Writes measured rows as the Markdown page bench/results.md. */
import { COSTS } from "./measure-whole.mjs";

/**
 * A target is { text, peer?, fastest?, atMost }: with `peer` the ratio to that peer, with `fastest` that to the peer of the
 * least figure, else the figure itself, may be `atMost`. A row that could not be measured is { what, missing }.
 */
export function formatReport(rows, machine) {
  const lines = rows.flatMap(formatRow);
  return `# Bench

Written by \`npm run bench\`. Each line puts skillctl beside one program that a user could run instead; figures are medians
of the runs given, samples alternating, all from one run on one machine. A ratio under 1 means that skillctl needs less.

${Object.entries(machine)
  .map(([what, value]) => `- ${what}: ${value}`)
  .join("\n")}

| what | runs | skillctl | beside | its figure | ratio | target | |
|---|--:|--:|---|--:|--:|---|---|
${lines.join("\n")}
${formatCosts(rows.filter(({ costs }) => costs !== undefined))}`;
}

/** One line for every peer and one for every target of the figure itself. */
function formatRow(row) {
  if (row.missing !== undefined) return [`| ${row.what} |  | not measured: ${row.missing} |  |  |  |  |  |`];
  const start = [row.what, row.runs, `${formatFigure(row.ours)} ${row.unit}`];
  const least = Math.min(...row.peers.flatMap((peer) => peer.figure ?? []));
  const absolute = row.targets
    .filter((target) => target.peer === undefined)
    .map((target) => {
      const figure = target.fastest ? row.ours / least : row.ours;
      return ["", "", target.fastest ? figure.toFixed(2) : "", target.text, verdict(figure <= target.atMost)];
    });
  const beside = row.peers.map((peer) => {
    const target = row.targets.find((each) => each.peer === peer.name);
    if (peer.figure === undefined) {
      return [peer.name, peer.missing, "", target?.text ?? "", target === undefined ? "" : "not measured"];
    }
    const ratio = row.ours / peer.figure;
    const met = target === undefined ? "" : verdict(ratio <= target.atMost);
    return [peer.name, `${formatFigure(peer.figure)} ${row.unit}`, ratio.toFixed(2), target?.text ?? "", met];
  });
  return [...absolute, ...beside].map(
    (cells, at) => `| ${[...(at === 0 ? start : ["", "", ""]), ...cells].join(" | ")} |`,
  );
}

/** What the same runs cost beside time, one line for each program; nothing for no rows. */
function formatCosts(rows) {
  if (rows.length === 0) return "";
  const lines = rows.flatMap(({ what, costs: { ours, peers, targets } }) => [
    [what, "skillctl", ...ours.map(formatFigure), ...targets.flatMap((target) => costTarget(target, ours))],
    ...peers.map(({ name, figures }) => ["", name, ...figures.map(formatFigure)]),
  ]);
  const width = COSTS.length + 4;
  const padded = lines.map((cells) => [...cells, ...Array(width - cells.length).fill("")]);
  return `
CPU time (user and system, children included), peak memory of the largest process, and requests that the registry has logged, of
the same runs. What a program takes less than 10 ms for counts as 0.

| what | program | ${COSTS.join(" | ")} | target | |
|---|---|${COSTS.map(() => "--:|").join("")}---|---|
${padded.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}
`;
}

function costTarget({ text, unit, atMost }, figures) {
  return [text, verdict(figures[COSTS.indexOf(unit)] <= atMost)];
}

function verdict(isMet) {
  return isMet ? "met" : "**not met**";
}

/** Three significant digits, as far as they are digits before the point, and no zeros after it. */
function formatFigure(figure) {
  if (Number.isInteger(figure)) return String(figure);
  return figure >= 100 ? figure.toFixed(0) : figure.toPrecision(3);
}
