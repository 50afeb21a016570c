/**
 * One error type for the whole library.
 *
 * A program decides by `code`, a person reads `message` (what happened, to what) and `hint` (what to do next).
 * The command maps codes to exit statuses; the library never exits. `docs/errors.md` lists every code and a test
 * holds the two together.
 */

/** Every error code with the one sentence that `docs/errors.md` and `--json` consumers rely on. */
export const ERROR_CODES = {
  ABORTED: "The operation was cancelled by its AbortSignal.",
  ADDRESS_UNAVAILABLE: "A server cannot listen on its address.",
  ARCHIVE_INVALID: "An archive is damaged or not a tar or tar+gzip archive.",
  ARCHIVE_LIMIT: "An archive exceeds a size, ratio or count limit.",
  ARCHIVE_REFUSED: "An archive holds an entry that the unpacking policy refuses.",
  BACKUP_UNFINISHED: "A backup was cut off before it had all of its registry.",
  BLOB_MISSING: "A manifest refers to content that the store does not hold, or the store has lost a part of an image.",
  CONFIG_INVALID: "A configuration file cannot be read or holds what it may not.",
  CONFLICT: "A tag changed while the operation ran; nothing was changed by it.",
  CREDENTIALS_INVALID: "Stored credentials cannot be read, or a credential helper failed.",
  DIGEST_INVALID: "A text is not a digest of a supported algorithm.",
  DIGEST_MISMATCH: "Content does not hash to the digest by which it was asked for.",
  FILE_UNREADABLE: "A file or directory cannot be read or is not of the expected kind.",
  FILE_UNSUPPORTED: "A skill directory holds a file that an image cannot carry: a symlink, device or socket.",
  JSON_INVALID: "A document is not valid JSON, or not JSON that is safe to accept.",
  LIFECYCLE_STATE_UNKNOWN: "A text is not a lifecycle state.",
  LIFECYCLE_TRANSITION_INVALID: "A skill cannot go from its state to the one asked for in one step.",
  MANIFEST_INVALID: "A document is not a valid OCI image manifest or index.",
  MANIFEST_TOO_LARGE: "A manifest or index is larger than 4 MiB.",
  MEDIA_TYPE_UNSUPPORTED: "Content has a media type that this operation does not handle.",
  NOT_A_SKILL: "An image does not carry the annotations or files of a skill.",
  NOT_FOUND: "A reference, digest or path does not exist.",
  PUBLISHED_IMMUTABLE: "A published version would be overwritten by other content.",
  QUOTA_EXCEEDED: "A namespace of a registry has no room for what is pushed.",
  REFERENCE_AMBIGUOUS: "A reference leaves open which image is meant.",
  REFERENCE_INVALID: "A text is not an image reference.",
  REGISTRY_BLOCKED: "The configuration forbids to use this registry or repository.",
  REGISTRY_DENIED: "The registry knows who asks and refuses it.",
  REGISTRY_ERROR: "The registry failed, or answered with an error that has no code of its own here.",
  REGISTRY_RATE_LIMITED: "The registry asks to be called less often.",
  REGISTRY_UNAUTHORIZED: "The registry wants credentials, or does not accept those that it was given.",
  REGISTRY_UNREACHABLE: "No connection to the registry: its name, the network, a proxy, or a time-out.",
  REGISTRY_UNSUPPORTED: "The registry does not offer what the operation needs.",
  RESPONSE_INVALID: "A registry's answer breaks the protocol.",
  RESTORE_UNFINISHED: "A registry has only a part of the backup that is being restored into it.",
  SIZE_MISMATCH: "Content is shorter or longer than its descriptor says.",
  SKILLCARD_INVALID: "A SkillCard does not follow its schema; `issues` lists every problem.",
  SKILLCARD_MISSING: "A directory holds neither skill.yaml nor SKILL.md.",
  SOURCE_UNREADABLE: "A git repository cannot be read, or its clone lacks the commits that are needed.",
  STORE_CORRUPT: "A store's own files are damaged.",
  STORE_LOCKED: "Another process holds the store's lock and did not let go in time.",
  STORE_UNWRITABLE: "A store cannot be written: the disk is full, read-only or failing.",
  TARGET_EXISTS: "A file or directory to be written exists already.",
  TARGET_UNWRITABLE: "A file or directory cannot be written where it was asked for.",
  TLS_UNTRUSTED: "The registry's certificate is not trusted, or the registry does not trust ours.",
  USAGE: "A command was called in a way that it does not understand.",
  VERSION_INVALID: "A text is not a semantic version.",
} as const;

export type SkillErrorCode = keyof typeof ERROR_CODES;

export interface SkillErrorOptions {
  /** What to do next, as a sentence for the person who sees the error. */
  readonly hint?: string;
  /** The underlying failure; always kept. */
  readonly cause?: unknown;
}

/** The error that everything exported by `skillimage` throws. */
export class SkillError extends Error {
  override readonly name = "SkillError";
  readonly code: SkillErrorCode;
  readonly hint: string | undefined;

  constructor(code: SkillErrorCode, message: string, options: SkillErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.hint = options.hint;
  }
}

/** Tells whether `error` is a {@link SkillError}, and, when `code` is given, whether it bears that code. */
export function isSkillError<C extends SkillErrorCode>(
  error: unknown,
  code?: C,
): error is SkillError & { readonly code: C } {
  return error instanceof SkillError && (code === undefined || error.code === code);
}

/** Throws `ABORTED` when `signal` has fired; does nothing without one. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new SkillError("ABORTED", "the operation was cancelled", { cause: signal.reason });
  }
}
