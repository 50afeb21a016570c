export { find } from "../store/find.ts";
