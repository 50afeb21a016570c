/**
 * Skills to measure with: the same bytes on every machine, about as compressible as real ones (prose, tables of numbers
 * and some bytes that do not compress at all).
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const KiB = 1024;
const MiB = 1024 * KiB;

/** What a file of a large skill holds; default limits allow no larger one. */
const FILE_SIZE = 8 * MiB;

/** A pseudo-random generator (mulberry32): numbers in [0, 1), the same for the same seed. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Prose of made-up words, frequent ones more frequent, in lines. */
function prose(size, next) {
  const words = Array.from({ length: 4000 }, () => {
    const length = 2 + Math.floor(next() * 9);
    return Array.from({ length }, () => "etaoinshrdlucmfwypvbgk"[Math.floor(next() ** 1.6 * 22)]).join("");
  });
  const parts = [];
  for (let written = 0; written < size;) {
    const word = words[Math.floor(next() ** 3 * words.length)];
    const text = next() < 0.08 ? `${word}.\n` : `${word} `;
    parts.push(text);
    written += text.length;
  }
  return Buffer.from(parts.join("")).subarray(0, size);
}

/** Comma-separated measurements. */
function table(size, next) {
  const parts = [];
  for (let written = 0, row = 0; written < size; row++) {
    const text = `${1_700_000_000 + row * 60},sensor-${Math.floor(next() * 16)},${(20 + next() * 5).toFixed(3)},ok\n`;
    parts.push(text);
    written += text.length;
  }
  return Buffer.from(parts.join("")).subarray(0, size);
}

function noise(size, next) {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE(Math.floor(next() * 2 ** 32), at);
  return bytes;
}

/** One file's worth of each kind, in the mixture of a large skill: half prose, a quarter tables, a quarter noise. */
function pools(seed) {
  const next = random(seed);
  const [words, numbers, bytes] = [prose(FILE_SIZE, next), table(FILE_SIZE, next), noise(FILE_SIZE, next)];
  return [words, numbers, words, bytes];
}

/** Writes the card and the prompt of a skill called `name`. */
function writeCard(directory, name, body, version = "1.0.0") {
  mkdirSync(directory, { recursive: true });
  const description = "Made to be measured.";
  writeFileSync(
    join(directory, "skill.yaml"),
    `apiVersion: skillimage.io/v1alpha1
kind: SkillCard
metadata:
  name: ${name}
  namespace: bench
  version: ${version}
  description: ${description}
  license: Apache-2.0
`,
  );
  writeFileSync(
    join(directory, "SKILL.md"),
    `---\nname: ${name}\ndescription: ${description}\n---\n\n# ${name}\n\n${body}\n`,
  );
}

/** A skill of about 20 KB, as most are: a prompt, a reference and a script. `seed` makes it unlike the others. */
export function writeSmallSkill(directory, name, seed = 1, version = "1.0.0") {
  const next = random(seed);
  writeCard(directory, name, prose(6 * KiB, next), version);
  mkdirSync(join(directory, "scripts"));
  mkdirSync(join(directory, "references"));
  writeFileSync(join(directory, "scripts/run.sh"), "#!/bin/sh\necho ran\n", { mode: 0o755 });
  writeFileSync(join(directory, "references/guide.md"), prose(10 * KiB, next));
  writeFileSync(join(directory, "references/data.csv"), table(4 * KiB, next));
}

/**
 * A skill of `size` bytes in files of 8 MiB. Files of one kind hold the same bytes from different places on, which no
 * compressor notices: its window is 32 KiB. `mixture`: "usual", or "noise", which does not compress.
 */
export function writeLargeSkill(directory, name, size, mixture = "usual") {
  writeCard(directory, name, "A large one.");
  mkdirSync(join(directory, "assets"));
  const kinds = pools(7).slice(mixture === "noise" ? -1 : 0);
  for (let file = 0; file * FILE_SIZE < size; file++) {
    const pool = kinds[file % kinds.length];
    const turn = (file * 1_000_003) % FILE_SIZE;
    const content = Buffer.concat([pool.subarray(turn), pool.subarray(0, turn)]);
    writeFileSync(join(directory, "assets", `${String(file).padStart(3, "0")}.bin`), content);
  }
}
