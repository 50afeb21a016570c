/** What the cases share that move many skills: one call for all of them beside a loop of calls, and what is to be reached. */

/** Of how many parts a loop does one, which is counted as often: all of them would take half an hour. */
export const PARTS = 8;
export const LOOP = `a loop (1/${PARTS} of it, × ${PARTS})`;
/** What a row claims of all at once beside the peer of that name. */
export const BULK = (peer) => ({ text: "at least 5 times faster", peer, unit: "ms", atMost: 0.2 });
/** What a row claims of one large skill. */
export const FASTEST = { text: "within 1.2 × the fastest", fastest: true, unit: "ms", atMost: 1.2 };

/** The command line that runs `command`, a shell's, for each of `items` as `$each`. */
export function loop(command, items) {
  return ["bash", "-c", `for each do ${command}; done`, "loop", ...items];
}
