/**
 * What a registry's refusal means. Statuses say it; the code in the body (OCI distribution-spec "Error Codes") only where
 * a status could mean two things, because registries agree on the former and improvise on the latter.
 */
import { SkillError, type SkillErrorCode, type SkillErrorOptions } from "../errors.ts";
import { quote } from "../text/index.ts";
import { readBounded, type HttpResponse } from "./http/index.ts";

/** Bytes of an error's body that are looked at. */
const MAX_BODY = 64 * 1024;
/** What our own registry refuses by, whoever sends it. */
const FOR_ALL: ReadonlySet<string | undefined> = new Set(["rule", "quota"]);

/** An answer that is an error, with what the registry said. */
export class RegistryError extends SkillError {
  readonly status: number;
  /** The first error code of the body, as `MANIFEST_UNKNOWN`; `undefined` where there is none. */
  readonly ociCode: string | undefined;
  /** The `retry-after` header as it came. */
  readonly retryAfter: string | undefined;

  constructor(code: SkillErrorCode, message: string, options: SkillErrorOptions & Answered) {
    super(code, message, options);
    this.status = options.status;
    this.ociCode = options.ociCode;
    this.retryAfter = options.retryAfter;
  }
}

interface Answered {
  readonly status: number;
  readonly ociCode: string | undefined;
  readonly retryAfter: string | undefined;
}

/** What was asked, for the message. */
export interface Asked {
  readonly registry: string;
  /** `undefined` for requests that concern no repository. */
  readonly repository: string | undefined;
  /** After "cannot". */
  readonly doing: string;
  /** Whether a text bears what must not be shown: a server, or what stands before it, may repeat what it was sent. */
  readonly isSecret: (text: string) => boolean;
}

/** Whether `error` is what a registry answered, with one of these statuses. */
export function hasStatus(error: unknown, ...statuses: readonly number[]): error is RegistryError {
  return error instanceof RegistryError && statuses.includes(error.status);
}

/** Reads the body of an answer, as much as an error may have, and makes the error of it. Rejects only with `ABORTED`. */
export async function registryError(response: HttpResponse, asked: Asked): Promise<RegistryError> {
  const said = await readSaid(response, asked.isSecret);
  const { status } = response;
  const options = { status, ociCode: said?.code, retryAfter: response.headers["retry-after"] };
  const place = asked.repository === undefined ? asked.registry : `${asked.registry}/${asked.repository}`;
  const told = said === undefined ? `${status}` : `${status}, ${said.text}`;
  const message = (why: string): string => `cannot ${asked.doing} (${place}): ${why} (${told})`;
  const login = `skillctl login ${asked.registry}`;

  if (status === 401) {
    const hint = `Log in as somebody who may: ${login}.`;
    return new RegistryError("REGISTRY_UNAUTHORIZED", message("the registry wants credentials"), { ...options, hint });
  }
  if (status === 403) {
    // Our own registry says in its message what to do about a rule or a quota, and that it was one.
    if (said?.isForAll === true) {
      const hint = said.advice === undefined ? {} : { hint: `The registry says: ${said.advice}` };
      return new RegistryError("REGISTRY_DENIED", message("the registry does not allow it"), { ...options, ...hint });
    }
    const hint =
      said?.isExplained === true
        ? `If that is a matter of rights, log in as somebody who has them: ${login}.`
        : `Ask for the right to do this in ${place}, or log in as somebody who has it: ${login}.`;
    return new RegistryError("REGISTRY_DENIED", message("the registry does not allow it"), { ...options, hint });
  }
  if (status === 404) {
    const hint = `Check the name; a private repository may look absent to those who may not read it: ${login}.`;
    return new RegistryError("NOT_FOUND", message("it is not there"), { ...options, hint });
  }
  if (status === 407) {
    const hint = "Put the user and password that the proxy wants into HTTP_PROXY, as http://user:password@host:port.";
    return new RegistryError("REGISTRY_ERROR", message("a proxy on the way wants credentials"), { ...options, hint });
  }
  if (status === 412) {
    const hint = "Somebody else changed it meanwhile, or the registry keeps it from being changed; look at it again.";
    return new RegistryError("CONFLICT", message("it is not what it was expected to be"), { ...options, hint });
  }
  if (status === 429) {
    const wait = /^[0-9]{1,9}$/.exec(options.retryAfter ?? "");
    const hint = wait === null ? "Try again later." : `Try again in ${Number(wait[0])} seconds.`;
    return new RegistryError("REGISTRY_RATE_LIMITED", message("the registry is asked too often"), { ...options, hint });
  }
  if (status === 405 || status === 501 || said?.code === "UNSUPPORTED") {
    const hint = "This registry does not offer it, or it is turned off there.";
    return new RegistryError("REGISTRY_UNSUPPORTED", message("the registry does not do that"), { ...options, hint });
  }
  if (status < 400) {
    const hint = "Check that the address is that of a registry; something else may answer there.";
    return new RegistryError("RESPONSE_INVALID", message("the answer is not one to this question"), {
      ...options,
      hint,
    });
  }
  const hint = status >= 500 ? "Try again later; if it stays, tell whoever runs the registry." : undefined;
  const why = status === 413 ? "it is larger than the registry takes" : "the registry refuses it";
  return new RegistryError("REGISTRY_ERROR", message(status >= 500 ? "the registry failed" : why), {
    ...options,
    ...(hint === undefined ? {} : { hint }),
  });
}

