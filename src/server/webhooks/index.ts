/** Events, told to programs elsewhere. */
export { Webhook, type WebhookOptions } from "./webhook.ts";
