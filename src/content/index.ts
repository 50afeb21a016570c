/** Content as everything here passes it on: a stream of bytes that whoever receives it reads once. */
export { asContent, readAll } from "./content.ts";
export type { Content } from "./content.ts";
