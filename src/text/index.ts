/** Text from elsewhere: shown without being obeyed, and compared with what was probably meant. */
export { suggest } from "./suggest.ts";
export { holdsLogin, INVISIBLE, isPlain, quote, visible, visibleLine, visibleLines } from "./visible.ts";
