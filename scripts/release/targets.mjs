/** The platforms that executables are made for: as Go and the names of our archives spell them, and as npm and Bun do. */

/** All of them, in the order in which a release lists them. */
export const TARGETS = [
  target("linux", "amd64", { npm: "linux-x64", libc: "glibc" }),
  target("linux", "arm64", { npm: "linux-arm64", libc: "glibc" }),
  target("darwin", "amd64", { npm: "darwin-x64" }),
  target("darwin", "arm64", { npm: "darwin-arm64" }),
  target("windows", "amd64", { npm: "win32-x64" }),
  target("windows", "arm64", { npm: "win32-arm64" }),
];

/** Those of `names` ("linux-amd64 …"); all where there are no names. Throws on a name that is none. */
export function targetsOf(names) {
  return names.length === 0 ? TARGETS : names.map(targetOf);
}

/** The target called `name`, as `linux-amd64`. Throws where there is none. */
export function targetOf(name) {
  const found = TARGETS.find((each) => each.name === name);
  if (found !== undefined) return found;
  throw new Error(`there is no platform ${name}; there are ${TARGETS.map((each) => each.name).join(", ")}`);
}

/** The target that this machine is. */
export function hostTarget() {
  const found = TARGETS.find(({ npm }) => npm.os === process.platform && npm.cpu === process.arch);
  if (found !== undefined) return found;
  throw new Error(`no executables are made on ${process.platform}/${process.arch}`);
}

function target(os, arch, { npm, libc }) {
  const [npmOs, npmCpu] = npm.split("-");
  const windows = os === "windows";
  return {
    name: `${os}-${arch}`,
    os,
    arch,
    /** What npm is told to install for this platform instead of for its own. */
    npm: { os: npmOs, cpu: npmCpu, ...(libc === undefined ? {} : { libc }) },
    /** Bun's name for it. */
    bun: `bun-${os}-${npmCpu}`,
    /** Where the package of its runtime keeps the program. */
    runtime: `@oven/bun-${os}-${npmCpu === "arm64" ? "aarch64" : "x64"}/bin/bun${windows ? ".exe" : ""}`,
    /** The executable's file name. */
    executable: windows ? "skillctl.exe" : "skillctl",
    archive: windows ? "zip" : "tar.gz",
  };
}
