/**
 * Which names an archive may hold: one rule per way in which a name can leave the target, deceive a reader, or mean
 * something else on another operating system.
 *
 * Packing and unpacking judge by these same objects, so what we pack, we can unpack, on any system.
 */
import { INVISIBLE } from "../text/index.ts";

/** One reason to refuse a name. */
export interface PathRule {
  /** A short name, for tests and documentation. */
  readonly name: string;
  /** Why `path`, whose `/`-separated parts are `components`, is refused; `undefined` when it is not. */
  refusal(path: string, components: readonly string[]): string | undefined;
}

const MAX_PATH_BYTES = 1024;
const MAX_COMPONENT_BYTES = 255;
const MAX_DEPTH = 32;

// The superscript digits of COM¹ count too; NFKC turns them into plain ones.
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$|clock\$) *(?:\.|$)/i;
// Text may show an emoji with it; in a name it makes two that look the same.
const EMOJI_SELECTOR = /\u{fe0f}/u;
const WHITEOUT = /^\.wh\./i;

/** Every rule, cheapest first: the length is judged before anything that looks at each character. */
export const PATH_RULES: readonly PathRule[] = [
  {
    name: "path-length",
    refusal: (path) =>
      Buffer.byteLength(path) > MAX_PATH_BYTES ? `its path is longer than ${MAX_PATH_BYTES} bytes` : undefined,
  },
  {
    name: "depth",
    refusal: (_, components) =>
      components.length > MAX_DEPTH ? `it lies deeper than ${MAX_DEPTH} directories` : undefined,
  },
  { name: "absolute", refusal: (path) => (path.startsWith("/") ? "its path is absolute" : undefined) },
  {
    name: "backslash",
    refusal: (path) =>
      path.includes("\\") ? "its name holds a backslash, which separates directories on Windows" : undefined,
  },
  {
    name: "colon",
    refusal: (path) =>
      path.includes(":") ? "its name holds a colon, which names a drive or a hidden stream on Windows" : undefined,
  },
  {
    name: "invisible-character",
    refusal: (path) => {
      const found = (path.match(INVISIBLE) ?? path.match(EMOJI_SELECTOR))?.[0].codePointAt(0);
      if (found === undefined) return undefined;
      return `its name holds the invisible or control character U+${found.toString(16).toUpperCase().padStart(4, "0")}`;
    },
  },
  {
    name: "empty-component",
    refusal: (_, components) => (components.includes("") ? "a part of its path is empty" : undefined),
  },
  {
    name: "dot-component",
    refusal: (_, components) =>
      components.some((part) => compatible(part) === ".") ? 'its path holds "." as a part' : undefined,
  },
  {
    name: "climbing",
    refusal: (_, components) =>
      components.some((part) => compatible(part) === "..") ? 'its path climbs with ".."' : undefined,
  },
  {
    name: "trailing-dot-or-space",
    refusal: (_, components) =>
      components.some((part) => part.endsWith(".") || part.endsWith(" "))
        ? "a part of its path ends in a dot or a space, which Windows drops"
        : undefined,
  },
  {
    name: "device-name",
    refusal: (_, components) =>
      components.some((part) => DEVICE.test(compatible(part))) ? "it bears the name of a Windows device" : undefined,
  },
  {
    name: "whiteout",
    refusal: (_, components) =>
      components.some((part) => WHITEOUT.test(part))
        ? "it is a whiteout, which deletes files of other layers"
        : undefined,
  },
  {
    name: "component-length",
    refusal: (_, components) =>
      components.some((part) => Buffer.byteLength(part) > MAX_COMPONENT_BYTES)
        ? `a part of its path is longer than ${MAX_COMPONENT_BYTES} bytes`
        : undefined,
  },
];

/** Why the policy refuses `path`; `undefined` when every rule lets it pass. */
export function pathRefusal(path: string): string | undefined {
  const components = path.split("/");
  for (const rule of PATH_RULES) {
    const reason = rule.refusal(path, components);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function compatible(part: string): string {
  return isAscii(part) ? part : part.normalize("NFKC");
}

/** Tells whether `text` holds nothing but ASCII. */
export function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}
