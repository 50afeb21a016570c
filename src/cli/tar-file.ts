/** Whether it is a tar at all that a person named: the reader of archives knows no file's name, and calls damaged what is none. */
import type { Content } from "../content/index.ts";
import { SkillError } from "../errors.ts";

const BLOCK = 512;
/** RFC 1952 section 2.3.1. */
const GZIP_MAGIC = [0x1f, 0x8b] as const;

/** Passes `file` on, and throws `ARCHIVE_INVALID` for what is no tar: also for one that is compressed, which a layout's never is. */
export async function* plainTar(content: Content, file: string): Content {
  let begin: Uint8Array = new Uint8Array();
  let isTar = false;
  const judge = (): void => {
    requireTar(begin, file === "-" ? "the input" : file);
    isTar = true;
  };
  for await (const chunk of content) {
    if (isTar) {
      yield chunk;
      continue;
    }
    begin = begin.length === 0 ? chunk : Buffer.concat([begin, chunk]);
    if (begin.length < BLOCK) continue;
    judge();
    yield begin;
  }
  // Nothing at all is told by the reader.
  if (!isTar && begin.length > 0) judge();
}

function requireTar(begin: Uint8Array, name: string): void {
  if (begin[0] === GZIP_MAGIC[0] && begin[1] === GZIP_MAGIC[1]) {
    throw new SkillError("ARCHIVE_INVALID", `${name} is compressed`, {
      hint: "Decompress it first: gunzip -c FILE | skillctl import -",
    });
  }
  const header = Buffer.from(begin.subarray(0, BLOCK));
  // An archive of nothing begins with its end.
  if (header.length === BLOCK && (isUstar(header) || header.every((byte) => byte === 0))) return;
  throw new SkillError("ARCHIVE_INVALID", `${name} is no tar archive`, {
    hint: "Make one with skillctl export, skopeo copy … oci-archive:FILE, or podman save --format oci-archive.",
  });
}

function isUstar(header: Buffer): boolean {
  return header.toString("latin1", 257, 262) === "ustar";
}
