import { SkillError, type SkillErrorCode } from "../errors.ts";

/**
 * The error codes that a registry answers with: those of OCI distribution-spec "Error Codes", which are all that there are
 * for what a client does wrong, and `UNKNOWN` for what we do.
 */
export type OciCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "SIZE_INVALID"
  | "UNAUTHORIZED"
  | "DENIED"
  | "UNSUPPORTED"
  | "TOOMANYREQUESTS"
  | "UNKNOWN";

export interface RefusalOptions {
  /** What to do next. Clients show the message and nothing else, so it is answered as the message's last sentence. */
  readonly hint?: string;
  /** Facts for programs; part of the answer. Nothing secret. */
  readonly detail?: unknown;
  /** Headers of the answer: `WWW-Authenticate`, `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** A request that the registry does not carry out, with all that the answer says. `code` follows from `status`. */
export class RegistryRefusal extends SkillError {
  readonly status: number;
  readonly ociCode: OciCode;
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    ociCode: OciCode,
    message: string,
    { detail, headers = {}, ...options }: RefusalOptions = {},
  ) {
    super(codeFor(status), message, options);
    this.status = status;
    this.ociCode = ociCode;
    this.detail = detail;
    this.headers = headers;
  }
}

function codeFor(status: number): SkillErrorCode {
  switch (status) {
    case 401:
      return "REGISTRY_UNAUTHORIZED";
    case 403:
      return "REGISTRY_DENIED";
    case 404:
      return "NOT_FOUND";
    case 409:
    case 412:
      return "CONFLICT";
    case 429:
      return "REGISTRY_RATE_LIMITED";
    default:
      return "REGISTRY_ERROR";
  }
}
