/** Content as everything here passes it on: a stream of bytes, read as it comes. */
export { asContent, isRereadable, readAll, rereadable } from "./content.ts";
export { giveBack, isLent, lend, lent } from "./lent.ts";
export { Pieces } from "./pieces.ts";
export type { Content } from "./content.ts";
