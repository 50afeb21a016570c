/** Text from elsewhere, shown without being obeyed. */
export { INVISIBLE, quote, visible, visibleLine } from "./visible.ts";