interface Said {
  readonly code: string | undefined;
  readonly text: string;
  /** Whether there is a sentence beside the code. */
  readonly isExplained: boolean;
  /** Whether it is refused whoever sends it, by a rule or for want of room. */
  readonly isForAll: boolean;
  /** What to do, in quotes, where that stands apart; it is not in the text then. */
  readonly advice: string | undefined;
}

/** The first error of the body: code and message, safe to show. Bodies of other forms (a proxy's page) say nothing. */
async function readSaid(response: HttpResponse, isSecret: Asked["isSecret"]): Promise<Said | undefined> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(await readBounded(response, MAX_BODY)).toString("utf8"));
  } catch {
    await response.discard();
    return undefined;
  }
  const [first] = (arrayIn(parsed, "errors") ?? []) as unknown[];
  const [code, message] = ["code", "message"].map((key) => {
    const text = textIn(first, key);
    return text === undefined || isSecret(text) ? undefined : text;
  });
  const isCode = code !== undefined && /^[A-Z0-9_]{1,64}$/.test(code);
  const detail = memberOf(first, "detail");
  const { what, advice } = withoutAdvice(message, textIn(detail, "hint"));
  const shown = [...(isCode ? [code] : []), ...(what === undefined ? [] : [quote(what, 600)])];
  if (shown.length === 0) return undefined;
  return {
    code: isCode ? code : undefined,
    text: shown.join(" "),
    isExplained: message !== undefined,
    isForAll: message !== undefined && FOR_ALL.has(textIn(detail, "refusedBy")),
    advice: advice === undefined ? undefined : quote(advice, 600),
  };
}

/** Our own registry says at the end of its message what to do, and repeats that in the details. */
function withoutAdvice(
  message: string | undefined,
  advice: string | undefined,
): { readonly what: string | undefined; readonly advice: string | undefined } {
  if (message === undefined || advice === undefined || !message.endsWith(`. ${advice}`))
    return { what: message, advice: undefined };
  return { what: message.slice(0, -advice.length - 2), advice };
}

function arrayIn(value: unknown, key: string): unknown[] | undefined {
  const member = memberOf(value, key);
  return Array.isArray(member) ? member : undefined;
}

function textIn(value: unknown, key: string): string | undefined {
  const member = memberOf(value, key);
  return typeof member === "string" && member !== "" ? member : undefined;
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}
