export { find, findCurrent } from "../store/find.ts";
