/**
 * Looks at executables that cannot be run here: that each is of its system and processor, is signed where its system asks for that, and holds
 * the command. Reads no more of a file's structure than this takes.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

/** Machine numbers: of ELF (e_machine), Mach-O (cputype) and PE (Machine). */
const ELF = { amd64: 62, arm64: 183 };
const MACH_O = { amd64: 0x01000007, arm64: 0x0100000c };
const PE = { amd64: 0x8664, arm64: 0xaa64 };

const MACH_O_MAGIC = 0xfeedfacf;
const LC_CODE_SIGNATURE = 0x1d;
const EMBEDDED_SIGNATURE = 0xfade0cc0;
const CODE_DIRECTORY = 0xfade0c02;

/** Throws when `file` is not an executable for `target` that holds each of `texts`. Resolves to what was found, in words. */
export async function checkFormat(file, target, texts) {
  const bytes = await readFile(file);
  const found = { linux: elf, darwin: machO, windows: pe }[target.os](bytes, target.arch);
  for (const text of texts) {
    if (!bytes.includes(text)) throw new Error(`${file} does not contain ${JSON.stringify(text)}`);
  }
  return found;
}

function elf(bytes, arch) {
  expect(bytes.readUInt32BE(0), 0x7f454c46, "the ELF magic");
  expect(bytes[4], 2, "the ELF class, 64 bits");
  expect(bytes.readUInt16LE(18), ELF[arch], "the ELF machine");
  return `ELF, ${arch}`;
}

function pe(bytes, arch) {
  expect(bytes.toString("latin1", 0, 2), "MZ", "the DOS magic");
  const header = bytes.readUInt32LE(0x3c);
  expect(bytes.toString("latin1", header, header + 4), "PE\0\0", "the PE magic");
  expect(bytes.readUInt16LE(header + 4), PE[arch], "the PE machine");
  return `PE, ${arch}`;
}

/** On arm64, macOS kills what is not signed, or whose pages are not those that were signed. */
function machO(bytes, arch) {
  expect(bytes.readUInt32LE(0), MACH_O_MAGIC, "the Mach-O magic");
  expect(bytes.readUInt32LE(4), MACH_O[arch], "the Mach-O processor");
  let at = 32;
  for (let command = 0; command < bytes.readUInt32LE(16); command++) {
    if (bytes.readUInt32LE(at) === LC_CODE_SIGNATURE) {
      const pages = checkSignature(bytes, bytes.readUInt32LE(at + 8));
      return `Mach-O, ${arch}, ${pages} signed pages`;
    }
    at += bytes.readUInt32LE(at + 4);
  }
  if (arch === "arm64") throw new Error("the Mach-O has no signature");
  return `Mach-O, ${arch}, not signed`;
}

/** Compares every page with its hash in the code directory. All numbers of a signature are big-endian. */
function checkSignature(bytes, signature) {
  expect(bytes.readUInt32BE(signature), EMBEDDED_SIGNATURE, "the signature's magic");
  const directory = signature + bytes.readUInt32BE(signature + 16);
  expect(bytes.readUInt32BE(directory), CODE_DIRECTORY, "the code directory's magic");
  const hashes = directory + bytes.readUInt32BE(directory + 16);
  const pages = bytes.readUInt32BE(directory + 28);
  const limit = bytes.readUInt32BE(directory + 32);
  const hashSize = bytes[directory + 36];
  expect(hashSize, 32, "the hashes' size, that of SHA-256");
  const pageSize = 2 ** bytes[directory + 39];
  expect(pages, Math.ceil(limit / pageSize), "the number of pages");
  for (let page = 0; page < pages; page++) {
    const content = bytes.subarray(page * pageSize, Math.min((page + 1) * pageSize, limit));
    const signed = bytes.subarray(hashes + page * hashSize, hashes + (page + 1) * hashSize);
    if (!createHash("sha256").update(content).digest().equals(signed)) {
      throw new Error(`page ${page} of the Mach-O is not what was signed`);
    }
  }
  return pages;
}

function expect(found, wanted, what) {
  if (found !== wanted) throw new Error(`${what} should be ${wanted}, and is ${found}`);
}
