/** How much of a test runs: enough to see a regression in CI, the figures of the promise under `npm run test:soak`. */
export const SOAK = process.env["SKILLIMAGE_SOAK"] === "1";

export function figure(short: number, soak: number): number {
  return SOAK ? soak : short;
}

/** Prints a figure that was reached, where the figures are what one is after. */
export function report(text: string): void {
  if (SOAK) console.info(text);
}

/** Random numbers in [0, 1) that are the same in every run. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
