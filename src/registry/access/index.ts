/**
 * Who may do what on a registry: users, robots and identity providers, roles by namespace, tokens, limits, and the record
 * of it all. Knows requests by their headers and nothing of manifests; what a push may do to a skill is for admission to say.
 */
export { createAccess, type Access, type AccessConfig, type AccessOptions } from "./access.ts";
export { AuditLog, type AuditLogOptions } from "./audit-log.ts";
export { ANYONE, GROUP, PROVIDER, USERS, type Grants, type NamespaceGrants } from "./grants.ts";
export type { OidcProvider } from "./oidc.ts";
export { openAccess } from "./open.ts";
export { RobotTokens, type NewRobotToken, type RobotToken, type RobotTokensOptions } from "./robots.ts";
export type { ThrottleOptions } from "./throttle.ts";
export { answerTokenRequest } from "./token-endpoint.ts";
export type { GrantedToken, TokenRequest, TokenService } from "./token-service.ts";
