/** Content as everything here passes it on: a stream of bytes, read as it comes. */
export { asContent, isRereadable, readAll, rereadable } from "./content.ts";
export { Pieces } from "./pieces.ts";
export type { Content } from "./content.ts";
