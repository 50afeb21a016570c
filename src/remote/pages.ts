/** Lists that a registry gives out page by page. OCI distribution-spec "Listing Tags", `Link` as in RFC 8288. */
import { readAll } from "../content/index.ts";
import { SkillError } from "../errors.ts";
import { digestOf, parseStrictJson } from "../oci/index.ts";
import type { OperationOptions } from "../store/types.ts";
import type { RegistryRequest, RegistryResponse } from "./client-types.ts";
import { nextLink, readBounded, type HttpHeaders, type HttpResponse } from "./http/index.ts";
import { hasStatus, type RegistryError } from "./registry-error.ts";

/** Bytes of one page, and of all pages of one list together: much of it is in memory in the end. */
const MAX_PAGE = 16 * 1024 * 1024;
const MAX_LIST = 4 * MAX_PAGE;
/** Pages of one list. A million entries are so many where a registry gives no more than a hundred at a time. */
const MAX_PAGES = 10_000;
/** Entries of one list: it is held in memory to be sorted. */
const MAX_ENTRIES = 1_000_000;

/** One page: its document, not looked at yet, and the headers that it came with. */
export interface Page {
  readonly document: unknown;
  readonly headers: RegistryResponse["headers"];
}

/** How the pages are asked for, and by whom. */
export interface PagedRequest extends OperationOptions {
  /** As in {@link RegistryRequest}. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: HttpHeaders;
  /** What is listed, for messages. */
  readonly doing: string;
  readonly send: (request: RegistryRequest) => Promise<RegistryResponse>;
}

/** Whether a registry answers that it has no such list. The specification has 404 for it; Artifactory, for one, answers 406. */
export function isNoList(error: unknown): error is RegistryError {
  return hasStatus(error, 400, 404, 405, 406, 501);
}

/**
 * The pages, in their order. Throws `RESPONSE_INVALID` for a page that is no JSON or too long, that leads to another host, back
 * to an earlier page or to one that is not there, and for lists without an end; and what `send` throws.
 */
export async function* pages({ send, ...request }: PagedRequest): AsyncGenerator<Page, void, undefined> {
  // By their digests: a server chooses how long its links are.
  const seen = new Set<string>();
  let size = 0;
  const read = async (response: HttpResponse): Promise<Uint8Array> => readBounded(response, MAX_PAGE);
  let next: RegistryRequest | undefined = { ...request, method: "GET", access: "pull", expect: [200], read };
  while (next !== undefined) {
    const response: RegistryResponse = await send(next).catch((error: unknown) => {
      throw seen.size > 0 && isNoList(error) ? breaksOff(request.doing, error) : error;
    });
    const link = nextLink(response.headers["link"], response.url);
    seen.add(keyOf(response.url));
    const refuse = (what: string): SkillError =>
      new SkillError("RESPONSE_INVALID", `cannot ${request.doing}: ${response.url.host} ${what}`, {
        hint: "Check that the address is that of a registry.",
      });
    const bytes = await readAll(response.body);
    if ((size += bytes.byteLength) > MAX_LIST) throw refuse(`sends a list of more than ${MAX_LIST} bytes`);
    const document = readPage(bytes, refuse);
    yield { document, headers: response.headers };
    if (link === undefined) return;
    if (link.origin !== response.url.origin) throw refuse("sends us to another host for the next page");
    if (seen.has(keyOf(link))) throw refuse("sends us back to a page that we have read");
    if (seen.size >= MAX_PAGES) throw refuse(`has more than ${MAX_PAGES} pages`);
    next = { ...next, path: link, query: {} };
  }
}

/** A list that has begun is there: to take it for none would lose what came of it. */
function breaksOff(doing: string, cause: RegistryError): SkillError {
  return new SkillError("RESPONSE_INVALID", `cannot ${doing}: the list breaks off, its next page is not there`, {
    hint: "Try again, as somebody may have removed it meanwhile; if it stays, tell whoever runs the registry.",
    cause,
  });
}

function keyOf({ href }: URL): string {
  return digestOf(Buffer.from(href));
}

/** The texts under `key` of all pages, in lexical order, each once. `null` and nothing under it mean the same. */
export async function listTexts(
  request: PagedRequest,
  key: string,
  isValid: (text: string) => boolean,
): Promise<readonly string[]> {
  const found = new Set<string>();
  for await (const { document } of pages(request)) {
    for (const text of textsIn(document, key, isValid, request.doing)) found.add(text);
    if (found.size > MAX_ENTRIES) {
      throw new SkillError("RESPONSE_INVALID", `cannot ${request.doing}: there are more than ${MAX_ENTRIES}`);
    }
  }
  // Registries sort as they please; the specification itself wants the order of a dictionary.
  return [...found].toSorted((a, b) => (a < b ? -1 : 1));
}

function textsIn(document: unknown, key: string, isValid: (text: string) => boolean, doing: string): string[] {
  const value = typeof document === "object" && document !== null ? (document as Record<string, unknown>)[key] : null;
  const texts: unknown = value ?? [];
  const isList = Array.isArray(texts) && texts.every((text) => typeof text === "string" && isValid(text));
  if (isList) return texts as string[];
  throw new SkillError("RESPONSE_INVALID", `cannot ${doing}: the answer is not a list of ${key}`, {
    hint: "Check that the address is that of a registry.",
  });
}

function readPage(bytes: Uint8Array, refuse: (what: string) => SkillError): unknown {
  try {
    return parseStrictJson(bytes);
  } catch (cause) {
    const error = refuse("does not answer with JSON");
    error.cause = cause;
    throw error;
  }
}
