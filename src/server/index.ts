/**
 * The server behind `skillctl serve`: the registry with access, rules, metrics and all that operating it takes, put together
 * from one configuration. It logs to whom it is told and never prints.
 */
export { parseListenAddress, type ListenAddress } from "./addresses.ts";
export { parseServerConfig, readServerConfig } from "./config/read.ts";
export type { ServerConfig } from "./config/schema.ts";
export { createLog, type Log, type LogLevel, type LogOptions } from "./log.ts";
export { serve, type RunningServer, type ServeOptions } from "./serve.ts";
