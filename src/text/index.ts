/** Text from elsewhere: shown without being obeyed, and compared with what was probably meant. And the small words of our own. */
export { plural } from "./plural.ts";
export { suggest } from "./suggest.ts";
export { holdsLogin, INVISIBLE, isPlain, quote, visible, visibleLine, visibleLines } from "./visible.ts";
