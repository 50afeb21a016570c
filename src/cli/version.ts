/**
 * What this build is. The build script replaces the two names below, so that asking for the version reads no file;
 * run from source they are not there.
 */
declare const __VERSION__: string | undefined;
declare const __COMMIT__: string | undefined;

export const VERSION = typeof __VERSION__ === "string" ? __VERSION__ : "0.0.0-source";

/** The commit that the command was built from; empty when the build did not know it. */
export const COMMIT = typeof __COMMIT__ === "string" ? __COMMIT__ : "";

/** The line that `skillctl --version` prints. */
export const VERSION_LINE = `skillctl ${VERSION}\n`;
