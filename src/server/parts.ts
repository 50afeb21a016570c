/** From a configuration to the parts of a server that know nothing of listening. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { SkillError } from "../errors.ts";
import { AuditLog, createAccess, openAccess, type Access } from "../registry/access/index.ts";
import { createAdmission, Steps } from "../registry/admission/index.ts";
import { RegistryEvents } from "../registry/events.ts";
import { isRepositoryPath } from "../oci/index.ts";
import { createRegistry, type Registry } from "../registry/http/index.ts";
import type { Quota } from "../registry/storage/quota.ts";
import type { RegistryStorage } from "../registry/storage/types.ts";
import { quote } from "../text/index.ts";
import type { ServerConfig } from "./config/schema.ts";
import type { Log } from "./log.ts";
import { ServerMetrics, type MetricSources } from "./metrics.ts";
import { Webhook, type WebhookOptions } from "./webhooks/index.ts";

export interface ServerParts {
  readonly registry: Registry;
  readonly storage: RegistryStorage;
  readonly events: RegistryEvents;
  /** Who took which skills to which state. */
  readonly steps: Steps;
  /** `undefined` where everybody may do everything. */
  readonly access: Access | undefined;
  readonly audit: AuditLog | undefined;
  readonly metrics: ServerMetrics;
  /** What the metrics are to ask while these parts are in use. */
  readonly sources: MetricSources;
  readonly webhooks: readonly Webhook[];
}

export interface PartsOptions {
  readonly storage: RegistryStorage;
  /** The directory in which keys and robot tokens are kept, unless the configuration says otherwise. */
  readonly root: string;
  readonly log: Log;
  readonly now: () => number;
}

/**
 * Makes the parts; those of before, whose place they are to take, hand on their events, metrics, counts, what they saw, and the webhooks that stay as they are. Webhooks
 * hear nothing until they are subscribed. Throws `CONFIG_INVALID`, `FILE_UNREADABLE`.
 */
export async function createParts(
  config: ServerConfig,
  options: PartsOptions,
  before?: Pick<ServerParts, "access" | "events" | "metrics" | "steps" | "webhooks">,
): Promise<ServerParts> {
  const { storage, log, now } = options;
  const access =
    config.access === undefined ? undefined : await accessOf(config, config.access, options, before?.access);
  const audit =
    config.audit === undefined
      ? undefined
      : new AuditLog(config.audit.file, {
          onProblem: (err) => log.error({ err }, "the audit log cannot be written"),
        });
  const quotas = quotasIn(config);
  const { events, metrics } = before ?? createCounted(log);
  const steps = before?.steps ?? new Steps();
  const registry = createRegistry({
    storage,
    access: access?.control ?? openAccess(),
    admission: createAdmission(config.admission, steps),
    events,
    now,
    ...(access === undefined ? {} : { clientAddress: access.clientAddress }),
    log: ({ message, requestId, error }) => log.error({ requestId, err: error }, message),
    ...(audit === undefined ? {} : { audit }),
    quotas,
    ...(config.limits === undefined ? {} : { limits: config.limits }),
    ...(config.gc?.grace === undefined ? {} : { grace: config.gc.grace }),
  });
  const sources = {
    quotas,
    openUploads: async () => registry.openUploads(),
    usage: async (namespace: string) => storage.metadata.usage(namespace),
  };
  const webhooks = await webhooksOf(config, log, metrics, before?.webhooks);
  return { registry, storage, events, steps, access, audit, metrics, sources, webhooks };
}

/** Events, and what counts them. */
function createCounted(log: Log): Pick<ServerParts, "events" | "metrics"> {
  const events = new RegistryEvents((err, { id }) => log.error({ err, event: id }, "a listener failed"));
  const metrics = new ServerMetrics();
  events.subscribe((event) => metrics.event(event));
  return { events, metrics };
}

/** Throws `CONFIG_INVALID`. */
function quotasIn({ quota = {} }: ServerConfig): Quota[] {
  return Object.entries(quota).map(([namespace, bounds]) => {
    if (namespace === "" || isRepositoryPath(namespace)) return { namespace, ...bounds };
    throw new SkillError("CONFIG_INVALID", `${quote(namespace)} in quota cannot be a namespace`, {
      hint: "A namespace is the first part of a repository's name, as in team/a; an empty one is the whole registry.",
    });
  });
}

async function accessOf(
  { publicUrl }: ServerConfig,
  access: NonNullable<ServerConfig["access"]>,
  { root, log, now }: PartsOptions,
  before: Access | undefined,
): Promise<Access> {
  return createAccess(
    {
      tokenKey: join(root, "access", "token-key.json"),
      robots: join(root, "access", "robots.json"),
      ...(publicUrl === undefined ? {} : { publicUrl }),
      ...access,
    },
    {
      now,
      before,
      onProblem: (err) => log.error({ err }, "a file of users or tokens cannot be read; the old one stays in force"),
    },
  );
}

/** Those of before that the configuration leaves as they were go on, with what waits to be delivered. Throws as {@link targetOf} does. */
async function webhooksOf(
  { webhooks = [] }: ServerConfig,
  log: Log,
  metrics: ServerMetrics,
  before: readonly Webhook[] = [],
): Promise<Webhook[]> {
  const onOutcome = (outcome: "delivered" | "failed" | "dropped"): void => metrics.delivery(outcome);
  const kept = [...before];
  const targets = await Promise.all(webhooks.map(targetOf));
  return targets.map((target) => {
    const options = { ...target, log, onOutcome };
    const at = kept.findIndex((webhook) => webhook.isLike(options));
    const [found] = at < 0 ? [] : kept.splice(at, 1);
    return found ?? new Webhook(options);
  });
}

type WebhookConfig = NonNullable<ServerConfig["webhooks"]>[number];

/** Throws `CONFIG_INVALID`, `FILE_UNREADABLE`. */
async function targetOf({ url, secretFile, ...rest }: WebhookConfig): Promise<Omit<WebhookOptions, "log">> {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new SkillError("CONFIG_INVALID", `a webhook's url is ${quote(url)}, which is no URL of http or https`);
  }
  let secret: string;
  try {
    secret = (await readFile(secretFile, "utf8")).trim();
  } catch (cause) {
    throw new SkillError("FILE_UNREADABLE", `cannot read a webhook's secret: ${secretFile}`, { cause });
  }
  if (secret.length < 16) {
    throw new SkillError("CONFIG_INVALID", `a webhook's secret has fewer than 16 characters: ${secretFile}`, {
      hint: "Make one, for example with openssl rand -hex 32.",
    });
  }
  return { ...rest, allowPrivate: rest.allowPrivate ?? false, url: new URL(url), secret };
}
