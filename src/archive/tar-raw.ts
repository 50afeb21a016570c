import { invalid, refused } from "./refusals.ts";
import { droppedField, octalField, shownName, sizeField, textField } from "./tar-fields.ts";
import { TAR_BLOCK } from "./tar-header.ts";

/** One header block, taken apart and checked, before extended headers are applied to it. */
export interface RawHeader {
  /** The name bytes as they stand, prefix included; decoded only when no extended header replaces them. */
  readonly name: Uint8Array;
  readonly type: string;
  readonly mode: number;
  readonly size: number;
  readonly linkName: Uint8Array;
}

const USTAR = "ustar\x0000";
const GNU = "ustar  \0";

/** Takes a block that is not all zeros apart. Throws `ARCHIVE_INVALID` unless every field is in order. */
export function parseHeader(block: Uint8Array): RawHeader {
  const magic = Buffer.from(block.subarray(257, 265)).toString("latin1");
  if (magic !== USTAR && magic !== GNU) throw invalid("a header in it is not one of ustar, pax or GNU tar");
  if (checksum(block) !== octalField(block.subarray(148, 156), "a header's checksum")) {
    throw invalid("a header's checksum is wrong");
  }
  const shortName = textField(block.subarray(0, 100), "a header's name");
  droppedField(block.subarray(108, 116), "a header's owner");
  droppedField(block.subarray(116, 124), "a header's group");
  droppedField(block.subarray(136, 148), "a header's time");
  droppedField(block.subarray(329, 337), "a header's device number");
  droppedField(block.subarray(337, 345), "a header's device number");
  return {
    name: magic === USTAR ? prefixed(shortName, block.subarray(345, 500)) : unprefixed(shortName, block),
    type: block[156] === 0 ? "0" : String.fromCharCode(block[156] ?? 0),
    mode: octalField(block.subarray(100, 108), "a header's mode"),
    size: sizeField(block.subarray(124, 136), "a header's size"),
    linkName: textField(block.subarray(157, 257), "a header's link name"),
  };
}

/** Tells whether every byte is zero. */
export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function checksum(block: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let index = 0; index < TAR_BLOCK; index++) if (index < 148 || index >= 156) sum += block[index] ?? 0;
  return sum;
}

function prefixed(name: Uint8Array, field: Uint8Array): Uint8Array {
  const prefix = textField(field, "a header's name prefix");
  return prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from("/"), name]);
}

/** GNU tar keeps times where ustar has the prefix, and behind them what belongs to multi-volume and sparse files. */
function unprefixed(name: Uint8Array, block: Uint8Array): Uint8Array {
  droppedField(block.subarray(345, 357), "a header's access time");
  droppedField(block.subarray(357, 369), "a header's change time");
  const rest = Buffer.from(block.subarray(369, 495)).toString("latin1");
  if (!/^[0 \0]*$/.test(rest)) throw refused(shownName(name), "it is part of a multi-volume or sparse file");
  return name;
}
