/** Events, told to programs elsewhere. */
export { Webhook } from "./webhook.ts";
