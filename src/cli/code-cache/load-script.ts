/**
 * Loads a large CommonJS script without compiling it anew at each call.
 *
 * The functions that a call has run are kept, as V8 compiled them, for the next call of the same name; a third of a short
 * call is spent on making them otherwise. Node keeps compiled code by itself from 22.8 on, Node 20 does not.
 */
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { Script } from "node:vm";

import { cacheDirectoryOf, type Variables } from "../config/home.ts";
import { textChecksum } from "./checksum.ts";
import { keepCode, readCode, type CodePlace } from "./kept-code.ts";

type ModuleFunction = (
  exports: object,
  require: NodeJS.Require,
  module: { exports: unknown },
  file: string,
  directory: string,
) => void;

export interface LoadedScript {
  /** What the script gave to `module.exports`. */
  readonly exports: unknown;
  /** Keeps what has been compiled by now, unless it came from there. To be called when the work is done. Never throws. */
  keep(): void;
}

/**
 * Runs the script at `file`, which must be ASCII. `name`, which may be part of a file's name, tells calls apart that run different functions of it:
 * each has the code that it needs. With `undefined`, and with NODE_DISABLE_COMPILE_CACHE set, no code is read and none kept.
 * The script must require what it needs, also later: `import()` in code that was kept ends the process.
 */
export function loadScript(file: string, name: string | undefined, variables: Variables): LoadedScript {
  const place = name === undefined ? undefined : placeOf(file, name, variables);
  const cachedData = place === undefined ? undefined : readCode(place);
  const script = new Script(
    `(function(exports,require,module,__filename,__dirname){${readFileSync(file, "latin1")}\n})`,
    {
      filename: file,
      ...(cachedData === undefined ? {} : { cachedData }),
    },
  );
  const isNew = cachedData === undefined || script.cachedDataRejected === true;
  const module: { exports: unknown } = { exports: {} };
  const run = script.runInThisContext() as ModuleFunction;
  run(module.exports as object, createRequire(file), module, file, dirname(file));
  return {
    exports: module.exports,
    keep() {
      if (isNew && place !== undefined) keepCode(place, () => script.createCachedData());
    },
  };
}

/** `undefined` for who has no place for such files, or wants none. */
function placeOf(file: string, name: string, variables: Variables): CodePlace | undefined {
  const cache = cacheDirectoryOf(variables);
  if (cache === undefined || variables["NODE_DISABLE_COMPILE_CACHE"]) return undefined;
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
  // Whatever else V8's code depends on; that it fits this V8 at all is checked by V8.
  const runtime = [process.version, process.arch, ...process.execArgv, variables["NODE_OPTIONS"] ?? ""].join(" ");
  const variant = textChecksum(`${file} ${runtime}`);
  return {
    file: join(cache, "skillctl", "code", `${basename(file)}-${name}-${variant}`),
    origin: `${dev}:${ino} ${size} ${mtimeNs} ${ctimeNs} ${textChecksum(runtime)}`,
  };
}
