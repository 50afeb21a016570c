import type { IncomingMessage } from "node:http";

import type { AccessControl, Admission, Audit } from "../hooks.ts";
import type { RegistryEvents } from "../events.ts";
import type { Quota } from "../storage/quota.ts";
import type { RegistryStorage } from "../storage/types.ts";
import type { RegistryLimits } from "./limits.ts";

/** Something that whoever runs the registry should know. */
export interface RegistryProblem {
  readonly message: string;
  readonly requestId: string;
  readonly error: unknown;
}

export interface RegistryOptions {
  readonly storage: RegistryStorage;
  /** Default: everybody may do everything, without a name. For tests, and for registries that nobody else can reach. */
  readonly access?: AccessControl;
  /** Default: every manifest is welcome that the specification allows. */
  readonly admission?: Admission;
  /** Default: no record is kept. */
  readonly audit?: Audit;
  /** How much namespaces may hold. What cannot be counted is not let in. Default: as much as there is room for. */
  readonly quotas?: readonly Quota[];
  readonly limits?: Partial<RegistryLimits>;
  /** Whose request it is, for the record. Default: the address of the connection. */
  readonly clientAddress?: (request: IncomingMessage) => string | undefined;
  /** Hears of what was pushed, moved and removed. */
  readonly events?: RegistryEvents;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Told of failures of ours; what clients do wrong is in the reports. */
  readonly log?: (problem: RegistryProblem) => void;
  /**
   * The grace period of whoever collects garbage in the storage, in milliseconds: what is said to be there is touched
   * well within it. Default: an hour.
   */
  readonly grace?: number;
  /** Bytes of small content that is kept in memory. Default: 32 MiB. */
  readonly cacheSize?: number;
}
